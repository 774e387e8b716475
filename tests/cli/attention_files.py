"""Writes q, k and v to .safetensors files, and checks the o and lse that came of them.

usage: attention_files.py make FOLDER | check FOLDER bshd|bhsd TYPE
The reader, the writer and the causal attention here share no code with what is tested.
"""
import json
import math
import pathlib
import struct
import sys

TOKENS, HEADS, KV_HEADS, DIM = 13, 4, 2, 16


def value(name, token, head, depth):
    """A multiple of 1/8 from -2 to 2: exact in every element type."""
    return ((token * 7 + head * 5 + depth * 3 + {"q": 0, "k": 4, "v": 9}[name]) * 11 % 33 - 16) / 8


def rows(order, heads):
    if order == "bshd":
        return [(token, head) for token in range(TOKENS) for head in range(heads)]
    return [(token, head) for head in range(heads) for token in range(TOKENS)]


def write(path, order, kind):
    header, data = {}, b""
    for name in "qkv":
        heads = HEADS if name == "q" else KV_HEADS
        values = [value(name, token, head, depth) for token, head in rows(order, heads) for depth in range(DIM)]
        raw = struct.pack(f"<{len(values)}f", *values)
        if kind == "BF16":
            raw = b"".join(raw[i + 2:i + 4] for i in range(0, len(raw), 4))
        shape = [1, TOKENS, heads, DIM] if order == "bshd" else [1, heads, TOKENS, DIM]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read(path):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + size]), raw[8 + size:]
    return {name: (entry["dtype"], entry["shape"],
                   struct.unpack(f"<{(entry['data_offsets'][1] - entry['data_offsets'][0]) // 4}f",
                                 data[entry["data_offsets"][0]:entry["data_offsets"][1]]))
            for name, entry in header.items()}


def expected(token, head):
    kv = head // (HEADS // KV_HEADS)
    scores = [sum(value("q", token, head, d) * value("k", key, kv, d) for d in range(DIM)) / math.sqrt(DIM)
              for key in range(token + 1)]
    total = sum(math.exp(score) for score in scores)
    output = [sum(math.exp(score) / total * value("v", key, kv, d) for key, score in enumerate(scores))
              for d in range(DIM)]
    return output, math.log(total)


folder = pathlib.Path(sys.argv[2])
if sys.argv[1] == "make":
    write(folder / "bshd.safetensors", "bshd", "F32")
    write(folder / "bhsd.safetensors", "bhsd", "F32")
    write(folder / "bf16.safetensors", "bshd", "BF16")
else:
    order, kind = sys.argv[3:]
    file = read(folder / "o.safetensors")
    assert file["o"][:2] == (kind, [1, TOKENS, HEADS, DIM] if order == "bshd" else [1, HEADS, TOKENS, DIM])
    assert file["lse"][:2] == ("F32", [1, HEADS, TOKENS])
    for at, (token, head) in enumerate(rows(order, HEADS)):
        output, lse = expected(token, head)
        assert abs(file["lse"][2][head * TOKENS + token] - lse) < 1e-4
        for depth in range(DIM):
            assert abs(file["o"][2][at * DIM + depth] - output[depth]) < 1e-4, (token, head, depth)
