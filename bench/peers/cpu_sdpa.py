"""cpu_sdpa.py BENCH_CPU: our kernels and PyTorch's scaled_dot_product_attention, interleaved in one
run on the cores of one machine.

Each round times PyTorch on the dense problem, then every case of bench_cpu (f32, 8,192 tokens,
4 heads of 64). The best of the rounds is reported, by the clock and in processor time: the second
means something on a machine that others use too. Writes one JSON document."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time

import torch

SHAPE = (1, 4, 8192, 64)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        models = re.findall(r"^model name\s*: (.*)$", lines.read(), re.MULTILINE)
    return models[0] if models else platform.processor()


def time_torch(calls):
    """Milliseconds of one call: by the clock, and in processor time of all threads."""
    q, k, v = (torch.randn(SHAPE) for _ in range(3))
    torch.nn.functional.scaled_dot_product_attention(q, k, v)
    best = {"real": float("inf"), "cpu": float("inf")}
    for _ in range(calls):
        real, cpu = time.perf_counter(), time.process_time()
        torch.nn.functional.scaled_dot_product_attention(q, k, v)
        best["real"] = min(best["real"], 1e3 * (time.perf_counter() - real))
        best["cpu"] = min(best["cpu"], 1e3 * (time.process_time() - cpu))
    return best


def time_ours(program):
    """Of every case its times and densities."""
    command = [program, "--benchmark_format=json", "--benchmark_min_time=0.5"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    cases = {}
    for case in report["benchmarks"]:
        if case.get("error_occurred"):
            sys.exit(f"{case['name']}: {case['error_message']}")
        name = case["name"].removesuffix("/process_time/real_time")
        cases[name] = {"real": case["real_time"], "cpu": case["cpu_time"],
                       "keptDensity": case["keptDensity"],
                       "coveredDensity": case["coveredDensity"]}
    return cases


def merge(best, now):
    for name, case in now.items():
        kept = best.setdefault(name, dict(case))
        for clock in ("real", "cpu"):
            kept[clock] = min(kept[clock], case[clock])


def summary(best):
    torch_times, dense = best.pop("torch"), best["dense/frames:8"]
    for case in best.values():
        for clock in ("real", "cpu"):
            share = case[clock] / dense[clock]
            case[f"{clock}OfDensePerKeptDensity"] = round(share / case["keptDensity"], 3)
    return {"torchMs": torch_times, "oursMs": best,
            "denseSpeedOverTorch": {clock: round(torch_times[clock] / dense[clock], 3)
                                    for clock in ("real", "cpu")}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench_cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commit", default="", help="recorded in the document")
    arguments = parser.parse_args()
    threads = os.cpu_count()
    torch.set_num_threads(threads)
    best = {}
    for _ in range(arguments.rounds):
        merge(best, {"torch": time_torch(3)})
        merge(best, time_ours(arguments.bench_cpu))
    document = {"command": "python3 bench/peers/cpu_sdpa.py <build>/bin/bench_cpu "
                           f"--rounds {arguments.rounds}",
                "commit": arguments.commit, "processor": processor(), "threads": threads,
                "torch": torch.__version__, "shape": "f32, 1 x 4 heads x 8192 tokens x 64",
                "loadAverage": os.getloadavg()[0], **summary(best)}
    json.dump(document, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
