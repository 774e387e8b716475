"""The problems that are compared: the rows of the table, and what each peer is given for them.

A case is one set of tensors and one mask that every peer computes. A row is what ours computes on
these tensors: nearly always the same; the exact radial mask is the exception, and is timed against
peers on the reference's blocks of the same clip, as they have no other."""

from dataclasses import dataclass

import masks


@dataclass(frozen=True)
class Row:
    name: str
    pattern: tuple            # options of `halftone` that say the mask
    exact: object = None      # the mask, where it is not that of the case


@dataclass(frozen=True)
class Case:
    kind: str                 # "dense", "causal" or "blocks"
    sizes: tuple              # options of `halftone` that say the layout
    tokens: int
    heads: int
    rows: tuple
    head_dim: int = 128
    element: str = "bf16"
    block: int = 128
    every_peer: bool = False  # all peers are timed here, and only the strongest elsewhere
    tile_order: tuple = None  # frames, rows, columns and a tile's: tokens are ordered by tile
    note: str = ""

    @property
    def name(self):
        return self.rows[0].name

    def pattern(self, row):
        blocks = ["--block", str(self.block)] if self.kind == "blocks" else []
        return [*row.pattern, *blocks]

    def options(self, row, heads=None):
        """What `halftone` and bench_gpu need to know of a row."""
        return [*self.sizes, "--heads", str(heads or self.heads), "--head-dim", str(self.head_dim),
                "--element", self.element, *self.pattern(row)]

    def flops(self, pairs):
        return 4 * pairs * self.head_dim * self.heads


def dense(tokens, heads, head_dim, element="bf16", **more):
    name = f"dense {tokens} d{head_dim}" + ("" if element == "bf16" else " fp16")
    return Case("dense", ("--tokens", str(tokens)), tokens, heads, (Row(name, ("--pattern", "dense")),),
                head_dim, element, **more)


def radial(name, preset, tokens, heads, decay, block=128, also=(), **more):
    def pattern(*rounding):
        return ("--pattern", "radial", "--decay", str(decay), *rounding)

    reference = Row(name, pattern("--rounding", "reference"))
    exact = [Row(other, pattern("--rounding", "exact"), mask) for other, mask in also]
    return Case("blocks", ("--preset", preset), tokens, heads, (reference, *exact), block=block, **more)


WAN_81 = masks.RadialTokens(frames=21, tokens_per_frame=3600, decay=0.2)

# 30 x 48 x 80 tokens in tiles of 6 x 8 x 8, a window of 5 x 5 x 5 tiles. With the tokens of a tile
# next to each other, tile by tile, the clip is one of 5 x 6 x 10 tiles of 384 tokens.
TILES = Case("blocks", ("--frames", "5", "--height", "6", "--width", "3840"), 115200, 24,
             (Row("tile-window 115200", ("--pattern", "tile-window", "--tile", "1,1,384",
                                         "--tile-window", "5,5,5", "--rounding", "any")),),
             tile_order=((30, 48, 80), (6, 8, 8)),
             note="every kernel takes its tokens in the order of the tiles, as sliding tile attention "
                  "does; the permutation is timed apart")

CASES = (
    dense(69120, 8, 128, every_peer=True),
    dense(16896, 16, 128),
    dense(16896, 16, 128, "f16"),
    dense(16384, 16, 64),
    dense(16384, 16, 256),
    radial("radial wan 69f", "wan2.1-14b:1280x768x69", 69120, 40, 0.2, every_peer=True),
    radial("radial wan 81f", "wan2.1-14b:1280x720x81", 75600, 40, 0.2,
           also=[("radial exact wan 81f", WAN_81)]),
    radial("radial hunyuan 117f", "hunyuan-video:1280x768x117", 115456, 24, 0.95, every_peer=True),
    radial("radial wan 273f", "wan2.1-14b:1280x720x273", 248400, 4, 0.2),
    radial("radial hunyuan 509f", "hunyuan-video:1280x720x509", 461056, 4, 1.0),
    radial("radial wan 69f b64", "wan2.1-14b:1280x768x69", 69120, 40, 0.2, block=64,
           every_peer=True),
    Case("causal", ("--tokens", "16384"), 16384, 16,
         (Row("causal 16384", ("--pattern", "causal")),)),
    TILES,
)


def chosen(names):
    """Pairs of a case and those of its rows that are asked for, all without names."""
    known = {row.name for case in CASES for row in case.rows}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no problem '{name}'; there are: {', '.join(sorted(known))}")
    picked = [(case, [row for row in case.rows if not names or row.name in names])
              for case in CASES]
    return [(case, rows) for case, rows in picked if rows]
