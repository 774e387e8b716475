"""Measures and tries `halftone tune --devices all` on a machine with two GPUs.

usage: two_gpus.py --halftone FILE --out FOLDER [--parts gpu_tests,rate,kill] [--deadline SECONDS]

Parts, in this order:
  gpu_tests  gpu_tests' cases for two GPUs (beside halftone): one image on both from two threads at once, and a GPU
             that breaks in the middle of a search
  rate       two problems, each tuned on one GPU and on all, with the same seed and budget and caches of their own:
             candidates a second, and the two winners in turns
  kill       a worker is killed in the middle of a search on all GPUs

FOLDER/campaign.json is written after every step; a second run with the same FOLDER goes on from it. No step is begun,
and none goes on, after the deadline.

A rate counts schedules that got a time, from the moment that the default is measured to the last trial before the
finalists are raced: a race measures the same few on every GPU. `wholeRatio` counts from the start to the end.
"""
import json
import os
import pathlib
import signal
import sys
import threading
import time

import campaign
from campaign import Campaign
from tuning_campaign import RADIAL

PROBLEMS = {
    "wan-69": ["--preset", "wan2.1-14b:1280x768x69", *RADIAL],
    "hunyuan-117": ["--preset", "hunyuan-video:1280x720x117", *RADIAL],
}
ENOUGH, CLOSE = 1.8, 1.02
TIMED = ("measured", "slow")


def journal_of(path):
    """Its lines, and how many are no JSON."""
    lines, torn = [], 0
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            lines.append(json.loads(text))
        except ValueError:
            torn += 1
    return lines, torn


def rate_of(path):
    """Candidates and trials a second of a search, from its journal."""
    trials = [line for line in journal_of(path)[0] if "trial" in line and line["verdict"] in TIMED]
    defaults = [line["elapsed"] for line in trials if line["round"].startswith("default")]
    searched = [line for line in trials if not line["round"].startswith(("default", "race"))]
    if not defaults or not searched:
        return {}
    seconds = max(line["elapsed"] for line in searched) - max(defaults)
    candidates = len({line["schedule"] for line in searched})
    devices = {}
    for line in trials:
        of = devices.setdefault(line["device"], {"trials": 0, "clockMhz": [], "watts": []})
        of["trials"] += 1
        of["clockMhz"].append(line["clockMhz"])
        of["watts"].append(line["watts"])
    for of in devices.values():
        of.update({key: [min(of[key]), max(of[key])] for key in ("clockMhz", "watts")})
    return {"candidates": candidates, "seconds": round(seconds, 3), "candidatesASecond": candidates / seconds,
            "trialsASecond": len(searched) / seconds, "wholeCandidatesASecond":
            (candidates + 1) / max(line["elapsed"] for line in trials), "devices": devices}


def children_of(parent):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            pass
    return found


def has_cache(process, folder):
    try:
        environment = pathlib.Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        return f"HALFTONE_CACHE_DIR={folder}".encode() in environment
    except OSError:
        return False


def address_space(process):
    """In pages; its files and environment are closed to others."""
    try:
        return int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


