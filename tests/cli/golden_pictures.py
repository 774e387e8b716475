"""Draws every pattern of the library as SVG and PNG, and compares with the pictures in tests/golden/pictures.

usage: golden_pictures.py PATH_OF_HALFTONE FOLDER [--update]
An SVG must be the same to the byte; of a PNG the pixels, for what zlib makes of them is its own affair. A
pattern that `halftone mask` knows and that has no picture here fails too.
"""
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

halftone, golden = sys.argv[1], pathlib.Path(sys.argv[2])
update = "--update" in sys.argv
CLIP = "--frames 6 --height 8 --width 8 --block 8"
PICTURES = {
    "dense": CLIP,
    "causal": "--tokens 384 --block 8",
    "window": "--tokens 384 --block 8 --window 24",
    "causal-window": "--tokens 384 --block 8 --window 24",
    "tile-window": CLIP + " --tile 2,4,8 --tile-window 3,1,1",
    "strided": "--tokens 64 --block 1 --stride 8 --window 3",
    "dilated": "--tokens 64 --block 1 --stride 4 --window 16",
    "sink": CLIP + " --sink-tokens 16",
    "text": CLIP + " --text 24",
    "documents": "--segments 120,40,224 --block 8",
    "radial": "--frames 6 --tokens-per-frame 256 --text 64 --block 32 --decay 0.5",
    "spatial": CLIP,
    "temporal": CLIP + " --window 8 --no-sink",
    "radial-reference": "--frames 6 --tokens-per-frame 256 --block 32 --decay 0.5 --rounding reference",
}


def pixels(png):
    """The size and the rows of a PNG as stored: filter bytes and packed pixels."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, size = 8, b"", None
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + length]
        if kind == b"IHDR":
            size = body
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    return size, zlib.decompress(data)


known = re.search("use one of (.*)", subprocess.run([halftone, "mask", "--tokens", "8", "--pattern", "?"],
                                                   capture_output=True, text=True).stderr)[1].split(", ")
wrong = [f"{name}: no picture" for name in known if name not in PICTURES]
with tempfile.TemporaryDirectory() as folder:
    for name, options in PICTURES.items():
        for kind in ("svg", "png"):
            target = (golden if update else pathlib.Path(folder)) / f"{name}.{kind}"
            subprocess.run([halftone, "mask", "--pattern", name.removesuffix("-reference"), *options.split(),
                            "--pixels", "1", "--out", target], check=True, stdout=subprocess.DEVNULL)
            drawn, committed = target.read_bytes(), (golden / target.name).read_bytes()
            if kind == "png":
                drawn, committed = pixels(drawn), pixels(committed)
            if drawn != committed:
                wrong.append(f"{target.name}: another picture")
print("\n".join(wrong) or f"{len(PICTURES)} patterns, as SVG and PNG: the same")
sys.exit(1 if wrong else 0)
