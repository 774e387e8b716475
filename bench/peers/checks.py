"""Whether outputs are right: against rows computed in fp32 from the mask, and against each other.

A difference is the largest of a row as a share of that row's largest element. Rounding to 16 bits
comes to about a hundredth in the worst of many rows; a block of keys too many or too few is more than
LIMIT in all but rows of thousands of blocks."""

LIMIT = 1 / 48
QUANTISED_LIMIT = 1 / 4


class Different(Exception):
    """An output is not what the mask says."""


def difference(output, expected):
    """The largest over all rows of tensors [..., depth]; infinite where one is not a number."""
    expected = expected.float()
    scale = expected.abs().amax(-1).clamp_min(1e-20)
    return ((output.float() - expected).abs().amax(-1) / scale).nan_to_num(float("inf")).max().item()


def difference_by_head(output, expected):
    return max(difference(output[:, head], expected[:, head]) for head in range(expected.shape[1]))


def sampled(tokens, count=48):
    """Rows to look at: the first, the last, and others spread by the golden ratio, which no period
    of a layout falls in with."""
    return sorted({0, tokens - 1, *(int(row * 0.6180339887 % 1 * tokens) for row in range(count))})


class ExpectedRows:
    """Rows of attention in fp32, straight from the definition."""

    def __init__(self, work, mask, heads):
        import torch
        rows = sampled(work.tokens)
        self.rows = torch.tensor(rows, device="cuda")
        self.heads = heads
        kept = torch.zeros(len(rows), work.tokens, dtype=torch.bool, device="cuda")
        for at, row in enumerate(rows):
            for first, end in mask.key_runs(row):
                kept[at, first:end] = True
        self.values = []
        for head in heads:
            q, k, v = (tensor[0, head].float() for tensor in (work.q, work.k, work.v))
            scores = q[self.rows] @ k.T * work.depth ** -0.5
            weights = scores.masked_fill(~kept, float("-inf")).softmax(-1)
            self.values.append(weights @ v)

    def check(self, output, limit=LIMIT):
        """The difference of an output [1, head, token, depth] that has these heads."""
        worst = max(difference(output[0, head, self.rows], values)
                    for head, values in zip(self.heads, self.values))
        if worst > limit:
            raise Different(f"differs from fp32 rows by {worst:.3g} of a row's largest element")
        return worst
