"""Google Benchmark's own compare.py reads what `halftone bench --compare` writes: two runs, and two patterns of one.

usage: google_benchmark_compare.py HALFTONE
"""
import json
import pathlib
import subprocess
import sys
import tempfile

tool = "/usr/share/benchmark/compare.py"
repeats = 9  # what its U test asks for


def python_with_scipy():
    """compare.py is not a program of this one's interpreter: whichever has what it needs."""
    for python in (sys.executable, "/usr/bin/python3"):
        if pathlib.Path(python).exists() and subprocess.run([python, "-c", "import scipy.stats"],
                                                            capture_output=True).returncode == 0:
            return python
    return None


def compare(python, folder, mode, *arguments):
    """What it found: of each name its measurements and its U test."""
    done = subprocess.run([python, tool, "--no-color", "--dump_to_json", "found.json", mode, *arguments], cwd=folder,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {entry["name"]: entry for entry in json.loads((folder / "found.json").read_text())}


def main():
    python = python_with_scipy()
    if not pathlib.Path(tool).exists() or not python:
        print("[SKIP] there is no compare.py: on Debian, `apt-get install libbenchmark-tools python3-scipy`")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        launches = {}
        for name in ("old.json", "new.json"):
            subprocess.run([pathlib.Path(sys.argv[1]).resolve(), "bench", "--compare", "radial,window", "--frames", "4",
                            "--height", "8", "--width", "8", "--head-dim", "32", "--target", "cpu", "--repeat",
                            str(repeats), "--out", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            entries = json.loads((folder / name).read_text())["benchmarks"]
            launches[name] = {pattern: [entry["real_time"] for entry in entries if entry["name"] == pattern]
                              for pattern in ("radial", "window", "dense")}

        found = compare(python, folder, "benchmarks", "old.json", "new.json")
        for pattern, times in launches["old.json"].items():
            measured = found[pattern]["measurements"]
            assert [one["real_time"] for one in measured] == times, (measured, times)
            assert [one["real_time_other"] for one in measured] == launches["new.json"][pattern], measured
            assert found[pattern]["utest"]["have_optimal_repetitions"], found[pattern]["utest"]
            assert len(found[pattern + "_median"]["measurements"]) == 1
            print(f"{pattern}: {len(measured)} launches compared")

        found = compare(python, folder, "filters", "old.json", "radial", "window")
        measured = found["[radial vs. window]"]["measurements"]
        assert [one["real_time"] for one in measured] == launches["old.json"]["radial"]
        assert [one["real_time_other"] for one in measured] == launches["old.json"]["window"]
        print("radial and window of one run compared")


if __name__ == "__main__":
    main()
