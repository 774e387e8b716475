"""Masks as intervals, kept pairs, the files that carry masks and tensors, and what nvidia-smi says."""

import io
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

from surroundings import halftone
import masks
import problems
import tensor_files
import timing


def picture(rows):
    """The text of a mask, # for kept, as a .pbm's bytes."""
    data = b""
    for row in rows:
        bits = row.replace("#", "1").replace(".", "0")
        bits += "0" * (-len(bits) % 8)
        data += bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8))
    return data


class BlockMasks(unittest.TestCase):
    ROWS = ["##.......#",
            ".#.##.....",
            "..........",
            "##########"] + [".........#"] * 6

    def setUp(self):
        # 10 blocks of 64, the last of 24 tokens.
        self.mask = masks.Blocks(600, 64, 10, picture(self.ROWS))

    def test_runs(self):
        self.assertEqual(self.mask.key_runs(0), [(0, 128), (576, 600)])
        self.assertEqual(self.mask.key_runs(127), [(64, 128), (192, 320)])
        self.assertEqual(self.mask.key_runs(128), [])
        self.assertEqual(self.mask.key_runs(599), [(576, 600)])
        self.assertEqual(self.mask.kept_blocks(), 3 + 3 + 10 + 6)

    def test_kept_pairs_count_ragged_ends_by_their_size(self):
        each = sum(end - first for query in range(600) for first, end in self.mask.key_runs(query))
        self.assertEqual(self.mask.kept_pairs(), each)
        self.assertEqual(masks.Blocks(600, 64, 10, picture(["#" * 10] * 10)).kept_pairs(), 600 ** 2)

    def test_a_mask_of_another_size_is_refused(self):
        with self.assertRaisesRegex(ValueError, "10 columns in 20 bytes is none of 641 tokens"):
            masks.Blocks(641, 64, 10, picture(self.ROWS))

    def test_reading(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "mask.pbm"
            path.write_bytes(b"P4\n10 10\n" + picture(self.ROWS))
            self.assertEqual(masks.Blocks.read(path, 600, 64).rows, self.mask.rows)
            path.write_bytes(b"P4\n10 9\n" + picture(self.ROWS))
            with self.assertRaisesRegex(ValueError, "not a square"):
                masks.Blocks.read(path, 600, 64)

    def test_interval_ends(self):
        ends = masks.interval_ends
        self.assertEqual(ends([(0, 128), (576, 600)], 600), [128, 576, 600])
        self.assertEqual(ends([(64, 128), (192, 320)], 600), [0, 64, 128, 192, 320])
        self.assertEqual(ends([], 600, 5), [0, 600, 600, 600, 600])
        self.assertEqual(ends([(0, 600)], 600, 3), [600, 600, 600])


class OtherMasks(unittest.TestCase):
    def test_causal_and_dense(self):
        self.assertEqual(masks.Causal(10).key_runs(3), [(0, 4)])
        self.assertEqual(masks.Causal(10).kept_pairs(), 55)
        self.assertEqual(masks.Dense(10).kept_pairs(), 100)

    def test_radial_pairs_are_those_of_its_runs(self):
        for clip in (masks.RadialTokens(5, 300, 0.2), masks.RadialTokens(9, 200, 0.4, sink=False)):
            each = sum(end - first for query in range(clip.tokens)
                       for first, end in clip.key_runs(query))
            self.assertEqual(clip.kept_pairs(), each)

    @unittest.skipUnless(halftone, "no halftone to draw with")
    def test_radial_is_what_halftone_draws_token_by_token(self):
        for frames, height, width, decay in ((7, 9, 16, 0.5), (5, 16, 18, 0.2)):
            clip = masks.RadialTokens(frames, height * width, decay, least=3)
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "mask.pbm"
                subprocess.run(
                    [halftone, "mask", "--frames", str(frames), "--height", str(height), "--width",
                     str(width), "--where", self.text(clip), "--block", "1", "--out", path],
                    check=True, capture_output=True)
                drawn = masks.Blocks.read(path, clip.tokens, 1)
            self.assertEqual([drawn.key_runs(query) for query in range(clip.tokens)],
                             [clip.key_runs(query) for query in range(clip.tokens)])

    @staticmethod
    def text(clip):
        """The pattern that `--pattern radial` stands for, with the clip's least reach."""
        reach = int(2 ** clip.tokens_per_frame.bit_length() * clip.decay)
        bits = clip.tokens_per_frame.bit_length()
        apart = "abs(q.frame - k.frame)"
        return (f"k.frame == 0 | ({apart} <= 1 | abs(q.place - k.place) <= max({reach} / "
                f"pow2(bits({apart})), {clip.least})) & {apart} % "
                f"pow2(max(bits({apart}) + (7 - {bits}), 0)) == 0")


class Problems(unittest.TestCase):
    def test_names(self):
        names = [row.name for case in problems.CASES for row in case.rows]
        self.assertEqual(len(names), len(set(names)))
        (case, rows), = problems.chosen(["radial exact wan 81f"])
        self.assertEqual(case.name, "radial wan 81f")
        self.assertEqual([row.name for row in rows], ["radial exact wan 81f"])
        with self.assertRaisesRegex(ValueError, "no problem 'radial'"):
            problems.chosen(["radial"])

    @unittest.skipUnless(halftone, "no halftone to draw with")
    def test_every_mask_is_drawn_and_counted_alike(self):
        import json
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "mask.pbm"
            for case in problems.CASES:
                for row in case.rows:
                    done = subprocess.run([halftone, "mask", *case.sizes, *case.pattern(row), "--json",
                                           "--out", path], capture_output=True, text=True)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    kind = {"dense": masks.Dense, "causal": masks.Causal}.get(case.kind)
                    mask = row.exact or (kind(case.tokens) if kind else
                                         masks.Blocks.read(path, case.tokens, case.block))
                    self.assertEqual(json.loads(done.stdout)["keptPairs"], mask.kept_pairs(), row.name)


class ClockSamples(unittest.TestCase):
    def test_lines_of_nvidia_smi(self):
        at, values = timing.Clocks.parsed("2026/11/22 10:20:30.250, 1980, 699.21, 61\n")
        self.assertEqual(values, [1980.0, 699.21, 61.0])
        self.assertAlmostEqual(at % 1, 0.25, places=5)
        self.assertIsNone(timing.Clocks.parsed("2026/11/22 10:20:30.250, [N/A], 699.21, 61"))
        self.assertIsNone(timing.Clocks.parsed("no devices were found"))

    def test_means_of_a_time(self):
        with mock.patch("shutil.which", lambda name: None):
            clocks = timing.Clocks()
        clocks.samples = [(1.0, [1000, 500, 50]), (2.0, [1200, 600, 60]), (3.0, [1400, 700, 70])]
        self.assertEqual(clocks.between(0.5, 2.5),
                         {"clock MHz": 1100, "power W": 550, "temperature C": 55})
        self.assertEqual(clocks.between(4, 5), {})


class TensorFiles(unittest.TestCase):
    def test_header(self):
        data = tensor_files.header([("q", "BF16", (1, 2, 3, 8), 96), ("o", "F32", (4,), 16)])
        self.assertEqual(len(data) % 8, 0)
        table = tensor_files.read_header(io.BytesIO(data))
        self.assertEqual(table["q"], {"dtype": "BF16", "shape": [1, 2, 3, 8], "data_offsets": [0, 96]})
        self.assertEqual(table["o"]["data_offsets"], [96, 112])


if __name__ == "__main__":
    unittest.main()
