"""A comparison from end to end on a machine without a GPU: PyTorch on the CPU plays the GPU and the
peers, `halftone run` is asked for its CPU target, and bench_gpu runs on the driver that runs nothing.
Times mean nothing here; who is checked, dropped and counted does."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import time
import unittest
from unittest import mock

from surroundings import bench_gpu, fake_driver, halftone

try:
    import torch
    import torch.overrides
    missing = ""
except ImportError:
    missing = "this Python has no torch"
if not missing and not (halftone and bench_gpu and pathlib.Path(bench_gpu).exists()):
    missing = "bench_gpu is not built: ninja benches"

if not missing:
    import compare
    import comparison
    import masks
    import peers
    import problems
    import ratios_table

    class OnCpu(torch.overrides.TorchFunctionMode):
        """What asks for the device "cuda" gets the CPU."""

        def __torch_function__(self, function, types, arguments=(), options=None):
            options = dict(options or {})
            if "device" in options:
                options["device"] = "cpu"
            return function(*arguments, **options)

    class Event:
        def record(self):
            self.at = time.perf_counter()

        def synchronize(self):
            pass

        def elapsed_time(self, other):
            return 1e3 * (other.at - self.at)


def attend(work, keep=lambda kept: kept):
    kept = torch.zeros(work.tokens, work.tokens, dtype=torch.bool)
    for query in range(work.tokens):
        for first, end in work.mask.key_runs(query):
            kept[query, first:end] = True
    return torch.nn.functional.scaled_dot_product_attention(work.q, work.k, work.v,
                                                            attn_mask=keep(kept))


def right(work):
    (counts, indices), milliseconds = work.lists()
    assert counts.tolist() == [sum(end - first for first, end in runs) for runs in work.mask.rows]
    listed = [[block for first, end in runs for block in range(first, end)] for runs in work.mask.rows]
    assert [indices[row, :count].tolist() for row, count in enumerate(counts)] == listed
    ends = work.interval_ends()[0]
    key = torch.arange(work.tokens)[:, None]

    def inside():
        kept = key.T < ends[0][:, None]
        for at in range(1, len(ends) - 1, 2):
            kept = kept | (key.T >= ends[at][:, None]) & (key.T < ends[at + 1][:, None])
        return kept

    return peers.Call(lambda: attend(work, lambda kept: inside()), milliseconds)


def wrong(work):
    def without_a_block(kept):
        kept = kept.clone()
        kept[:, 256:320] = False
        kept[:, 0] = True
        return kept

    return peers.Call(lambda: attend(work, without_a_block))


def absent(work):
    import a_package_that_is_not_there  # noqa: F401


def failing(work):
    raise RuntimeError("this peer does not like it")


def greedy(work):
    raise torch.OutOfMemoryError("too much")


def dense(work):
    return peers.Call(lambda: torch.nn.functional.scaled_dot_product_attention(work.q, work.k, work.v),
                      other_work="" if work.dense else "cuDNN dense")


@unittest.skipIf(missing, missing)
class FromEndToEnd(unittest.TestCase):
    MAKERS = {"cudnn": ("cuDNN", dense), "right": ("Right", right), "wrong": ("Wrong", wrong),
              "absent": ("Absent", absent), "failing": ("Failing", failing),
              "greedy": ("Greedy", greedy)}

    def cases(self):
        # 5 frames of 300 tokens, so that no block ends with a frame and the last is ragged.
        exact = masks.RadialTokens(5, 300, 0.3, least=64)
        sizes = ("--frames", "5", "--height", "15", "--width", "20")
        pattern = ("--pattern", "radial", "--decay", "0.3", "--sink")
        rows = (problems.Row("blocks", (*pattern, "--rounding", "reference")),
                problems.Row("tokens", pattern, exact))
        plain = problems.Row("plain", ("--pattern", "dense"))
        return [(problems.Case("blocks", sizes, 1500, 3, rows, head_dim=64, block=64), list(rows)),
                (problems.Case("dense", ("--tokens", "300"), 300, 2, (plain,), head_dim=64), [plain])]

    def programs(self, folder):
        """Scripts that put what can run here in the place of what needs a GPU."""
        script = ("#!{python}\nimport os, sys\ngiven = sys.argv[1:]\n"
                  "if {run} and given[0] == 'run':\n"
                  "    at = given.index('--schedule')\n"
                  "    given[at:at + 2] = ['--target', 'cpu']\n"
                  "os.environ['LD_LIBRARY_PATH'] = {library!r}\n"
                  "os.execv({program!r}, [{program!r}, *given, *{more!r}])\n")
        for name, program, run, library, more in (
                ("halftone", halftone, True, "", []),
                ("bench_gpu", bench_gpu, False, fake_driver or "",
                 ["--target", "sm_90", "--ptxas", "none"])):
            path = pathlib.Path(folder) / name
            path.write_text(script.format(python=sys.executable, run=run, program=program,
                                          library=library, more=more))
            path.chmod(0o755)

    @contextlib.contextmanager
    def on_cpu(self):
        with contextlib.ExitStack() as stack:
            generator = torch.Generator
            for patched in (
                    mock.patch.object(torch, "Generator", lambda device: generator()),
                    mock.patch.object(torch.Tensor, "cuda", lambda tensor: tensor),
                    mock.patch.object(torch.cuda, "synchronize", lambda: None),
                    mock.patch.object(torch.cuda, "empty_cache", lambda: None),
                    mock.patch.object(torch.cuda, "Event", lambda enable_timing: Event()),
                    mock.patch.object(torch, "mm", lambda a, b: a),
                    mock.patch.dict(peers.MAKERS, self.MAKERS, clear=True)):
                stack.enter_context(patched)
            stack.enter_context(OnCpu())
            yield

    def test_who_is_checked_dropped_and_counted(self):
        document = {"problems": [], "ratios": []}
        options = mock.Mock(schedules={}, warm_up=0, seconds=0.001, rounds=2, absent={})
        options.peers_of = lambda case: list(self.MAKERS)
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, self.on_cpu(), \
                contextlib.redirect_stderr(said):
            self.programs(folder)
            options.programs = comparison.ours.Programs(folder)
            clocks = mock.Mock(between=lambda begin, end: {"clock MHz": 1980.0})
            for case, rows in self.cases():
                compare.compare(case, rows, options, clocks, document)
        json.dumps(document)
        blocks, plain = document["problems"]
        self.assertEqual([row["name"] for row in document["ratios"]], ["blocks", "tokens", "plain"],
                         said.getvalue())
        self.assertEqual(set(options.absent), {"absent"})
        self.assertIn("a_package_that_is_not_there", options.absent["absent"])
        self.assertEqual(set(blocks["failed"]), {"wrong", "failing", "greedy"})
        self.assertRegex(blocks["failed"]["wrong"], "Different: differs from fp32 rows by 0")
        self.assertEqual(blocks["failed"]["greedy"], "out of memory")
        timed = {entry.get("row", entry["name"]): entry for entry in blocks["timed"]}
        self.assertEqual(set(timed), {"blocks", "tokens", "matmul", "cudnn", "right"})
        for row in ("blocks", "tokens"):
            self.assertLess(timed[row]["difference from fp32 rows"], 1 / 64)
            self.assertEqual(timed[row]["rounds"], [{"ms": 2.5, "clock MHz": 1980.0}] * 2)
            self.assertGreater(timed[row]["plan ms"], 0)
        self.assertEqual(timed["cudnn"]["work"], "cuDNN dense")
        by_name = {row["name"]: row for row in document["ratios"]}
        self.assertEqual(by_name["blocks"]["bestPeer"], "Right")
        self.assertAlmostEqual(by_name["tokens"]["overBestPeer"], timed["right"]["ms"] / 2.5)
        self.assertEqual(by_name["plain"]["bestPeer"], "cuDNN")
        self.assertEqual(set(plain["failed"]), {"right", "wrong", "failing", "greedy"})

    def test_ours_is_dropped_when_it_is_wrong(self):
        document = {"problems": [], "ratios": []}
        options = mock.Mock(schedules={}, warm_up=0, seconds=0.001, rounds=1, absent={})
        options.peers_of = lambda case: ["cudnn", "right"]
        (case, rows), _ = self.cases()
        other = problems.Row("tokens", ("--pattern", "window", "--window", "400"), rows[1].exact)
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, self.on_cpu(), \
                contextlib.redirect_stderr(said):
            self.programs(folder)
            options.programs = comparison.ours.Programs(folder)
            compare.compare(case, [rows[0], other], options, mock.Mock(between=lambda begin, end: {}),
                            document)
        self.assertEqual([row["name"] for row in document["ratios"]], ["blocks"], said.getvalue())
        self.assertRegex(document["problems"][0]["failed"]["tokens"], "^Different: ")

    def run_main(self, *arguments):
        """What compare.py writes, and its exit code."""
        cases = tuple(case for case, _ in self.cases())
        with tempfile.TemporaryDirectory() as folder, self.on_cpu(), \
                mock.patch.object(problems, "CASES", cases), \
                mock.patch.object(compare.machine, "needs_gpu", lambda: None), \
                mock.patch.object(compare.machine, "facts", lambda: {"gpu": "a CPU", "driver": None}), \
                contextlib.redirect_stderr(io.StringIO()):
            self.programs(folder)
            out = pathlib.Path(folder) / "out.json"
            with mock.patch.object(sys, "argv", [
                    "compare.py", "--programs", folder, "--out", str(out), "--seconds", "0.001",
                    "--warm-up", "0", "--commit", "abc1234", *arguments]):
                return compare.main(), json.loads(out.read_text())

    def test_a_document_makes_the_tables(self):
        code, document = self.run_main("--peers", "right", "--problems", "blocks")
        self.assertEqual(code, 0)
        self.assertEqual([row["name"] for row in document["ratios"]], ["blocks"])
        page = "\n".join(f"<!-- begin {name} -->\n<!-- end {name} -->" for name in ratios_table.TABLES)
        filled = ratios_table.filled(page, document, "bench/results/x.json")
        self.assertRegex(filled, r"\| blocks \| 2\.50 \| .* \| Right \|")
        self.assertRegex(filled, r"\| halftone \| \d\.\d \| \d\.\d\d \|")
        self.assertRegex(filled, r"\| Right \| \d+\.\d \| \d+\.\d\d \|")
        self.assertIn("a CPU, commit abc1234: `bench/results/x.json`, by `compare.py", filled)

    def test_nothing_is_begun_after_the_deadline(self):
        code, document = self.run_main("--deadline", "0")
        self.assertEqual((code, document["problems"], document["not begun"]),
                         (0, [], ["blocks", "tokens", "plain"]))

    def test_a_program_that_fails_is_in_the_document(self):
        code, document = self.run_main("--peers", "right", "--problems", "plain", "--schedule",
                                       "plain=tileQ=7")
        self.assertEqual(code, 1)
        self.assertRegex(document["problems"][0]["failed"]["plain"], "OursFailed: .*tileQ")

    def test_tiles(self):
        case = problems.Case("blocks", (), 1800, 2, (), head_dim=16, tile_order=((10, 12, 15), (2, 2, 3)))
        with self.on_cpu():
            work = comparison.Work(case, None)
        self.assertTrue(torch.equal(work.to_frames(work.to_tiles(work.q)), work.q))
        token = work.to_tiles(torch.arange(1800).view(1, 1, -1, 1).expand(work.q.shape).contiguous())
        frame, row, column = (token // 180)[0, 0, :, 0], (token // 15 % 12)[0, 0, :, 0], \
            (token % 15)[0, 0, :, 0]
        tile = (frame // 2 * 6 + row // 2) * 5 + column // 3
        self.assertEqual(tile.tolist(), [place // 12 for place in range(1800)])


if __name__ == "__main__":
    if missing:
        print(f"[SKIP] {missing}")
    unittest.main()
