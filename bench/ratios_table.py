"""ratios_table.py [--check] [RESULTS]: the tables of README.md and docs/performance.md, from a file that
bench/peers/compare.py wrote.

Writes each table between its marks, <!-- begin NAME --> and <!-- end NAME -->; with --check only says
what is not as it would be written, and fails. RESULTS is by default the newest file of an H200 in
bench/results that has `ratios`."""

import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/performance.md")
NOTHING = "There is no such comparison in `bench/results` yet."


def newest(folder):
    """The last by name, which begins with the date."""
    for path in sorted(folder.glob("*h200*.json"), reverse=True):
        if json.loads(path.read_text()).get("ratios"):
            return path
    return None


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value, digits):
    return "–" if value is None else f"{value:.{digits}f}"


def source(document, name):
    driver = f", driver {document['driver']}" if document.get("driver") else ""
    return f"{document['gpu']}{driver}, commit {document['commit']}: `{name}`, by `{document['command']}`"


def ratios(document, name):
    rows = [[row["name"], number(row["ours_ms"], 2), number(row["kept_tflops"], 0),
             number(row["overCudnn"], 2), number(row["overMatmul"], 2),
             number(row["overBestPeer"], 2), row["bestPeer"] or "–"]
            for row in document["ratios"]]
    return table(["problem", "ms", "TFLOP/s", "over cuDNN", "over matrix product", "over best peer",
                  "best peer"], rows) + "\n\n" + source(document, name)


def rates(document, name):
    """TFLOP/s of everyone on every problem."""
    titles = document["peers"]
    timed = [key for key in titles if any(entry["name"] == key for problem in document["problems"]
                                          for entry in problem["timed"])]
    rows = []
    for problem in document["problems"]:
        others = {entry["name"]: entry for entry in problem["timed"]}
        ours = {entry["row"]: entry for entry in problem["timed"] if entry["name"] == "halftone"}
        for row, entry in ours.items():
            same = row == problem["name"]
            rows.append([row, number(entry["tflops"], 0)]
                        + [number(others[key]["tflops"] if same and key in others else None, 0)
                           for key in ("matmul", *timed)])
    return table(["problem", "halftone", "matrix product", *(titles[key] for key in timed)], rows)


def planning(document, name):
    """What a first call costs, and what another mask does, on the first problem with blocks."""
    problem = next((problem for problem in document["problems"] if problem["mask"] == "blocks"), None)
    if not problem:
        return NOTHING
    rows = []
    for entry in problem["timed"]:
        if entry["name"] == "halftone" and entry["row"] == problem["name"]:
            rows.insert(0, ["halftone", number(entry["compile ms"] / 1e3, 1), number(entry["plan ms"], 2)])
        elif entry.get("planning ms") is not None:
            rows.append([entry["title"], number(entry["first call s"], 1),
                         number(entry["planning ms"], 2)])
    return table([f"`{problem['name']}`", "first call, s", "another mask, ms"], rows)


TABLES = {"ratios": ratios, "rates": rates, "planning": planning}


def filled(text, document, name):
    """A page's text with its tables."""
    def block(found):
        made = TABLES[found[1]](document, name) if document else NOTHING
        return f"<!-- begin {found[1]} -->\n{made}\n<!-- end {found[1]} -->"

    return re.sub(r"<!-- begin (\w+) -->\n.*?<!-- end \1 -->", block, text, flags=re.S)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page differs")
    parser.add_argument("results", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    path = options.results or newest(ROOT / "bench/results")
    document = json.loads(path.read_text()) if path else None
    if document and not document.get("ratios"):
        sys.exit(f"ratios_table: {path} has no ratios")
    name = f"bench/results/{path.name}" if path else ""
    different = []
    for page in PAGES:
        text = (ROOT / page).read_text()
        if "<!-- begin ratios -->" not in text:
            sys.exit(f"ratios_table: {page} has no <!-- begin ratios -->")
        made = filled(text, document, name)
        if made != text:
            different.append(page)
            if not options.check:
                (ROOT / page).write_text(made)
    if options.check and different:
        sys.exit(f"ratios_table: {', '.join(different)}: not what {name or 'bench/results'} says; "
                 "run python3 bench/ratios_table.py")


if __name__ == "__main__":
    main()
