"""compare_torch.py GPU_TESTS: FlashAttention's tolerance against PyTorch itself.

Runs `GPU_TESTS --export` into a temporary folder, and holds the kernel's error on each random problem
against the error of PyTorch's own attention in the same 16-bit type on the same inputs: the error must
be at most twice PyTorch's, plus 1e-5. Needs a GPU, torch and safetensors; prints one line of JSON."""

import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file


def repeated(tensor, heads):
    return tensor.repeat_interleave(heads // tensor.shape[1], dim=1)


def unfused(q, k, v, bias, scale, softcap):
    """Attention in plain 16-bit operations, as FlashAttention's tests compute it."""
    scores = (q * scale) @ k.transpose(-1, -2)
    if softcap:
        scores = torch.tanh(scores / softcap) * softcap
    scores = scores + bias.to(scores.dtype)
    return torch.softmax(scores, dim=-1).to(q.dtype) @ v


def fused(q, k, v, bias, scale, softcap):
    """scaled_dot_product_attention; it has no softcap."""
    if softcap:
        return None
    return torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=bias.to(q.dtype), scale=scale)


def compare(path):
    tensors = {name: tensor.cuda() for name, tensor in load_file(path).items()}
    q, right = tensors["q"], tensors["right"]
    k, v = (repeated(tensors[name], q.shape[1]) for name in "kv")
    scale, softcap = tensors["scale"].item(), tensors["softcap"].item()
    # PyTorch gives NaN for a row with no key; ours must be 0, as the right answer is.
    some = torch.isfinite(tensors["bias"]).any(dim=-1)

    def error(output, rows=some):
        if output is None:
            return None
        return (output.double() - right)[rows].abs().nan_to_num(nan=float("inf")).max().item()

    arguments = (q, k, v, tensors["bias"], scale, softcap)
    return {
        "problem": os.path.basename(path).removesuffix(".safetensors"),
        "halftone": error(tensors["o"], torch.ones_like(some)),
        "unfused": error(unfused(*arguments)),
        "sdpa": error(fused(*arguments)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("gpu_tests", help="the program gpu_tests, or a folder that it has written")
    parser.add_argument("--against", choices=["unfused", "sdpa"], default="unfused",
                        help="whose error the tolerance is taken from (default: unfused)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.gpu_tests
        if not os.path.isdir(folder):
            folder = scratch
            done = subprocess.run([os.path.abspath(options.gpu_tests), "--export", folder,
                                   "--test-case=random problems in*"], stdout=sys.stderr)
            if done.returncode:
                print("compare_torch: gpu_tests failed; comparing what it wrote", file=sys.stderr)
        paths = sorted(glob.glob(os.path.join(folder, "*.safetensors")))
        rows = [compare(path) for path in paths]
    if not rows:
        sys.exit("compare_torch: there is nothing to compare")
    failed = 0
    worst = {"unfused": 0.0, "sdpa": 0.0}
    for row in rows:
        for name in worst:
            if row[name] is not None:
                worst[name] = max(worst[name], row["halftone"] / (2 * row[name] + 1e-5))
        limit = row[options.against]
        if limit is None:
            limit = row["unfused"]
        if not row["halftone"] <= 2 * limit + 1e-5:
            failed += 1
            print(f"{row['problem']}: {row['halftone']:.3g} against {limit:.3g}", file=sys.stderr)
    print(json.dumps({
        "problems": len(rows), "failed": failed, "against": options.against,
        "worst share of the tolerance": worst, "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name(), "largest error": max(r["halftone"] for r in rows)}))
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
