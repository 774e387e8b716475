"""Reads and writes .safetensors files with what PyTorch and Python have: tensors as their bytes."""

import ctypes
import json
import struct


def header(entries):
    """The first bytes of a file of (name, type, shape, bytes) entries."""
    table, at = {}, 0
    for name, kind, shape, size in entries:
        table[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def read_header(file):
    """The table of an open file, which is then at its first tensor."""
    (size,) = struct.unpack("<Q", file.read(8))
    return json.loads(file.read(size))


def kinds():
    import torch
    return {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32"}


def write(path, tensors):
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with open(path, "wb") as file:
        file.write(header((name, kinds()[tensor.dtype], tensor.shape,
                           tensor.numel() * tensor.element_size())
                          for name, tensor in held.items()))
        for tensor in held.values():
            size = tensor.numel() * tensor.element_size()
            file.write((ctypes.c_char * size).from_address(tensor.data_ptr()))


def read(path, name):
    import torch
    types = {kind: dtype for dtype, kind in kinds().items()}
    with open(path, "rb") as file:
        entry = read_header(file)[name]
        first, end = entry["data_offsets"]
        file.seek(first, 1)
        data = bytearray(file.read(end - first))
    return torch.frombuffer(data, dtype=types[entry["dtype"]]).view(entry["shape"])
