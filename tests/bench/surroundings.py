"""Where the tests of the benches find what they test."""

import os
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(root / "bench"), str(root / "bench/peers")]

halftone = os.environ.get("HALFTONE")
bench_gpu = os.environ.get("BENCH_GPU")
fake_driver = os.environ.get("FAKE_DRIVER")
