"""compare.py: our kernels beside the strongest others, on the same tensors and masks, in one run on
one GPU; writes one JSON document.

For each problem every peer's output is held against rows computed in fp32 and against the other
peers' outputs, and ours, of the first heads of the same tensors, against both. What is right is then
timed in interleaved rounds, forwards and backwards in turn, beside cuDNN's dense attention and a
matrix product of 8192^3. A peer that is absent, fails, differs or runs out of memory is recorded with
the reason. The document is written after each problem."""

import argparse
import os
import pathlib
import shlex
import sys
import tempfile
import time

import machine
import ours
import problems
import timing
from comparison import Comparison, DeadGpu
from peers import MAKERS, STRONGEST


def compare(case, rows, options, clocks, document):
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(case, rows, options, folder)
        try:
            comparison.everyone()
            problem, ratios = comparison.results(comparison.timed(clocks))
        finally:
            comparison.close()
    document["problems"].append({**problem, "seconds": round(time.monotonic() - begun, 1)})
    document["ratios"] += ratios
    for row in ratios:
        print("compare: {name}: {ours_ms:.3f} ms, {kept_tflops:.1f} TFLOP/s".format(**row) + "".join(
            f", {row[key]:.3f} {key}" for key in ("overCudnn", "overBestPeer", "overMatmul")
            if row[key]), file=sys.stderr, flush=True)


def parsed():
    here = pathlib.Path(__file__).resolve().parent
    beside = here if (here / "bench_gpu").exists() else here.parents[1] / "build/release/bin"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--problems", default="", help="names with commas between (default: all)")
    parser.add_argument("--peers", default="auto",
                        help="names with commas between; `all`; or `auto`: the strongest on every "
                             f"problem, all on some. There are: {', '.join(MAKERS)}")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.35, help="to time, in a round")
    parser.add_argument("--warm-up", type=float, default=0.2, help="seconds before")
    parser.add_argument("--deadline", type=float, default=float("inf"),
                        help="seconds after which no further problem is begun")
    parser.add_argument("--schedule", action="append", default=[], metavar="PROBLEM=FIELDS",
                        help="fields of ours for a problem (default: the tuned schedule, else the default)")
    parser.add_argument("--ptxas", help="the ptxas that ours uses")
    parser.add_argument("--programs", default=str(beside), help="the folder of halftone and bench_gpu")
    parser.add_argument("--commit", help="recorded in the document (default: git's)")
    parser.add_argument("--out", default="compare.json")
    options = parser.parse_args()
    names = [name.strip() for name in options.problems.split(",") if name.strip()]
    if wrong := [text for text in options.schedule if "=" not in text]:
        parser.error(f"--schedule {wrong[0]}: PROBLEM=FIELDS, as in 'causal 16384=tileK=128 stages=1'")
    options.schedules = dict(text.split("=", 1) for text in options.schedule)
    try:
        options.cases = problems.chosen(names)
        problems.chosen(options.schedules)
    except ValueError as error:
        parser.error(str(error))
    asked = options.peers.split(",")
    if unknown := [name for name in asked if name not in (*MAKERS, "auto", "all")]:
        parser.error(f"there is no peer '{unknown[0]}'; there are: {', '.join(MAKERS)}")
    if options.rounds < 1:
        parser.error("--rounds is at least 1")

    def peers_of(case):
        everyone = options.peers == "all" or (options.peers == "auto" and case.every_peer)
        few = STRONGEST if options.peers == "auto" else ("cudnn", *asked)
        return list(MAKERS) if everyone else list(dict.fromkeys(few))

    options.peers_of, options.absent = peers_of, {}
    options.programs = ours.Programs(options.programs,
                                     ["--ptxas", options.ptxas] if options.ptxas else [])
    return options


def command():
    """As it was given, but for the folders of this machine."""
    return shlex.join(["compare.py", *(pathlib.PurePath(word).name if "/" in word else word
                                       for word in sys.argv[1:])])


def main():
    begun = time.monotonic()
    options = parsed()
    try:
        machine.needs_gpu()
    except machine.NoGpu as error:
        print(f"compare: {error}", file=sys.stderr)
        return 4
    clocks = timing.Clocks()
    document = {"commit": options.commit or machine.commit(), **machine.facts(),
                "command": command(), "rounds": options.rounds,
                "warm-up s": options.warm_up, "timed s": options.seconds,
                "layouts": "peers [batch, head, token, depth] in memory, ours [batch, token, head, depth]",
                "peers": {name: title for name, (title, _) in MAKERS.items()},
                "absent": options.absent, "not begun": [], "failed": {}, "problems": [], "ratios": []}
    dead = False
    for case, rows in options.cases:
        if dead or time.monotonic() - begun > options.deadline:
            document["not begun"] += [row.name for row in rows]
            machine.save(document, options.out)
            continue
        try:
            compare(case, rows, options, clocks, document)
        except DeadGpu as error:
            document["failed"][case.name] = f"the GPU cannot be used any more: {error}"
            dead = True
        except Exception as error:  # the next problem may do better
            document["failed"][case.name] = f"{type(error).__name__}: {error}"
            print(f"compare: {case.name}: {error}", file=sys.stderr, flush=True)
        finally:
            document["seconds"] = round(time.monotonic() - begun, 1)
            machine.save(document, options.out)
    clocks.close()
    asked = [row.name for _, rows in options.cases for row in rows]
    got = {row["name"] for row in document["ratios"]}
    missing = [name for name in asked if name not in got and name not in document["not begun"]]
    if missing:
        print(f"compare: no result for {', '.join(missing)}: see {options.out}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # some peers' libraries do not survive being taken down
