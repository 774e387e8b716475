"""Our side: bench_gpu, prepared once and timed on request, and what `halftone run` computes of the
peers' own tensors."""

import json
import pathlib
import subprocess
import tempfile

import tensor_files


class OursFailed(Exception):
    """One of our programs failed; what it said is the text."""


def output_of(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise OursFailed(f"exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Programs:
    """The programs in one folder, and options that they all take."""

    def __init__(self, folder, options=()):
        self.folder, self.options = pathlib.Path(folder), list(options)

    def halftone(self, *arguments):
        return [self.folder / "halftone", *arguments]

    def draw(self, case, row, path):
        output_of(self.halftone("mask", *case.sizes, *case.pattern(row), "--out", path))


class TimedKernel:
    """One row's kernel in a bench_gpu of its own. It starts to compile at once; `ready` waits."""

    def __init__(self, programs, case, row, schedule, warm_up, seconds):
        command = [programs.folder / "bench_gpu", *case.options(row), *programs.options,
                   "--on-request", "--warm-up", warm_up, "--seconds", seconds]
        if schedule:
            command += ["--schedule", schedule]
        self.command = list(map(str, command))
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.said, text=True, bufsize=1)

    def _answer(self):
        line = self.process.stdout.readline()
        try:
            return json.loads(line)
        except ValueError:
            # An error is a document of several lines: what it says is on standard error, too.
            self.process.stdin.close()
            self.process.stdout.read()
            self.process.wait()
            self.said.seek(0)
            raise OursFailed(self.said.read().strip() or "bench_gpu said nothing") from None

    def ready(self):
        """What is known of the kernel: its schedule, registers, kept pairs, times of preparing."""
        return self._answer()

    def time(self):
        try:
            self.process.stdin.write("time\n")
        except OSError:
            pass  # it is gone; the answer says why
        return self._answer()

    def close(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.said.close()


def computed(programs, case, row, schedule, inputs, heads, folder):
    """Our output for the tensors in the file `inputs`, [1, head, token, depth]."""
    output = pathlib.Path(folder) / "ours.safetensors"
    output_of(programs.halftone("run", *case.options(row, heads), *programs.options, "--schedule",
                                schedule, "--layout", "bhsd", "--repeat", 1, "--input", inputs,
                                "--output", output))
    made = tensor_files.read(output, "o").cuda()
    output.unlink()
    return made
