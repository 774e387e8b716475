"""A run of many measurements on this machine's GPUs, in parts and steps: each step is done once, its result is in
FOLDER/campaign.json as soon as it is there, and a second run with the same FOLDER goes on from it. No step is begun,
and none goes on, after the deadline."""
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
        beside = self.options.halftone.parent
        if (beside / "ptxas").exists():
            return beside
        for folder in map(pathlib.Path, sys.path):
            if (folder / "triton/backends/nvidia/bin/ptxas").exists():
                return folder / "triton/backends/nvidia/bin"
        return beside

    def stamp(self):
        beside = self.beside("commit.txt")
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

    def gpu_tests(self, name, cases, seconds, limit, passed):
        """A step of gpu_tests' cases, which must have said `passed`."""
        def search():
            done = self.run([str(self.beside("gpu_tests")), f"-tc={cases}"], name.replace("/", "-"), limit)
            return {**done, "code": done["code"] or int(passed not in done["out"])}
        self.step(name, seconds, search)

    def beside(self, program):
        return self.options.halftone.parent / program

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

    def problem(self, problem):
        return self.options.problem.split() if self.options.problem else problem

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)


def options_of(description, parts, deadline, budget):
    """A parser of what every campaign takes."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--halftone", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True)
    parser.add_argument("--parts", default=",".join(parts))
    parser.add_argument("--deadline", type=float, default=deadline)
    parser.add_argument("--commit", default="")
    parser.add_argument("--budget", type=int, default=budget, help="seconds of a search")
    parser.add_argument("--target", default="", help="(default: the GPU's own)")
    parser.add_argument("--problem", default="", help="for trying this out: the options of one problem, for all")
    parser.set_defaults(gpus=0)
    return parser


def run(kind, parts, parser):
    """The chosen parts, in the order of `parts`: names, and the methods of the campaign that they are."""
    options = parser.parse_args()
    options.halftone = options.halftone.resolve()
    chosen = options.parts.split(",")
    if unknown := set(chosen) - set(parts):
        parser.error(f"--parts: unknown {', '.join(sorted(unknown))}; known are {', '.join(parts)}")
    campaign = kind(options)
    try:
        for part, method in parts.items():
            if part in chosen:
                try:
                    method(campaign)
                except Late as late:
                    print(f"late: {late}", flush=True)
    finally:
        campaign.close()
    failed = [name for name, step in campaign.results["steps"].items() if step["failed"]]
    print(f"{len(campaign.results['steps'])} steps done, {len(failed)} failed {failed}; {campaign.file}")
    return 1 if failed else 0
