"""Measures the tuner on this machine's GPUs, and makes the configurations that come with Halftone.

usage: tuning_campaign.py --halftone FILE --out FOLDER [--parts tune,sweep,...] [--deadline SECONDS]

Parts, in this order:
  faults   gpu_tests' search among kernels that hang, trap and write where they should not (beside halftone)
  ahead    the example's kernels compiled ahead of time (beside halftone) run and match
  tune     `halftone tune --budget 60s` for four radial problems, at all heads; these are kept
  report   the page of each search of `tune`, from its journal
  sweep    every schedule of each problem, at few heads; then its best and the tuner's in turns at all heads
  repeat   ten searches with other seeds, then their winners in turns
  presets  shorter searches: every preset at its length and four times that, other patterns; these are kept

FOLDER/campaign.json is written after every step; a second run with the same FOLDER goes on from it. What is kept is
in FOLDER/tuned.json, as `halftone cache export` writes it. Steps of one part run on all GPUs side by side, except
for a sweep, which has all of them. No step is begun, and none goes on, after the deadline.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

RADIAL = ["--pattern", "radial", "--rounding", "reference"]
# Name: the problem, and heads for a sweep that takes minutes, not hours.
PROBLEMS = {
    "wan-69": (["--preset", "wan2.1-14b:1280x768x69", *RADIAL], 4),
    "wan-81": (["--preset", "wan2.1-14b:1280x720x81", *RADIAL], 4),
    "hunyuan-117": (["--preset", "hunyuan-video:1280x720x117", *RADIAL], 4),
    "hunyuan-509": (["--preset", "hunyuan-video:1280x720x509", *RADIAL], 1),
}
PRESETS = {  # name: (problem, seconds)
    "wan2.1-14b-321": (["--preset", "wan2.1-14b:1280x720x321", *RADIAL], 40),
    "wan2.1-1.3b-81": (["--preset", "wan2.1-1.3b:832x480x81", *RADIAL], 12),
    "wan2.1-1.3b-321": (["--preset", "wan2.1-1.3b:832x480x321", *RADIAL], 20),
    "wan2.2-a14b-81": (["--preset", "wan2.2-a14b:1280x720x81", *RADIAL], 20),
    "wan2.2-a14b-321": (["--preset", "wan2.2-a14b:1280x720x321", *RADIAL], 40),
    "mochi-163": (["--preset", "mochi-1:848x480x163", *RADIAL], 12),
    "mochi-649": (["--preset", "mochi-1:848x480x649", *RADIAL], 30),
    "hunyuan-117-exact": (["--preset", "hunyuan-video:1280x720x117", "--pattern", "radial"], 20),
    "wan-81-exact": (["--preset", "wan2.1-14b:1280x720x81", "--pattern", "radial"], 20),
    "wan-81-dense": (["--preset", "wan2.1-14b:1280x720x81", "--pattern", "dense"], 30),
    "wan-81-tile-window": (["--preset", "wan2.1-14b:1280x720x81", "--pattern", "tile-window"], 15),
    "causal-32k": (["--tokens", "32768", "--heads", "16", "--head-dim", "128", "--pattern", "causal"], 12),
    "window-64k": (["--tokens", "65536", "--heads", "16", "--head-dim", "128", "--pattern", "window",
                    "--window", "2048"], 10),
}
BUDGET, REPEATS, CLOSE = 60, 10, 1.02
PARTS = ["faults", "ahead", "tune", "report", "sweep", "repeat", "presets"]


class Late(Exception):
    """The deadline does not allow another step."""


class Campaign:
    def __init__(self, options):
        self.options = options
        self.ends = time.monotonic() + options.deadline
        self.out = pathlib.Path(options.out).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.file = self.out / "campaign.json"
        self.lock = threading.Lock()
        self.results = json.loads(self.file.read_text()) if self.file.exists() else {"runs": [], "steps": {}}
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="halftone-campaign-"))
        self.environment = dict(os.environ, NO_COLOR="1", PATH=f"{self.tools()}:{os.environ.get('PATH', '')}")
        self.machine = self.tool_json("doctor", "--json")
        found = self.machine.get("gpus") or []
        self.gpus = list(range(min(len(found), options.gpus or len(found))))
        self.results["runs"].append({
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "command": sys.argv,
            "commit": options.commit or self.stamp(), "doctor": self.machine, "smi": self.smi(),
            "ptxas": shutil.which("ptxas", path=self.environment["PATH"]), "processors": os.cpu_count()})
        self.kept = self.out / "tuned.json"
        if self.kept.exists():
            self.run_tool("keep", ["cache", "import", str(self.kept)], 60)
        self.save()

    def tools(self):
        """Where a ptxas is: beside the command, as in the bundle, else the one that came with Triton."""
        beside = pathlib.Path(self.options.halftone).resolve().parent
        if (beside / "ptxas").exists():
            return beside
        for folder in map(pathlib.Path, sys.path):
            if (folder / "triton/backends/nvidia/bin/ptxas").exists():
                return folder / "triton/backends/nvidia/bin"
        return beside

    def stamp(self):
        beside = pathlib.Path(self.options.halftone).resolve().parent / "commit.txt"
        return beside.read_text().strip() if beside.exists() else ""

    @staticmethod
    def smi():
        fields = "name,driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu,memory.total"
        try:
            return subprocess.run(["nvidia-smi", f"--query-gpu={fields}", "--format=csv"], capture_output=True,
                                  text=True, timeout=20, check=True).stdout
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)

    def save(self):
        with self.lock:
            whole = self.file.with_suffix(".new")
            text = json.dumps(self.results, indent=1)
            for folder in (self.options.halftone.parent, self.out, self.scratch):  # no folders of this machine
                text = text.replace(f"{folder}/", "")
            whole.write_text(text)
            whole.replace(self.file)

    def left(self):
        return self.ends - time.monotonic()

    def cache(self, name):
        """A cache folder; `keep` is that of what is kept."""
        folder = self.scratch / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def run(self, command, cache, limit):
        """A child in a process group of its own, which is gone afterwards: interrupted, then killed, when late."""
        environment = dict(self.environment, HALFTONE_CACHE_DIR=str(self.cache(cache)))
        began = time.monotonic()
        if not pathlib.Path(command[0]).exists():
            return {"command": command, "code": 127, "late": False, "out": "", "err": "there is no such program",
                    "seconds": 0}
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
                                 stdin=subprocess.DEVNULL, start_new_session=True)
        late = False
        for patience, number in ((min(limit, max(1, self.left() - 6)), signal.SIGINT), (5, signal.SIGKILL), (5, None)):
            try:
                out, err = child.communicate(timeout=patience)
                break
            except subprocess.TimeoutExpired:
                late = True
                if number is None:
                    out, err = "", "its output stays open"
                else:
                    os.killpg(child.pid, number)
        return {"command": command, "code": child.returncode, "late": late, "out": out, "err": err[-2000:],
                "seconds": round(time.monotonic() - began, 3)}

    def run_tool(self, cache, arguments, limit):
        return self.run([str(self.options.halftone), *arguments], cache, limit)

    def tool_json(self, *arguments):
        try:
            return json.loads(self.run_tool("keep", arguments, 60)["out"])
        except ValueError:
            return {}

    def tune(self, name, arguments, limit, cache="keep", gpu=None):
        """A search; its document beside what the run itself took."""
        where = [] if gpu is None else ["--gpu", str(gpu)]
        done = self.run_tool(cache, ["tune", "--json", *self.target(), *arguments, *where], limit)
        try:
            document = json.loads(done.pop("out"))
        except ValueError:
            document = {}
        (self.out / f"{name}.json").write_text(json.dumps(document, indent=1))
        best = document.get("best") or {}
        return {**done, "best": best.get("schedule"), "bestMs": best.get("milliseconds"),
                **{key: document.get(key) for key in ("overDefault", "overDense", "denseTrouble", "why", "device",
                                                      "rankCorrelation", "spaceSize", "complete", "trialsByDevice",
                                                      "droppedDevices")},
                "searched": document.get("seconds"), "tried": len(document.get("candidates", [])),
                "raced": {c["schedule"]: c["milliseconds"] for c in document.get("candidates", []) if c["raced"]}}

    def target(self):
        return ["--target", self.options.target] if self.options.target else []

    def keep(self):
        with self.lock:
            self.run_tool("keep", ["cache", "export", "--out", str(self.kept)], 60)

    def step(self, name, seconds, work):
        """Does `work` unless an earlier run has; it must be likely to end in time."""
        if not self.results["steps"].get(name, {"failed": True}).get("failed"):
            return
        if self.left() < seconds + 8:
            raise Late(f"{name} needs some {seconds:.0f} s, and {max(0, self.left()):.0f} s are left")
        result = work()
        result["failed"] = bool(result.get("late") or result.get("code"))
        with self.lock:
            self.results["steps"][name] = result
        self.save()
        print(f"{name}: " + (f"failed: {(result.get('err') or result.get('out', ''))[-300:]}" if result["failed"] else
                             f"{result.get('bestMs') or ''} ms, over default {result.get('overDefault')}, "
                             f"{result.get('seconds')} s"), flush=True)

    def steps(self, jobs):
        """(name, seconds, work(gpu)): one at a time on each GPU."""
        free = queue.Queue()
        for gpu in self.gpus or [None]:
            free.put(gpu)

        def on_gpu(name, seconds, work):
            gpu = free.get()
            try:
                self.step(name, seconds, lambda: work(gpu))
            finally:
                free.put(gpu)
        with concurrent.futures.ThreadPoolExecutor(max(1, len(self.gpus))) as pool:
            for ended in [pool.submit(on_gpu, *job) for job in jobs]:
                try:
                    ended.result()
                except Late as late:
                    print(f"late: {late}", flush=True)

    # The parts.

    def faults(self):
        program = pathlib.Path(self.options.halftone).resolve().parent / "gpu_tests"

        def search():
            done = self.run([str(program), "-tc=*faults on the GPU*"], "faults", 150)
            return {**done, "code": done["code"] or int("0 skipped" not in done["out"])}
        self.step("faults/gpu_tests", 60, search)

    def ahead(self):
        for name in ("ahead_of_time", "ahead_on_gpu"):
            program = pathlib.Path(self.options.halftone).resolve().parent / name

            def matches():
                done = self.run([str(program)], "ahead", 60)
                return {**done, "code": done["code"] or int("matches" not in done["out"] or "skipped" in done["out"])}
            self.step(f"ahead/{name}", 5, matches)

    def searches(self):
        for name, (problem, _) in PROBLEMS.items():
            yield name, [*self.problem(problem), "--budget", f"{self.options.budget}s", "--seed", "1", "--journal",
                         str(self.out / f"{name}.journal")]

    def problem(self, problem):
        return self.options.problem.split() if self.options.problem else problem

    def tune_part(self):
        def search(name, arguments, gpu):
            result = self.tune(f"tune-{name}", [*arguments, "--force"], self.options.budget + 60, gpu=gpu)
            result["withinBudget"] = result["seconds"] <= self.options.budget
            self.keep()
            return result
        self.steps([(f"tune/{name}", self.options.budget + 3,
                     lambda gpu, name=name, arguments=arguments: search(name, arguments, gpu))
                    for name, arguments in self.searches()])

    def report(self):
        for name, arguments in self.searches():
            if (self.out / f"{name}.journal").exists():
                page = ["--resume", "--report", str(self.out / f"{name}.html")]
                self.step(f"report/{name}", 20,
                          lambda: self.tune(f"report-{name}", [*arguments, *page, *self.same(name)], 90, cache="report"))

    def same(self, name):
        """A journal is of one GPU."""
        command = self.results["steps"].get(f"tune/{name}", {}).get("command", [])
        return command[command.index("--gpu"):command.index("--gpu") + 2] if "--gpu" in command else []

    def sweep(self):
        for name, (problem, heads) in PROBLEMS.items():
            few = [*self.problem(problem), "--heads", str(self.options.sweep_heads or heads)]
            journal = self.out / f"sweep-{name}.journal"
            arguments = [*few, "--exhaustive", "--no-dense", "--journal", str(journal),
                         *(["--resume"] if journal.exists() else ["--force"]),
                         *(["--devices", "all"] if len(self.gpus) > 1 else []), *self.options.sweep_options.split()]
            # A sweep that is cut goes on from its journal.
            self.step(f"sweep/{name}", 30, lambda: self.tune(f"sweep-{name}", arguments, 3600, cache="sweep"))
            swept = self.results["steps"].get(f"sweep/{name}", {})
            tuned = self.results["steps"].get(f"tune/{name}", {}).get("best")
            if swept.get("failed") or not tuned:
                continue
            best = sorted(swept["raced"], key=swept["raced"].get)[:3]
            races = [word for schedule in dict.fromkeys([tuned, *best]) for word in ("--race", schedule)]

            def race():
                result = self.tune(f"judge-{name}", [*self.problem(problem), *races, "--no-dense"], 200, cache="sweep")
                if not result["code"] and tuned in result["raced"]:
                    result["tunedOverBest"] = result["raced"][tuned] / min(result["raced"].values())
                    result["within3Percent"] = result["tunedOverBest"] <= 1.03
                return result
            self.step(f"judge/{name}", 90 if heads == 1 else 25, race)

    def repeat(self):
        problem = [*self.problem(PROBLEMS["wan-69"][0]), "--heads", str(self.options.repeat_heads), "--no-dense"]
        seconds = self.options.repeat_budget
        self.steps([(f"repeat/{seed}", seconds + 3,
                     lambda gpu, seed=seed: self.tune(
                         f"repeat-{seed}", [*problem, "--budget", f"{seconds}s", "--seed", str(seed), "--force"],
                         seconds + 60, cache=f"repeat-{seed}", gpu=gpu)) for seed in range(1, REPEATS + 1)])
        winners = [self.results["steps"].get(f"repeat/{seed}", {}).get("best") for seed in range(1, REPEATS + 1)]
        if None in winners:
            return

        def race():
            races = [word for schedule in dict.fromkeys(winners) for word in ("--race", schedule)]
            result = self.tune("repeat-race", [*problem, *races], 200, cache="sweep")
            times = [result["raced"].get(winner, float("inf")) for winner in winners]
            result["winners"] = {schedule: winners.count(schedule) for schedule in winners}
            result["close"] = sum(time <= CLOSE * min(times) for time in times)
            return result
        self.step("repeat/race", 20, race)

    def presets(self):
        def search(name, problem, seconds, gpu):
            result = self.tune(f"preset-{name}", [*self.problem(problem), "--budget", f"{seconds}s", "--seed", "1",
                                                  "--force"], seconds + 60, gpu=gpu)
            result["withinBudget"] = result["seconds"] <= seconds
            self.keep()
            return result
        scaled = {name: (problem, max(1, round(seconds * self.options.budget / BUDGET)))
                  for name, (problem, seconds) in PRESETS.items()}
        self.steps([(f"preset/{name}", seconds + 3,
                     lambda gpu, name=name, problem=problem, seconds=seconds: search(name, problem, seconds, gpu))
                    for name, (problem, seconds) in scaled.items()])

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--halftone", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--deadline", type=float, default=550)
    parser.add_argument("--gpus", type=int, default=0, help="use the first N (default: all)")
    parser.add_argument("--commit", default="")
    parser.add_argument("--budget", type=int, default=BUDGET, help="seconds of `tune`; presets' are scaled with it")
    parser.add_argument("--sweep-heads", type=int, default=0, help="(default: each problem's own, 4 or 1)")
    parser.add_argument("--sweep-options", default="", help="more options of the sweeps' `halftone tune`")
    parser.add_argument("--repeat-heads", type=int, default=8)
    parser.add_argument("--repeat-budget", type=int, default=12, help="seconds")
    parser.add_argument("--target", default="", help="(default: the GPU's own)")
    parser.add_argument("--problem", default="", help="for trying this out: the options of one problem, for all")
    options = parser.parse_args()
    options.halftone = options.halftone.resolve()
    parts = options.parts.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--parts: unknown {', '.join(sorted(unknown))}; known are {', '.join(PARTS)}")
    campaign = Campaign(options)
    try:
        for part in PARTS:
            if part in parts:
                try:
                    getattr(campaign, "tune_part" if part == "tune" else part)()
                except Late as late:
                    print(f"late: {late}", flush=True)
    finally:
        campaign.close()
    failed = [name for name, step in campaign.results["steps"].items() if step["failed"]]
    print(f"{len(campaign.results['steps'])} steps done, {len(failed)} failed {failed}; {campaign.file}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
