"""Files that a user may have and that are wrong, by name."""
import json
import pathlib
import struct


def safetensors(header, data=b""):
    if not isinstance(header, bytes):
        header = json.dumps(header).encode()
    return struct.pack("<Q", len(header)) + header + data


def tensors(**shapes):
    """A good file of zeros: name=(type, shape)."""
    header, end = {}, 0
    for name, (kind, shape) in shapes.items():
        size = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8}[kind]
        for axis in shape:
            size *= axis
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    return safetensors(header, bytes(end))


def configurations(change=lambda document: None):
    """The golden file of tuned configurations, changed."""
    golden = pathlib.Path(__file__).parent.parent / "golden" / "configurations.json"
    document = json.loads(golden.read_text())
    change(document)
    return json.dumps(document).encode()


def configuration(number, change):
    return configurations(lambda document: change(document["configurations"][number]))


def entry(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


SMALL = [1, 8, 2, 16]
GOOD = tensors(q=("F32", SMALL), k=("F32", SMALL), v=("F32", SMALL))
FILES = {
    "good.safetensors": lambda: GOOD,
    "empty.safetensors": lambda: b"",
    "short.safetensors": lambda: GOOD[:5],
    "truncated.safetensors": lambda: GOOD[:-1],
    "cut-header.safetensors": lambda: GOOD[:40],
    "text.safetensors": lambda: b"This is not a tensor at all, but a line of text.\n",
    "huge-header.safetensors": lambda: struct.pack("<Q", 2**64 - 1) + b"{}",
    "long-header.safetensors": lambda: safetensors(b"{}" + b" " * (16 << 20)),
    "deep-arrays.safetensors": lambda: safetensors(b"[" * 100000),
    "deep-objects.safetensors": lambda: safetensors(b'{"a":' * 100000),
    "deep-shape.safetensors": lambda: safetensors(b'{"q":{"shape":' + b"[" * 100000),
    "overflow.safetensors": lambda: safetensors({"q": entry("F32", [2**62, 1, 1, 1], 0, 0)}),
    "beyond.safetensors": lambda: safetensors({"q": entry("F32", [1, 2, 1, 8], 0, 64)}, bytes(32)),
    "backwards.safetensors": lambda: safetensors({"q": entry("F32", [1, 2, 1, 8], 64, 0)}, bytes(64)),
    "lying.safetensors": lambda: safetensors({"q": entry("F32", [1, 2, 1, 8], 0, 32)}, bytes(32)),
    "overlapping.safetensors": lambda: safetensors(
        {"q": entry("F32", [1, 1, 1, 8], 0, 32), "k": entry("F32", [1, 1, 1, 8], 16, 48)}, bytes(48)),
    "twice.safetensors": lambda: safetensors(
        b'{"q":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b'"q":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', bytes(8)),
    "missing.safetensors": lambda: tensors(q=("F32", SMALL), key=("F32", SMALL)),
    "integers.safetensors": lambda: tensors(q=("I64", SMALL), k=("I64", SMALL), v=("I64", SMALL)),
    "flat.safetensors": lambda: tensors(q=("F32", [8, 16]), k=("F32", SMALL), v=("F32", SMALL)),
    "zero.safetensors": lambda: tensors(q=("F32", [1, 0, 2, 16]), k=("F32", SMALL), v=("F32", SMALL)),
    "other-value.safetensors": lambda: tensors(q=("F32", SMALL), k=("F32", SMALL), v=("F32", [1, 9, 2, 16])),
    "other-dim.safetensors": lambda: tensors(q=("F32", SMALL), k=("F32", [1, 8, 2, 8]), v=("F32", [1, 8, 2, 8])),
    "configurations.json": configurations,
    "empty.json": lambda: b"",
    "image.json": lambda: b"halftone-image 2\n",
    "deep.json": lambda: b"[" * 100000 + b"]" * 100000,
    "large.json": lambda: b" " * ((16 << 20) + 1),
    "other-version.json": lambda: configurations(lambda document: document.update(version=2)),
    "code.json": lambda: configuration(0, lambda one: one.update(image="/tmp/a.cubin")),
    "negative-time.json": lambda: configuration(1, lambda one: one["best"].update(medianMilliseconds=-1)),
    "escape.json": lambda: configuration(0, lambda one: one.update(device="\x1b[2J")),
    "changed.json": lambda: configuration(1, lambda one: one["best"].update(medianMilliseconds=1)),
}


def make(name):
    return FILES[name]()
