"""Runs every `halftone ...` line of the ```sh blocks of the given pages and fails when one fails.

usage: run_commands.py PATH_OF_HALFTONE PAGE...
A line of `./dev ...` is only checked to name a verb that ./dev lists. A comment "# needs a GPU" at
the end of a line says that the command ends with exit code 4 where there is none. A file that a command
writes into docs/ must be the committed one, to the byte.
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
passed = failed = 0
with tempfile.TemporaryDirectory() as scratch:
    # The machine's own cache stays out of it.
    environment = dict(os.environ, HALFTONE_CACHE_DIR=str(pathlib.Path(scratch) / "cache"))
    written = pathlib.Path(scratch) / "docs"
    written.mkdir()
    for page in pages:
        for block in re.findall(r"```sh\n(.*?)```", pathlib.Path(page).read_text(), re.S):
            for line in re.sub(r"\\\n\s*", " ", block).splitlines():
                words = shlex.split(line, comments=True)
                if not words:
                    continue
                if words[0] == "./dev":
                    good, output = len(words) == 1 or words[1] in verbs, "no such verb"
                elif words[0].split("/")[-1] == "halftone":
                    done = subprocess.run([str(halftone)] + words[1:], cwd=scratch, capture_output=True,
                                          text=True, timeout=300, env=environment)
                    allowed = (0, 4) if "# needs a GPU" in line else (0,)
                    good, output = done.returncode in allowed, f"exit code {done.returncode}: {done.stderr}"
                else:
                    good, output = False, "neither ./dev nor halftone"
                passed, failed = passed + good, failed + (not good)
                if not good:
                    print(f"{page}: {line}\n  {output}")
    for file in written.iterdir():
        committed = pathlib.Path("docs") / file.name
        good = committed.exists() and committed.read_bytes() == file.read_bytes()
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"{committed} is not what its command writes: run the command in the root and commit the file")
print(f"{passed} passed, {failed} failed")
sys.exit(0 if failed == 0 and passed else 1)
