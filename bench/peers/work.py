"""A case on the GPU: its tensors, and its mask in the forms that peers take."""

import array

import masks
from timing import planning

DTYPES = {"bf16": "bfloat16", "f16": "float16"}


class Unsuited(Exception):
    """A peer has nothing for this case; the reason is its text."""


class Work:
    """Tensors are [1, head, token, depth], packed; outputs are compared in that order."""

    def __init__(self, case, mask, seed=1):
        import torch
        self.case, self.mask, self.block = case, mask, case.block
        self.tokens, self.heads, self.depth = case.tokens, case.heads, case.head_dim
        self.dense, self.causal = case.kind == "dense", case.kind == "causal"
        generator = torch.Generator("cuda").manual_seed(seed)
        self.dtype = getattr(torch, DTYPES[case.element])
        self.q, self.k, self.v = (
            torch.randn(1, self.heads, self.tokens, self.depth, device="cuda", dtype=self.dtype,
                        generator=generator) for _ in range(3))

    def token_major(self):
        """q, k and v as [1, token, head, depth]: views, not copies."""
        return [tensor.transpose(1, 2) for tensor in (self.q, self.k, self.v)]

    def blocks_only(self, sizes=(64, 128)):
        if self.dense or self.causal:
            raise Unsuited("timed on block masks only")
        if self.block not in sizes:
            raise Unsuited(f"has no blocks of {self.block}")

    def grid(self):
        """The block mask as one boolean a block."""
        import torch
        stride = (self.mask.count + 7) // 8
        packed = torch.frombuffer(bytearray(self.mask.bits), dtype=torch.uint8).cuda()
        shifts = torch.arange(7, -1, -1, device="cuda", dtype=torch.uint8)
        bits = (packed.view(-1, stride, 1) >> shifts) & 1
        return bits.view(-1, 8 * stride)[:, :self.mask.count].bool()

    def lists(self):
        """Of each row of blocks how many are kept, and which, ascending; and the time it took."""
        import torch
        grid = self.grid()

        def plan():
            counts = grid.sum(-1, dtype=torch.int32)
            order = torch.argsort(grid.int(), dim=-1, descending=True, stable=True)
            return counts, order[:, :int(counts.max())].int().contiguous()

        return planning(plan)

    def interval_ends(self):
        """[1, ends, query] for cuDNN's flex_attention (masks.interval_ends)."""
        import torch
        if self.causal:
            return torch.arange(1, self.tokens + 1, device="cuda", dtype=torch.int32)[None, None]
        if self.dense:
            return torch.full((1, 1, self.tokens), self.tokens, device="cuda", dtype=torch.int32)
        rows = [masks.interval_ends(self.mask.key_runs(row * self.block), self.tokens)
                for row in range(self.mask.count)]
        longest = max(map(len, rows))
        flat = array.array("i")
        for row in rows:
            flat.extend(row + [self.tokens] * (longest - len(row)))
        ends = torch.frombuffer(flat, dtype=torch.int32).view(-1, longest).cuda()
        return ends.T.repeat_interleave(self.block, dim=1)[None, :, :self.tokens].contiguous()

    def ranges(self):
        """Query and key ranges, one pair for each run of each row of blocks."""
        import torch
        queries, keys = [], []
        for row in range(self.mask.count):
            for run in self.mask.key_runs(row * self.block):
                queries.append(self.mask.tokens_of(row, row + 1))
                keys.append(run)
        return (torch.tensor(queries, device="cuda", dtype=torch.int32),
                torch.tensor(keys, device="cuda", dtype=torch.int32))

    def tiles(self):
        """Of the axes of frames, rows and columns: the tiles along each, and a tile's length."""
        sizes, tile = self.case.tile_order
        return [size // length for size, length in zip(sizes, tile)], tile

    def to_tiles(self, tensor):
        """Tokens ordered by tile, from tokens ordered by frame."""
        (frames, rows, columns), (frame, row, column) = self.tiles()
        split = tensor.view(self.heads, frames, frame, rows, row, columns, column, self.depth)
        return split.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(tensor.shape)

    def to_frames(self, tensor):
        """The way back."""
        counts, tile = self.tiles()
        split = tensor.view(self.heads, *counts, *tile, self.depth)
        return split.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(tensor.shape)

    def permute(self):
        """What it takes to go to the order of tiles and back: q, k and v there, an output back."""
        for tensor in (self.q, self.k, self.v):
            self.to_tiles(tensor)
        self.to_frames(self.q)
