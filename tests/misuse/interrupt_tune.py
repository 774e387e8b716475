"""Interrupts and kills a search: what was measured is kept, and no process is left.

usage: interrupt_tune.py PATH_OF_HALFTONE
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

halftone = os.path.abspath(sys.argv[1])


def children_of(process):
    """Workers: processes whose parent is this one."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(status.parent.name))
    return found


def are_gone(processes):
    for _ in range(150):
        if not any(os.path.exists(f"/proc/{process}") for process in processes):
            return True
        time.sleep(0.02)
    return False


def outcomes(journal):
    """Trials that the journal has; every line but a torn last one is whole."""
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    return [line for line in map(json.loads, lines) if "trial" in line]


with tempfile.TemporaryDirectory() as folder:
    journal = pathlib.Path(folder) / "journal"
    command = [halftone, "tune", "--target", "cpu", "--tokens", "1500", "--heads", "2", "--pattern", "causal",
               "--budget", "300s", "--journal", str(journal)]
    environment = dict(os.environ, HALFTONE_CACHE_DIR=str(pathlib.Path(folder) / "cache"))

    def start(*more):
        return subprocess.Popen(command + list(more), cwd=folder, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for_outcomes(process, count):
        for _ in range(1200):
            assert process.poll() is None, f"it ended by itself: {process.communicate()}"
            if len(outcomes(journal)) >= count:
                return
            time.sleep(0.05)
        raise AssertionError(f"no {count} outcomes in a minute")

    killed = start()
    wait_for_outcomes(killed, 2)
    workers = children_of(killed.pid)
    assert len(workers) == 2, f"{len(workers)} workers, not one that compiles and one that measures"
    killed.kill()
    killed.wait()
    assert are_gone(workers), "workers outlive a tuner that was killed"
    known = [line["trial"] for line in outcomes(journal)]

    process = start("--resume")
    wait_for_outcomes(process, len(known) + 2)
    workers = children_of(process.pid)
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    seconds = time.monotonic() - before
    assert process.returncode == 130, f"exit code {process.returncode}, not 130: {errors}"
    assert seconds < 2, f"it took {seconds:.1f} s to end"
    assert are_gone(workers), "workers are left"
    assert "best     tileQ=" in output, output
    trials = [line["trial"] for line in outcomes(journal)]
    assert trials[:len(known)] == known, "what was measured before is gone"
    assert len(trials) == len(set(trials)), "a trial was measured again"
    left = sorted(path.name for path in pathlib.Path(folder).iterdir())
    assert left == ["journal"] or left == ["cache", "journal"], f"it left {left}"
