"""Interrupts a long run: exit code 130, and nothing is left behind.

usage: interrupt.py PATH_OF_HALFTONE
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

with tempfile.TemporaryDirectory() as folder:
    # Minutes of work on any CPU; the seconds before the signal reach the middle of it.
    process = subprocess.Popen([os.path.abspath(sys.argv[1]), "run", "--target", "cpu", "--tokens", "100000",
                                "--heads", "4", "--output", "o.safetensors"], cwd=folder)
    time.sleep(3)
    assert process.poll() is None, f"it ended by itself with exit code {process.returncode}"
    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=30)
    assert code == 130, f"exit code {code}, not 130"
    assert os.listdir(folder) == [], f"it left {os.listdir(folder)}"
