"""Writes q, k and v to a .safetensors file, and checks what `halftone bench --quality` says of them.

usage: quality.py make FILE | check FILE DOCUMENT
Masks, softmax and sums share no code with what is tested.
"""
import json
import math
import random
import struct
import sys

FRAMES, PLACES, TEXT, HEADS, KV_HEADS, DIM, SOFTCAP = 5, 9, 3, 4, 2, 16, 3
TOKENS = FRAMES * PLACES + TEXT


def frame(token):
    return token // PLACES


def window(query, key):
    return abs(query - key) <= 2


def window_of_blocks(query, key):
    first, other = query // 4 * 4, key // 4 * 4
    return any(window(q, k) for q in range(first, min(first + 4, TOKENS))
               for k in range(other, min(other + 4, TOKENS)))


MASKS = {
    "where": lambda head, q, k: frame(k) == 0 or abs(frame(q) - frame(k)) <= 1 and (k % 3 != 0 or head < 2),
    "window:any": lambda head, q, k: window_of_blocks(q, k),
    "causal": lambda head, q, k: k <= q,
    "dense": lambda head, q, k: True,
}


def make(path):
    numbers = random.Random(7)
    header, data = {}, b""
    for name in "qkv":
        heads = HEADS if name == "q" else KV_HEADS
        raw = b"".join(struct.pack("<f", numbers.gauss(0, 1.5)) for _ in range(TOKENS * heads * DIM))
        header[name] = {"dtype": "F32", "shape": [1, TOKENS, heads, DIM], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        begin, end = entry["data_offsets"]
        values = struct.unpack(f"<{(end - begin) // 4}f", raw[8 + size + begin:8 + size + end])
        heads = entry["shape"][2]
        tensors[name] = [[values[(token * heads + head) * DIM:(token * heads + head + 1) * DIM]
                          for token in range(TOKENS)] for head in range(heads)]
    return tensors


def softmax(scores):
    powers = {key: math.exp(score) for key, score in scores.items()}
    total = sum(powers.values())
    return {key: power / total for key, power in powers.items()}


def output(probabilities, values):
    return [sum(p * values[key][d] for key, p in probabilities.items()) for d in range(DIM)]


def expected(tensors, mask, head):
    kept_mass, squares, dense_squares, greatest = 0, 0, 0, 0
    mass_at, kept_at = [0] * FRAMES, [0] * FRAMES
    keys, values = (tensors[name][head // (HEADS // KV_HEADS)] for name in "kv")
    for query in range(TOKENS):
        scores = {key: SOFTCAP * math.tanh(
            sum(a * b for a, b in zip(tensors["q"][head][query], keys[key])) / math.sqrt(DIM) / SOFTCAP)
            for key in range(TOKENS)}
        dense = softmax(scores)
        kept = {key: score for key, score in scores.items() if mask(head, query, key)}
        kept_mass += sum(dense[key] for key in kept)
        for key in range(TOKENS):
            if frame(query) < FRAMES and frame(key) < FRAMES:
                distance = abs(frame(query) - frame(key))
                mass_at[distance] += dense[key]
                kept_at[distance] += dense[key] if key in kept else 0
        whole, part = output(dense, values), output(softmax(kept), values)
        squares += sum((a - b) ** 2 for a, b in zip(part, whole))
        dense_squares += sum(a ** 2 for a in whole)
        greatest = max([greatest] + [abs(a - b) for a, b in zip(part, whole)])
    return {"keptMass": kept_mass / TOKENS, "massByFrameDistance": [m / TOKENS for m in mass_at],
            "keptMassByFrameDistance": [m / TOKENS for m in kept_at],
            "relativeError": math.sqrt(squares / dense_squares), "greatestError": greatest}


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    tensors = read(sys.argv[2])
    rows = [entry for entry in json.load(open(sys.argv[3]))["benchmarks"] if entry["run_type"] == "aggregate"]
    for row in rows:
        assert row["quality"]["rows"] == TOKENS and len(row["quality"]["heads"]) == HEADS
        for head in row["quality"]["heads"]:
            for name, right in expected(tensors, MASKS[row["run_name"]], head["head"]).items():
                said = head[name]
                for a, b in zip(said, right, strict=True) if isinstance(right, list) else [(said, right)]:
                    assert abs(a - b) <= 1e-6, (row["run_name"], head["head"], name, a, b)
        mean = sum(head["keptMass"] for head in row["quality"]["heads"]) / HEADS
        assert abs(row["keptMass"] - mean) <= 1e-12
    print(f"{len(rows)} patterns, {HEADS} heads, {TOKENS} queries: the same")
