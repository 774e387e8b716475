"""Which keys each query keeps, as intervals: what peers are given, and what counts as work.

A mask has `tokens`, `key_runs(query)`: its kept keys as (first, end) pairs, ascending and apart, and
`kept_pairs()`. Nothing here needs more than Python."""

import re


class Dense:
    def __init__(self, tokens):
        self.tokens = tokens

    def key_runs(self, query):
        return [(0, self.tokens)]

    def kept_pairs(self):
        return self.tokens ** 2


class Causal:
    def __init__(self, tokens):
        self.tokens = tokens

    def key_runs(self, query):
        return [(0, query + 1)]

    def kept_pairs(self):
        return self.tokens * (self.tokens + 1) // 2


class Blocks:
    """Whole blocks, the last of them as long as the tokens reach. `rows` has the runs of each row of
    blocks; `bits` the same as a .pbm packs them: a row padded to bytes, the highest bit first."""

    def __init__(self, tokens, block, columns, bits):
        self.tokens, self.block, self.bits = tokens, block, bits
        self.count = (tokens + block - 1) // block
        stride = (columns + 7) // 8
        if columns != self.count or len(bits) != stride * columns:
            raise ValueError(f"a mask of {columns} columns in {len(bits)} bytes is none of {tokens} "
                             f"tokens in blocks of {block}")
        self.rows = []
        for row in range(columns):
            packed = bits[row * stride:(row + 1) * stride]
            text = format(int.from_bytes(packed, "big"), f"0{8 * stride}b")[:columns]
            self.rows.append([found.span() for found in re.finditer("1+", text)])

    @staticmethod
    def read(path, tokens, block):
        """The picture that `halftone mask --out x.pbm` writes."""
        with open(path, "rb") as file:
            data = file.read()
        head = re.match(rb"P4\s+(\d+)\s+(\d+)\s", data)
        if not head or head[1] != head[2]:
            raise ValueError(f"{path} is not a square binary .pbm")
        return Blocks(tokens, block, int(head[1]), data[head.end():])

    def tokens_of(self, first, end):
        return first * self.block, min(end * self.block, self.tokens)

    def key_runs(self, query):
        return [self.tokens_of(*run) for run in self.rows[query // self.block]]

    def kept_pairs(self):
        pairs = 0
        for row, runs in enumerate(self.rows):
            first, end = self.tokens_of(row, row + 1)
            keys = sum(stop - start for start, stop in (self.tokens_of(*run) for run in runs))
            pairs += (end - first) * keys
        return pairs

    def kept_blocks(self):
        return sum(end - first for runs in self.rows for first, end in runs)


class RadialTokens:
    """The radial mask token by token (docs/radial.md) for a clip without text: a second reading of
    the rule, to hold ours against."""

    def __init__(self, frames, tokens_per_frame, decay, sink=True, least=128):
        self.frames, self.tokens_per_frame = frames, tokens_per_frame
        self.decay, self.sink, self.least = decay, sink, least
        self.tokens = frames * tokens_per_frame

    def reach(self, query_frame, key_frame):
        """Tokens to either side of the query's place that it sees in a frame; None: it sees none."""
        if self.sink and key_frame == 0:
            return self.tokens_per_frame
        apart = abs(query_frame - key_frame)
        if apart <= 1:
            return self.tokens_per_frame
        share = 2 ** self.tokens_per_frame.bit_length() / 2 ** apart.bit_length()
        if share < 128 and apart % int(128 / share):
            return None
        return max(int(share * self.decay), self.least)

    def key_runs(self, query):
        query_frame, place = divmod(query, self.tokens_per_frame)
        runs = []
        for frame in range(self.frames):
            reach = self.reach(query_frame, frame)
            if reach is None:
                continue
            start = frame * self.tokens_per_frame
            first = start + max(place - reach, 0)
            end = start + min(place + reach + 1, self.tokens_per_frame)
            if runs and runs[-1][1] == first:
                first = runs.pop()[0]
            runs.append((first, end))
        return runs

    def kept_pairs(self):
        size, pairs = self.tokens_per_frame, 0
        for query_frame in range(self.frames):
            for key_frame in range(self.frames):
                reach = self.reach(query_frame, key_frame)
                if reach is not None:
                    reach = min(reach, size - 1)
                    pairs += size * (2 * reach + 1) - reach * (reach + 1)
        return pairs


def interval_ends(runs, tokens, length=0):
    """Runs as cuDNN's flex_attention takes them: F0, F1, ... for [0, F0) and [F1, F2) and so on, at
    least `length` of them; what is left over starts and ends at `tokens`."""
    ends = [0]
    for first, end in runs:
        if first == 0:
            ends[0] = end
        else:
            ends += [first, end]
    return ends + [tokens] * (length - len(ends))
