"""What a result was measured on, and where it is kept."""

import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import time

PACKAGES = ("torch", "triton", "nvidia-cudnn-cu13", "flash-attn-4", "nvidia-cudnn-frontend",
            "nvidia-cutlass-dsl", "flashinfer-python", "flash-attn-3", "magi-attention",
            "spas-sage-attn", "fastvideo-kernel")


class NoGpu(Exception):
    """There is nothing to measure on."""


def needs_gpu():
    try:
        import torch
    except ImportError:
        raise NoGpu("the peers run in PyTorch, which this Python does not have: "
                    "python3 -m pip install torch") from None
    if not torch.cuda.is_available():
        raise NoGpu("this machine has no NVIDIA GPU that PyTorch can use")


def query(*fields):
    """What nvidia-smi says of the first GPU; None of each where it says nothing."""
    if not shutil.which("nvidia-smi"):
        return [None] * len(fields)
    done = subprocess.run(["nvidia-smi", "--id=0", f"--query-gpu={','.join(fields)}",
                           "--format=csv,noheader"], capture_output=True, text=True)
    values = [value.strip() for value in done.stdout.split(",")]
    return values if done.returncode == 0 and len(values) == len(fields) else [None] * len(fields)


def commit():
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                          cwd=pathlib.Path(__file__).parent) if shutil.which("git") else None
    return done.stdout.strip() if done and done.returncode == 0 else "unknown"


def versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def facts():
    import torch
    driver, greatest, limit = query("driver_version", "clocks.max.sm", "power.limit")
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "gpu": torch.cuda.get_device_name(),
            "driver": driver, "greatest clock": greatest, "power limit": limit,
            "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
            "packages": versions()}


def save(document, path):
    """Whole or not at all, as a run may be cut off."""
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    os.replace(part, path)