class TwoGpus(Campaign):
    def tests(self):
        self.gpu_tests("gpu_tests", "*two GPUs*", 20, 120, "2 passed, 0 failed, 0 skipped")

    def search(self, name, problem, devices, seconds, cache):
        journal = self.out / f"{name.replace('/', '-')}.journal"
        result = self.tune(name.replace("/", "-"), [
            *self.heads(problem), *self.on(devices), "--budget", f"{seconds}s", "--seed", "1", "--no-dense",
            "--force", "--journal", str(journal)], seconds + 40, cache=cache)
        return {**result, "rate": rate_of(journal), "devices": [line for line in journal_of(journal)[0]
                                                                 if "measures on" in line]}

    def on(self, devices):
        return [] if self.options.target == "cpu" else ["--devices", devices]

    def heads(self, problem):
        return [*self.problem(problem), "--heads", str(self.options.heads)]

    def race(self, name, problem, first, second):
        """Times of two winners in turns on one GPU; one schedule is as fast as itself."""
        if first == second:
            return {"code": 0, "same": True, "ratio": 1.0}
        result = self.tune(f"race-{name}", [*self.heads(problem), "--race", first, "--race", second, "--no-dense",
                                            *self.on("0")], 90, cache=f"race-{name}")
        times = result["raced"]
        if first in times and second in times:
            result.update(same=False, ratio=times[second] / times[first])
        else:
            result["code"] = result["code"] or 1
        return result

    def rate(self):
        for name, problem in PROBLEMS.items():
            for devices, where in (("0", "one"), ("all", "all")):
                self.step(f"rate/{name}/{where}", self.options.budget + 3, lambda: self.search(
                    f"rate/{name}/{where}", problem, devices, self.options.budget, f"{where}-{name}"))
            one, both = (self.results["steps"].get(f"rate/{name}/{where}", {}) for where in ("one", "all"))
            if not one.get("best") or not both.get("best"):
                continue

            def judge():
                result = self.race(name, problem, one["best"], both["best"])
                ratio = both["rate"]["candidatesASecond"] / one["rate"]["candidatesASecond"]
                result.update(
                    candidatesRatio=ratio, enough=ratio >= ENOUGH, close=result.get("ratio", 9) <= CLOSE,
                    wholeRatio=both["rate"]["wholeCandidatesASecond"] / one["rate"]["wholeCandidatesASecond"])
                print(f"  {name}: {one['rate']['candidatesASecond']:.1f} and {both['rate']['candidatesASecond']:.1f} "
                      f"candidates a second, {ratio:.2f} times as many; the winner of all takes "
                      f"{result.get('ratio', 0):.4f} times as long as that of one", flush=True)
                return {**result, "code": result["code"] or int(not (result["enough"] and result["close"]))}
            self.step(f"judge/{name}", 12, judge)

    def killer(self, cache, journal, done, report):
        """Kills a worker that measures, once the search is under way, and remembers all workers."""
        seen = set()
        while not done.wait(0.05):
            workers = [child for tuner in children_of(os.getpid()) if has_cache(tuner, cache)
                       for child in children_of(tuner)]
            seen.update(workers)
            trials = sum("trial" in line for line in journal_of(journal)[0])
            if "killed" not in report and trials >= self.options.kill_after and workers:
                # Those that measure have a GPU's memory in their address space, those that compile have not.
                largest = max(workers, key=address_space)
                report.update(killed=largest, pages=sorted(map(address_space, workers)), after=trials)
                os.kill(largest, signal.SIGKILL)
        report["workersSeen"] = sorted(seen)

    def kill(self):
        name, problem = next(iter(PROBLEMS.items()))

        def search():
            cache, journal = self.cache("kill"), self.out / "kill.journal"
            done, report = threading.Event(), {}
            watcher = threading.Thread(target=self.killer, args=(cache, journal, done, report))
            watcher.start()
            try:
                result = self.search("kill", problem, "all", self.options.budget, "kill")
            finally:
                done.set()
                watcher.join()
            time.sleep(1)
            left = [worker for worker in report["workersSeen"] if pathlib.Path(f"/proc/{worker}").exists()]
            result.update(report, processesLeft=left, torn=journal_of(journal)[1],
                          verify=self.run_tool("kill", ["cache", "verify"], 30))
            right = self.results["steps"].get(f"rate/{name}/all", {}).get("best")
            if right and result.get("best"):
                judged = self.race("kill", problem, right, result["best"])
                result.update(overRight=judged.get("ratio"), right=judged.get("ratio", 9) <= CLOSE)
            whole = ("killed" in result and not result["processesLeft"] and not result["torn"] and
                     result["verify"]["code"] == 0 and result.get("right"))
            return {**result, "code": result["code"] or int(not whole)}
        self.step("kill", self.options.budget + 15, search)


PARTS = {"gpu_tests": TwoGpus.tests, "rate": TwoGpus.rate, "kill": TwoGpus.kill}


def main():
    parser = campaign.options_of(__doc__, PARTS, deadline=190, budget=16)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--kill-after", type=int, default=15, help="trials")
    return campaign.run(TwoGpus, PARTS, parser)


if __name__ == "__main__":
    sys.exit(main())
