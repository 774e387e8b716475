"""Measures the tuner on this machine's GPUs, and makes the configurations that come with Halftone.

usage: tuning_campaign.py --halftone FILE --out FOLDER [--parts tune,sweep,...] [--deadline SECONDS]

Parts, in this order:
  faults   gpu_tests' search among kernels that hang, trap and write where they should not (beside halftone)
  ahead    the example's kernels compiled ahead of time (beside halftone) run and match
  tune     `halftone tune --budget 60s --report` for four radial problems, at all heads; these are kept
  sweep    every schedule of each problem, at few heads; then its best three and the tuner's in turns at all heads
  repeat   ten searches with other seeds, then their winners in turns
  presets  shorter searches: every preset at its length and four times that, other patterns; these are kept

FOLDER/campaign.json is written after every step; a second run with the same FOLDER goes on from it. What is kept is
in FOLDER/tuned.json, as `halftone cache export` writes it. Steps of one part run on all GPUs side by side, except
for a sweep, which has all of them. No step is begun, and none goes on, after the deadline.
"""
import sys

import campaign
from campaign import Campaign

RADIAL = ["--pattern", "radial", "--rounding", "reference"]
# Name: the problem, and heads for a sweep that takes minutes, not hours.
PROBLEMS = {
    "wan-69": (["--preset", "wan2.1-14b:1280x768x69", *RADIAL], 4),
    "wan-81": (["--preset", "wan2.1-14b:1280x720x81", *RADIAL], 4),
    "hunyuan-117": (["--preset", "hunyuan-video:1280x720x117", *RADIAL], 4),
    "hunyuan-509": (["--preset", "hunyuan-video:1280x720x509", *RADIAL], 1),
}
PRESETS = {  # name: (problem, seconds)
    "wan2.1-14b-321": (["--preset", "wan2.1-14b:1280x720x321", *RADIAL], 60),
    "wan2.1-1.3b-81": (["--preset", "wan2.1-1.3b:832x480x81", *RADIAL], 20),
    "wan2.1-1.3b-321": (["--preset", "wan2.1-1.3b:832x480x321", *RADIAL], 30),
    "wan2.2-a14b-81": (["--preset", "wan2.2-a14b:1280x720x81", *RADIAL], 30),
    "wan2.2-a14b-321": (["--preset", "wan2.2-a14b:1280x720x321", *RADIAL], 60),
    "mochi-163": (["--preset", "mochi-1:848x480x163", *RADIAL], 20),
    "mochi-649": (["--preset", "mochi-1:848x480x649", *RADIAL], 44),
    "wan-81-exact": (["--preset", "wan2.1-14b:1280x720x81", "--pattern", "radial"], 36),
    "hunyuan-117-exact": (["--preset", "hunyuan-video:1280x720x117", "--pattern", "radial"], 36),
    "causal-32k": (["--tokens", "32768", "--heads", "16", "--head-dim", "128", "--pattern", "causal"], 20),
    "wan-81-dense": (["--preset", "wan2.1-14b:1280x720x81", "--pattern", "dense"], 50),
    "wan-81-tile-window": (["--preset", "wan2.1-14b:1280x720x81", "--pattern", "tile-window"], 30),
    "window-64k": (["--tokens", "65536", "--heads", "16", "--head-dim", "128", "--pattern", "window",
                    "--window", "2048"], 20),
}
BUDGET, REPEATS, CLOSE = 60, 10, 1.02


class TuningCampaign(Campaign):
    def faults(self):
        self.gpu_tests("faults/gpu_tests", "*faults on the GPU*", 60, 150, "1 passed, 0 failed, 0 skipped")

    def ahead(self):
        for name in ("ahead_of_time", "ahead_on_gpu"):
            def matches():
                done = self.run([str(self.beside(name))], "ahead", 60)
                return {**done, "code": done["code"] or int("matches" not in done["out"] or "skipped" in done["out"])}
            self.step(f"ahead/{name}", 5, matches)

    def problems(self):
        return {name: PROBLEMS[name] for name in self.options.problems.split(",")}

    def searches(self):
        for name, (problem, _) in self.problems().items():
            yield name, [*self.problem(problem), "--budget", f"{self.options.budget}s", "--seed", "1", "--journal",
                         str(self.out / f"{name}.journal"), "--report", str(self.out / f"{name}.html")]

    def tune_part(self):
        def search(name, arguments, gpu):
            result = self.tune(f"tune-{name}", [*arguments, "--force"], self.options.budget + 60, gpu=gpu)
            result["withinBudget"] = result["seconds"] <= self.options.budget
            self.keep()
            return result
        self.steps([(f"tune/{name}", self.options.budget + 3,
                     lambda gpu, name=name, arguments=arguments: search(name, arguments, gpu))
                    for name, arguments in self.searches()])

    def sweep(self):
        for name, (problem, heads) in self.problems().items():
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
            best = sorted(swept["raced"], key=swept["raced"].get)[:self.options.judge_best]
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


PARTS = {"faults": TuningCampaign.faults, "ahead": TuningCampaign.ahead, "tune": TuningCampaign.tune_part,
         "sweep": TuningCampaign.sweep, "repeat": TuningCampaign.repeat,
         "presets": TuningCampaign.presets}


def main():
    parser = campaign.options_of(__doc__, PARTS, deadline=550, budget=BUDGET)
    parser.add_argument("--gpus", type=int, default=0, help="use the first N (default: all)")
    parser.add_argument("--sweep-heads", type=int, default=0, help="(default: each problem's own, 4 or 1)")
    parser.add_argument("--problems", default=",".join(PROBLEMS), help="of tune and sweep (default: %(default)s)")
    parser.add_argument("--judge-best", type=int, default=3, help="so many of a sweep's best against the tuner's")
    parser.add_argument("--sweep-options", default="", help="more options of the sweeps' `halftone tune`")
    parser.add_argument("--repeat-heads", type=int, default=8)
    parser.add_argument("--repeat-budget", type=int, default=12, help="seconds")
    return campaign.run(TuningCampaign, PARTS, parser)


if __name__ == "__main__":
    sys.exit(main())
