"""The format of the misuse tests: commands that must be refused, with what they print.

    # A comment.
    requires: no-gpu                  only where lit has this feature
    with short.safetensors            put this file of bad_files.py into the empty working folder
    $ halftone mask --frames 0        run; the words are split as a shell does
    exit 2
    halftone mask: error: ...         all of standard error, line by line; {{...}} is a regular
                                      expression, for what differs between machines

Standard output must be empty, or, of a command with --json, one document that holds the same message
and exit code. The working folder must hold afterwards what it held before.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

import bad_files
import lit.formats
import lit.Test


class Case:
    def __init__(self, line, command, files):
        self.line, self.words, self.files = line, shlex.split(command), list(files)
        self.code, self.expected = None, []


def read_cases(path):
    """The cases of a file, and the feature that they need."""
    cases, files, feature = [], [], None
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        if line.startswith("#") or (not line and not cases):
            continue
        if line.startswith("requires: "):
            feature = line.split()[1]
        elif line.startswith("with "):
            files.append(line.split()[1])
        elif line.startswith("$ "):
            cases.append(Case(number, line[2:], files))
            files = []
        elif line.startswith("exit ") and cases and cases[-1].code is None:
            cases[-1].code = int(line.split()[1])
        elif line:
            cases[-1].expected.append(line)
    return cases, feature


def folder_state(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(pathlib.Path(folder).rglob("*"))}


def matches(expected, actual):
    """Whether a line of output is the expected one."""
    parts = re.split(r"\{\{(.*?)\}\}", expected)
    return re.fullmatch("".join(part if i % 2 else re.escape(part) for i, part in enumerate(parts)), actual)


def problem_of(case, halftone):
    """What is wrong with how the command was refused; empty when nothing is."""
    if not case.words or case.words[0] != "halftone" or not case.code or not case.expected:
        return "not a case: it needs a command, an exit code above 0 and a message"
    with tempfile.TemporaryDirectory() as folder:
        for name in case.files:
            (pathlib.Path(folder) / name).write_bytes(bad_files.make(name))
        before = folder_state(folder)
        # The machine's own cache stays out of it: here there is none, and none can be made.
        environment = dict(os.environ, HALFTONE_CACHE_DIR="/proc/halftone-cache")
        done = subprocess.run([halftone] + case.words[1:], cwd=folder, capture_output=True, text=True,
                              timeout=60, env=environment)
        if done.returncode != case.code:
            return f"exit code {done.returncode}, not {case.code}; it said:\n{done.stderr}"
        lines = done.stderr.splitlines()
        if len(lines) != len(case.expected) or not all(map(matches, case.expected, lines)):
            return "it said:\n" + done.stderr + "and not:\n" + "\n".join(case.expected)
        if folder_state(folder) != before:
            return f"it left {sorted(folder_state(folder))}, where {sorted(before)} was"
        if "--json" not in case.words:
            return f"standard output is not empty:\n{done.stdout}" if done.stdout else ""
        error = json.loads(done.stdout)["error"]
        if error["code"] != case.code or error["message"] not in case.expected[0]:
            return f"the document is {done.stdout}"
    return ""


class MisuseFormat(lit.formats.FileBasedTest):
    def __init__(self, halftone):
        self.halftone = halftone

    def execute(self, test, lit_config):
        cases, feature = read_cases(test.getSourcePath())
        if feature and feature not in test.config.available_features:
            return lit.Test.UNSUPPORTED, f"needs {feature}"
        if not cases:
            return lit.Test.UNRESOLVED, "no command in it"
        report = []
        for case in cases:
            problem = problem_of(case, self.halftone)
            if problem:
                report.append(f"{test.getSourcePath()}:{case.line}: {' '.join(case.words)}\n{problem}")
        return (lit.Test.FAIL, "\n".join(report)) if report else (lit.Test.PASS, "")
