"""From times to ratios, and from a file of results to the tables of the pages."""

import copy
import pathlib
import json
import shutil
import subprocess
import sys
import tempfile
import unittest

from surroundings import root
import rates
import ratios_table

# Made-up figures: 1 TFLOP of kept pairs in round numbers of milliseconds.
RESULTS = {
    "commit": "abc1234", "gpu": "A GPU", "driver": "1.2", "command": "compare.py --out x.json",
    "peers": {"cudnn": "cuDNN", "fa4": "Four", "fa2": "Two"},
    "problems": [
        {"name": "some blocks", "mask": "blocks", "timed": [
            {"name": "halftone", "row": "some blocks", "ms": 2.0, "tflops": 500.0, "compile ms": 400.0,
             "plan ms": 0.25},
            {"name": "halftone", "row": "exact", "ms": 4.0, "tflops": 225.0, "compile ms": 500.0,
             "plan ms": 0.5},
            {"name": "matmul", "ms": 1.0, "tflops": 625.0},
            {"name": "cudnn", "title": "cuDNN", "ms": 8.0, "tflops": 400.0, "planning ms": None,
             "first call s": 0.1, "work": "cuDNN dense"},
            {"name": "fa4", "title": "Four", "ms": 2.5, "tflops": 400.0, "planning ms": 0.3,
             "first call s": 5.5}]}],
    "ratios": [
        rates.ratio_row("some blocks", "tileQ=128", 2.0, 1e12, 400.0, {"Four": 2.5}, 625.0),
        rates.ratio_row("exact", "tileQ=128", 4.0, 0.9e12, 400.0, {"Four": 2.5}, 625.0)]}


class Ratios(unittest.TestCase):
    def test_a_row(self):
        row = rates.ratio_row("name", "tileQ=128", 2.0, 1e12, 400.0, {"Slow": 3.0, "Fast": 2.2}, 625.0)
        self.assertEqual(row["kept_tflops"], 500.0)
        self.assertEqual(row["overCudnn"], 1.25)
        self.assertEqual(row["overBestPeer"], 1.1)
        self.assertEqual(row["bestPeer"], "Fast")
        self.assertEqual(row["overMatmul"], 0.8)
        self.assertEqual(list(row), ["name", "ours_ms", "kept_tflops", "overCudnn", "overBestPeer",
                                     "bestPeer", "overMatmul", "schedule"])

    def test_what_was_not_timed_is_none(self):
        row = rates.ratio_row("name", "", 2.0, 1e12, None, {}, None)
        self.assertEqual([row[key] for key in ("overCudnn", "overBestPeer", "bestPeer", "overMatmul")],
                         [None] * 4)

    def test_rounds(self):
        self.assertEqual(rates.of_rounds([1.0, 2.0]), 1.5)
        self.assertEqual(rates.of_rounds([1.0, 9.0, 2.0]), 2.0)


class Tables(unittest.TestCase):
    def test_ratios(self):
        self.assertEqual(ratios_table.ratios(RESULTS, "bench/results/x.json").splitlines(), [
            "| problem | ms | TFLOP/s | over cuDNN | over matrix product | over best peer | best peer |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            "| some blocks | 2.00 | 500 | 1.25 | 0.80 | 1.25 | Four |",
            "| exact | 4.00 | 225 | 0.56 | 0.36 | 0.62 | Four |", "",
            "A GPU, driver 1.2, commit abc1234: `bench/results/x.json`, by `compare.py --out x.json`"])

    def test_rates_leave_out_who_was_never_timed(self):
        self.assertEqual(ratios_table.rates(RESULTS, "").splitlines()[0::2], [
            "| problem | halftone | matrix product | cuDNN | Four |",
            "| some blocks | 500 | 625 | 400 | 400 |"])
        self.assertIn("| exact | 225 | – | – | – |", ratios_table.rates(RESULTS, ""))

    def test_planning(self):
        self.assertEqual(ratios_table.planning(RESULTS, "").splitlines()[2:],
                         ["| halftone | 0.4 | 0.25 |", "| Four | 5.5 | 0.30 |"])

    def test_a_page_is_filled_between_its_marks_only(self):
        page = "before\n<!-- begin planning -->\nold\n<!-- end planning -->\nafter\n"
        made = ratios_table.filled(page, RESULTS, "x")
        self.assertTrue(made.startswith("before\n<!-- begin planning -->\n| `some blocks` |"))
        self.assertTrue(made.endswith("|\n<!-- end planning -->\nafter\n"))
        self.assertEqual(ratios_table.filled(made, RESULTS, "x"), made)
        self.assertIn(ratios_table.NOTHING, ratios_table.filled(page, None, ""))


class Script(unittest.TestCase):
    """In a copy of what it reads and writes."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "bench/results").mkdir(parents=True)
        (self.root / "docs").mkdir()
        shutil.copy(root / "bench/ratios_table.py", self.root / "bench")
        for page in ratios_table.PAGES:
            shutil.copy(root / page, self.root / page)

    def run_it(self, *arguments):
        done = subprocess.run([sys.executable, str(self.root / "bench/ratios_table.py"), *arguments],
                              capture_output=True, text=True)
        return done.returncode, done.stderr

    def keep(self, name, document):
        (self.root / "bench/results" / name).write_text(json.dumps(document))

    def test_the_newest_of_an_h200_counts_and_a_difference_fails(self):
        newer = copy.deepcopy(RESULTS)
        newer["ratios"][0]["ours_ms"] = 1.75
        self.keep("2026-01-01-h200.json", RESULTS)
        self.keep("2026-01-02-h100.json", RESULTS)
        self.keep("2026-01-03-h200.json", {"commit": "no ratios in it"})
        self.assertEqual(self.run_it(), (0, ""))
        self.assertEqual(self.run_it("--check"), (0, ""))
        readme = (self.root / "README.md").read_text()
        self.assertIn("| some blocks | 2.00 |", readme)
        self.assertIn("`bench/results/2026-01-01-h200.json`", readme)
        self.keep("2026-01-04-h200.json", newer)
        code, said = self.run_it("--check")
        self.assertEqual(code, 1)
        self.assertIn("README.md, docs/performance.md: not what bench/results/2026-01-04-h200.json says",
                      said)
        self.assertEqual(self.run_it(str(self.root / "bench/results/2026-01-01-h200.json"), "--check"),
                         (0, ""))

    def test_a_file_without_ratios_is_refused(self):
        self.keep("2026-01-03-h200.json", {"commit": "no ratios in it"})
        code, said = self.run_it(str(self.root / "bench/results/2026-01-03-h200.json"))
        self.assertEqual(code, 1)
        self.assertIn("has no ratios", said)


if __name__ == "__main__":
    unittest.main()
