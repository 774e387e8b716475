"""Sustained times of calls on the GPU, and the clocks and power they ran at."""

import datetime
import math
import shutil
import statistics
import subprocess
import threading
import time


def sustained(call, warm_up, seconds):
    """The median time of one call in milliseconds, by events, over samples of at least 2 ms. The GPU
    never waits for Python: a sample is read when the next one has been handed over."""
    import torch

    def mark():
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def sample(calls):
        for _ in range(calls):
            call()
        return mark()

    marks = [mark(), sample(1)]
    marks[-1].synchronize()
    marks = [mark(), sample(1)]
    marks[-1].synchronize()
    calls = max(1, math.ceil(2 / max(marks[0].elapsed_time(marks[1]), 1e-3)))
    for wanted, kept in ((warm_up, False), (seconds, True)):
        marks, samples, spent = [mark(), sample(calls)], [], 0.0
        while spent < wanted * 1000 or (kept and len(samples) < 3):
            marks.append(sample(calls))
            marks[-2].synchronize()
            samples.append(marks[-3].elapsed_time(marks[-2]) / calls)
            spent += samples[-1] * calls
    torch.cuda.synchronize()
    return statistics.median(samples)


def planning(plan):
    """What `plan` made, and the median of its times in milliseconds, the first left out."""
    import torch
    plan()
    times = []
    for _ in range(3):
        torch.cuda.synchronize()
        start = time.perf_counter()
        made = plan()
        torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - start))
    return made, statistics.median(times)


class Clocks:
    """The clock and the power of a GPU, sampled by nvidia-smi where there is one."""

    FIELDS = ("timestamp", "clocks.sm", "power.draw", "temperature.gpu")
    NAMES = ("clock MHz", "power W", "temperature C")

    def __init__(self, gpu=0, interval_ms=50):
        self.samples, self.process = [], None
        if not shutil.which("nvidia-smi"):
            return
        self.process = subprocess.Popen(
            ["nvidia-smi", f"--id={gpu}", f"--query-gpu={','.join(self.FIELDS)}",
             "--format=csv,noheader,nounits", f"-lms={interval_ms}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if sample := self.parsed(line):
                self.samples.append(sample)

    @staticmethod
    def parsed(line):
        """When, in seconds since the epoch, and the values; None where the GPU does not say."""
        try:
            at, *values = line.split(",")
            moment = datetime.datetime.strptime(at.strip(), "%Y/%m/%d %H:%M:%S.%f").timestamp()
            return moment, [float(value) for value in values]
        except ValueError:
            return None

    def between(self, begin, end):
        """The means of the samples of a time; empty where there are none."""
        values = [value for at, value in list(self.samples) if begin <= at <= end]
        if not values:
            return {}
        return {name: round(statistics.fmean(column), 1)
                for name, column in zip(self.NAMES, zip(*values))}

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
