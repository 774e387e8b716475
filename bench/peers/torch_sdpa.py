"""torch_sdpa.py BENCH_GPU: our kernels and PyTorch's attention, interleaved in one run on one GPU.

Each round times, in this order: our dense kernel, our radial one (reference rounding, blocks of 128),
and PyTorch's FLASH_ATTENTION and cuDNN back ends on the dense problem of the same size. The median of
the rounds is reported, with ours as a share of FLASH_ATTENTION's TFLOP/s, computed tiles counted.
Writes one JSON document."""

import argparse
import json
import statistics
import subprocess
import sys

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

BACKENDS = {"torch FLASH_ATTENTION": SDPBackend.FLASH_ATTENTION,
            "torch CUDNN_ATTENTION": SDPBackend.CUDNN_ATTENTION}


def torch_ms(backend, tensors, warm_up, seconds):
    """The median time of one call, sustained."""
    def call():
        return torch.nn.functional.scaled_dot_product_attention(*tensors)

    def sample():
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        stop.record()
        stop.synchronize()
        return start.elapsed_time(stop)

    with sdpa_kernel(backend):
        spent, samples = 0.0, []
        while spent < warm_up * 1000:
            spent += sample()
        spent = 0.0
        while spent < seconds * 1000 or len(samples) < 3:
            samples.append(sample())
            spent += samples[-1]
    return statistics.median(samples)


def our_run(options, arguments):
    command = [options.bench_gpu, "--preset", options.preset, "--heads", str(options.heads),
               "--warm-up", str(options.warm_up), "--seconds", str(options.seconds)]
    if options.schedule:
        command += ["--schedule", options.schedule]
    if options.ptxas:
        command += ["--ptxas", options.ptxas]
    done = subprocess.run(command + arguments, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"torch_sdpa: {' '.join(command + arguments)}\n{done.stderr}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench_gpu", help="the program bench_gpu")
    parser.add_argument("--preset", default="wan2.1-14b:1280x768x69")
    parser.add_argument("--tokens", type=int, default=69120, help="tokens of the preset")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--head-dim", type=int, default=128)
    parser.add_argument("--schedule", help="fields for our schedule")
    parser.add_argument("--ptxas", help="the ptxas that ours uses")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=float, default=0.2)
    parser.add_argument("--seconds", type=float, default=0.35)
    parser.add_argument("--out", help="where the document goes (default: standard output)")
    options = parser.parse_args()

    ours = {"halftone dense": ["--pattern", "dense"],
            "halftone radial": ["--pattern", "radial", "--rounding", "reference", "--block", "128"]}
    # [batch, token, head, headDim] in memory, as ours; PyTorch wants heads before tokens.
    tensors = [torch.randn(1, options.tokens, options.heads, options.head_dim, device="cuda",
                           dtype=torch.bfloat16).transpose(1, 2) for _ in range(3)]
    flops = 4 * options.tokens ** 2 * options.head_dim * options.heads
    times, details, missing = {}, {}, {}
    for _ in range(options.rounds):
        for name, arguments in ours.items():
            details[name] = our_run(options, arguments)
            expected = flops * details[name]["kept"] / 1e9 / details[name]["ms"]
            if abs(details[name]["kept TFLOP/s"] / expected - 1) > 1e-3:
                sys.exit("torch_sdpa: --tokens is not the number of tokens of --preset")
            times.setdefault(name, []).append(details[name]["ms"])
        for name, backend in BACKENDS.items():
            if name in missing:
                continue
            try:
                times.setdefault(name, []).append(
                    torch_ms(backend, tensors, options.warm_up, options.seconds))
            except RuntimeError as error:
                missing[name] = str(error).splitlines()[0]
                times.pop(name, None)

    results = {}
    for name, all_ms in times.items():
        ms = statistics.median(all_ms)
        computed = flops * details[name]["covered"] if name in details else flops
        results[name] = {"ms": ms, "TFLOP/s": computed / ms / 1e9, "rounds ms": all_ms}
        if name in details:
            results[name]["details"] = details[name]
    flash = results.get("torch FLASH_ATTENTION")
    if flash:
        for name in ours:
            results[name]["share of FLASH_ATTENTION"] = results[name]["TFLOP/s"] / flash["TFLOP/s"]
    document = {
        "command": " ".join(sys.argv), "preset": options.preset, "tokens": options.tokens,
        "heads": options.heads, "head dim": options.head_dim, "element": "bf16",
        "gpu": torch.cuda.get_device_name(), "torch": torch.__version__,
        "results": results, "missing": missing}
    text = json.dumps(document, indent=2)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        for name, result in results.items():
            print(f"{name:24} {result['ms']:10.3f} ms {result['TFLOP/s']:8.1f} TFLOP/s")
    else:
        print(text)


if __name__ == "__main__":
    main()
