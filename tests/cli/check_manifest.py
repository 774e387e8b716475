"""check_manifest.py <manifest> <query tokens>: whether the files beside a manifest are what it says."""
import hashlib
import json
import pathlib
import sys

path = pathlib.Path(sys.argv[1])
manifest = json.loads(path.read_text())
for name, facts in manifest["files"].items():
    content = (path.parent / name).read_bytes()
    assert len(content) == facts["bytes"], name
    assert hashlib.sha256(content).hexdigest() == facts["sha256"], name
beside = {entry.name for entry in path.parent.iterdir()} - {path.name}
assert beside == set(manifest["files"]), beside ^ set(manifest["files"])
assert hashlib.sha256(manifest["problem"].encode()).hexdigest() == manifest["problemSha256"]
print(len(manifest["files"]), "files match")

for image in manifest["images"]:
    plan = json.loads((path.parent / image["plan"]).read_text())
    assert plan["planFormat"] == image["planFormat"]
    heads = {head for _, head, *_ in plan["work"]}
    # Each head's query tiles, once each, begin where the tile before ends.
    for head in heads:
        queries = sorted(item[0] for item in plan["work"] if item[1] == head)
        assert queries == list(range(0, queries[-1] + 1, plan["tileQ"])), queries
    perStage = plan["tileK"] // plan["gather"] + plan["groupLists"] if plan["gather"] else 1
    if plan["planFormat"] == 5 and plan["groupLists"]:
        # The word after a whole stage is of two halves, each of all the warp groups.
        for _, _, _, first, full, _, whole, *_ in plan["work"]:
            words = plan["stages"][perStage * first + perStage - 1:perStage * (first + full):perStage]
            assert len(words) == full and all(word >> 16 == word & 0xFFFF for word in words[:whole]), words
    if plan["planFormat"] == 6:
        # Bits 3 to 5 of the word after a stage: who masks it, each with a page, numbered from bit 8 on.
        for _, _, _, first, full, partial, whole, *_ in plan["work"]:
            words = [plan["stages"][perStage * stage + perStage - 1] for stage in range(first + whole, first + full + partial)]
            assert all((word >> 8) + (word >> 3 & 7).bit_count() <= plan["maskPages"] for word in words)
    else:
        assert plan["maskPages"] == 0
    last = max((item[3] + item[4] + item[5]) for item in plan["work"])
    assert last * perStage <= len(plan["stages"]) and plan["keptPairs"] <= plan["coveredPairs"]
    assert queries[-1] < int(sys.argv[2]) <= queries[-1] + plan["tileQ"]
    print(image["target"], image["kind"], image["from"] + ",", f"plan of format {plan['planFormat']}:",
          len(heads), "heads")
