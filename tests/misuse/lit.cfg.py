# A .test file is a list of commands that must be refused; misuse_format.py says how it is written.
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
import misuse_format

config.name = "halftone-misuse"
config.suffixes = [".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_format = misuse_format.MisuseFormat(config.halftone)

doctor = subprocess.run([config.halftone, "doctor", "--json"], capture_output=True, text=True)
machine = json.loads(doctor.stdout) if doctor.returncode == 0 else {}
config.available_features.add("gpu" if machine.get("gpus") else "no-gpu")
