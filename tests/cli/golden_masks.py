"""Draws every mask of the manifest with `halftone mask` and compares the SHA-256 of the PBM.

usage: golden_masks.py PATH_OF_HALFTONE MANIFEST
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

halftone, manifest = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
failed = 0
with tempfile.TemporaryDirectory() as scratch:
    for mask in manifest:
        out = pathlib.Path(scratch) / (mask["name"] + ".pbm")
        command = [halftone, "mask", "--pattern", "radial", "--rounding", "reference",
                   "--frames", str(mask["frames"]), "--tokens-per-frame", str(mask["tokens_per_frame"]),
                   "--text", str(mask["text_tokens"]), "--decay", str(mask["decay"]),
                   "--block", str(mask["block"]), "--sink" if mask["model"] == "wan" else "--no-sink",
                   "--out", str(out), "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            problem = f"exit code {done.returncode}: {done.stderr}"
        else:
            kept = json.loads(done.stdout)["keptBlocks"]
            digest = hashlib.sha256(out.read_bytes()).hexdigest()
            problem = (f"{kept} blocks kept, not {mask['kept']}" if kept != mask["kept"] else
                       f"SHA-256 {digest}, not {mask['sha256']}" if digest != mask["sha256"] else "")
        failed += bool(problem)
        print(f"{mask['name']}: {problem or 'as it should be'}")
print(f"{len(manifest) - failed} of {len(manifest)} masks are as they should be")
sys.exit(1 if failed or len(manifest) != 6 else 0)
