# What a test may say in its RUN lines: halftone, FileCheck, not, python3, %json PATH.
import json
import os
import subprocess
import sys

import lit.formats

config.name = "halftone-cli"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".test"]
config.test_source_root = os.path.dirname(__file__)
config.environment["NO_COLOR"] = "1"

for name, path in [("halftone", config.halftone), ("FileCheck", config.filecheck), ("not", config.llvm_not)]:
    config.substitutions.append((r"(?<![\w/.-])%s(?![\w/.-])" % name, path))
# Prints the values of one JSON document on standard input that the paths name, one a line.
config.substitutions.append(("%json", "%s %s/json_values.py" % (sys.executable, config.test_source_root)))

config.substitutions.append(("%python", sys.executable))

doctor = subprocess.run([config.halftone, "doctor", "--json"], capture_output=True, text=True)
machine = json.loads(doctor.stdout) if doctor.returncode == 0 else {}
config.available_features.add("gpu" if machine.get("gpus") else "no-gpu")
if machine.get("ptxas"):
    config.available_features.add("ptxas")
