"""Runs every `halftone ...` line of the ```sh blocks of the given pages and fails when one fails.

usage: run_commands.py PATH_OF_HALFTONE PAGE...
A line of `./dev ...` is only checked to name a verb that ./dev lists. A comment "# needs a GPU" at
the end of a line says that the command ends with exit code 4 where there is none, "# needs nvdisasm"
with 3. A file that a command writes into docs/ must be the committed one, to the byte.

A ```text, ```mlir or ```ptx block right after a ```sh block quotes what its last command prints: its lines
are there, in this order; blanks at the ends do not count, "…" is anything, on its own line any lines.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

halftone, pages = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
verbs = set(re.findall(r"^  ([a-z-]+) ", subprocess.run(["./dev"], capture_output=True, text=True).stdout, re.M))
needs = {"# needs a GPU": 4, "# needs nvdisasm": 3}
blocks = re.compile(r"```sh\n(.*?)```(?:\s*```(?:text|mlir|ptx)\n(.*?)```)?", re.S)


def unquoted(quote, output):
    """The first line of `quote` that is not in `output` where it should be, or None."""
    lines, at = [line.strip() for line in output.splitlines()], 0
    for line in quote.splitlines():
        if line.strip() == "…":
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.strip().split("…")))
        at = next((i + 1 for i in range(at, len(lines)) if pattern.fullmatch(lines[i])), None)
        if at is None:
            return line
    return None


passed = failed = 0
with tempfile.TemporaryDirectory() as scratch:
    # The machine's own cache stays out of it.
    environment = dict(os.environ, HALFTONE_CACHE_DIR=str(pathlib.Path(scratch) / "cache"))
    written = pathlib.Path(scratch) / "docs"
    written.mkdir()
    for page in pages:
        for block, quote in blocks.findall(pathlib.Path(page).read_text()):
            for line in re.sub(r"\\\n\s*", " ", block).splitlines():
                words = shlex.split(line, comments=True)
                if not words:
                    continue
                if words[0] == "./dev":
                    good, output = len(words) == 1 or words[1] in verbs, "no such verb"
                elif words[0].split("/")[-1] == "halftone":
                    done = subprocess.run([str(halftone)] + words[1:], cwd=scratch, capture_output=True,
                                          text=True, timeout=300, env=environment)
                    allowed = [0] + [code for need, code in needs.items() if need in line]
                    good, output = done.returncode in allowed, f"exit code {done.returncode}: {done.stderr}"
                    printed = done.stdout if done.returncode == 0 else None
                else:
                    good, output = False, "neither ./dev nor halftone"
                passed, failed = passed + good, failed + (not good)
                if not good:
                    print(f"{page}: {line}\n  {output}")
            if quote and printed is not None:
                wrong = unquoted(quote, printed)
                passed, failed = passed + (wrong is None), failed + (wrong is not None)
                if wrong is not None:
                    print(f"{page}: {line}\n  does not print, in this place: {wrong}")
    for file in written.iterdir():
        committed = pathlib.Path("docs") / file.name
        good = committed.exists() and committed.read_bytes() == file.read_bytes()
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"{committed} is not what its command writes: run the command in the root and commit the file")
print(f"{passed} passed, {failed} failed")
sys.exit(0 if failed == 0 and passed else 1)
