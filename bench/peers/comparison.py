"""One problem: who takes part, whether they are right, how fast they are."""

import gc
import pathlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import checks
import masks
import ours
import rates
import tensor_files
import timing
from peers import MAKERS
from work import Work

MATMUL = "matmul"


class DeadGpu(Exception):
    """A peer left the GPU's context in a state in which nothing more can run."""


def mask_of(case, programs, folder):
    if case.kind == "dense":
        return masks.Dense(case.tokens)
    if case.kind == "causal":
        return masks.Causal(case.tokens)
    path = pathlib.Path(folder) / "mask.pbm"
    programs.draw(case, case.rows[0], path)
    return masks.Blocks.read(path, case.tokens, case.block)


class Comparison:
    def __init__(self, case, rows, options, folder):
        self.case, self.rows, self.options, self.folder = case, rows, options, folder
        self.mask = mask_of(case, options.programs, folder)
        self.work = Work(case, self.mask)
        self.calls, self.kernels, self.facts, self.failed = {}, {}, {}, {}
        self.reference = None

    def everyone(self):
        """Makes and checks ours and the peers; ours compile while the peers do."""
        checked_heads = min(2 if self.case.tokens < 100_000 else 1, self.case.heads)
        inputs = pathlib.Path(self.folder) / "inputs.safetensors"
        tensor_files.write(inputs, {name: getattr(self.work, name)[:, :checked_heads] for name in "qkv"})
        for row in self.rows:
            self.kernels[row.name] = ours.TimedKernel(
                self.options.programs, self.case, row, self.options.schedules.get(row.name),
                self.options.warm_up, self.options.seconds)
        with ThreadPoolExecutor(1) as apart:
            outputs = {row.name: apart.submit(self._our_output, row, inputs, checked_heads)
                       for row in self.rows}
            self._make_peers()
            for row in self.rows:
                self._check_ours(row, outputs[row.name], checked_heads)
        inputs.unlink()

    def _our_output(self, row, inputs, heads):
        facts = self.kernels[row.name].ready()
        output = ours.computed(self.options.programs, self.case, row, facts["schedule"], inputs, heads,
                               self.folder)
        return facts, output

    def _check_ours(self, row, future, heads):
        try:
            facts, output = future.result()
            mask = row.exact or self.mask
            expected = checks.ExpectedRows(self.work, mask, range(heads))
            self.facts[row.name] = facts
            facts["difference from fp32 rows"] = expected.check(output)
            pairs = round(facts["kept"] * self.case.tokens ** 2)
            if pairs != mask.kept_pairs():
                raise checks.Different(f"keeps {pairs} pairs of {mask.kept_pairs()}")
            if self.reference is not None and row.exact is None:
                apart = checks.difference_by_head(output, self.reference[:, :heads])
                facts["difference from peers"] = apart
                if apart > checks.LIMIT:
                    raise checks.Different(f"differs from the peers by {apart:.3g}")
        except (ours.OursFailed, checks.Different) as error:
            self._drop(row.name, error)
            self.kernels.pop(row.name).close()

    def _make_peers(self):
        import torch
        expected = checks.ExpectedRows(self.work, self.mask, (0, self.case.heads - 1))
        dense = expected if self.case.kind != "blocks" else checks.ExpectedRows(
            self.work, masks.Dense(self.case.tokens), (0, self.case.heads - 1))
        for name in self.options.peers_of(self.case):
            if name in self.options.absent:
                continue
            try:
                self._make_peer(name, expected, dense)
            except ImportError as error:
                self.options.absent[name] = f"{type(error).__name__}: {error}"
            except torch.OutOfMemoryError:
                self._drop(name, "out of memory")
            except Exception as error:  # whatever a peer raises
                self._drop(name, error)
            self._still_alive(name)

    def _make_peer(self, name, expected, dense):
        import torch
        start = time.perf_counter()
        call = MAKERS[name][1](self.work)
        output = call.function()
        torch.cuda.synchronize()
        facts = {"first call s": time.perf_counter() - start, "planning ms": call.planning_ms}
        quantised = "quantised" in call.other_work
        limit = checks.QUANTISED_LIMIT if quantised else checks.LIMIT
        rows = dense if call.other_work and not quantised else expected
        facts["difference from fp32 rows"] = rows.check(output, limit)
        if not call.other_work:
            if self.reference is None:
                self.reference = output.clone()
            else:
                apart = checks.difference_by_head(output, self.reference)
                facts["difference from peers"] = apart
                if apart > limit:
                    raise checks.Different(f"differs from the other peers by {apart:.3g}")
        self.calls[name], self.facts[name] = call, facts

    def _drop(self, name, reason):
        text = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
        self.failed[name] = text[:600]
        print(f"compare: {self.case.name}: {name}: {text[:300]}", file=sys.stderr, flush=True)

    def _still_alive(self, name):
        import torch
        try:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
        except RuntimeError as error:
            raise DeadGpu(f"after {name}: {error}") from None

    def timed(self, clocks):
        """{name: its times and clocks}, one of each for each round."""
        import torch
        a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
        self.reference = None
        runs = {MATMUL: lambda: torch.mm(a, b),
                **{name: call.function for name, call in self.calls.items()}}
        if self.case.tile_order:
            runs["permutation"] = self.work.permute
        times = {name: [] for name in (*self.kernels, *runs)}
        for turn in range(self.options.rounds):
            for name in list(times) if turn % 2 == 0 else list(times)[::-1]:
                if name in self.failed:
                    continue
                begun = time.time()
                try:
                    if name in self.kernels:
                        ms = self.kernels[name].time()["ms"]
                    else:
                        ms = timing.sustained(runs[name], self.options.warm_up, self.options.seconds)
                except Exception as error:
                    self._drop(name, error)
                    self._still_alive(name)
                    continue
                times[name].append({"ms": ms, "from": begun + self.options.warm_up, "to": time.time()})
        for turn in (turn for rounds in times.values() for turn in rounds):
            turn.update(clocks.between(turn.pop("from"), turn.pop("to")))
        return {name: rounds for name, rounds in times.items() if name not in self.failed}

    def results(self, times):
        """What goes into `problems` and `ratios`."""
        case = self.case
        ms = {name: rates.of_rounds([turn["ms"] for turn in rounds]) for name, rounds in times.items()}
        whole = case.tokens * (case.tokens + 1) // 2 if case.kind == "causal" else case.tokens ** 2
        same = {MAKERS[name][0]: ms[name] for name, call in self.calls.items()
                if name in ms and not call.other_work}
        cudnn = rates.tflops(case.flops(whole), ms["cudnn"]) if "cudnn" in ms else None
        matmul = rates.tflops(2 * 8192 ** 3, ms[MATMUL]) if MATMUL in ms else None
        timed, ratios = [], []
        for name, rounds in times.items():
            entry = {"name": name, "ms": ms[name], "rounds": rounds, **self.facts.get(name, {})}
            if name in self.kernels:
                row = next(row for row in self.rows if row.name == name)
                flops = case.flops((row.exact or self.mask).kept_pairs())
                entry = {"name": "halftone", "row": name, "tflops": rates.tflops(flops, ms[name]),
                         **{key: value for key, value in entry.items() if key != "name"}}
                ratios.append(rates.ratio_row(name, self.facts[name]["schedule"], ms[name], flops,
                                              cudnn, same, matmul))
            elif name == MATMUL:
                entry["tflops"] = matmul
            elif name in self.calls:
                other = self.calls[name].other_work
                pairs = whole if other.endswith("dense") else self.mask.kept_pairs()
                entry["title"] = MAKERS[name][0]
                entry["tflops"] = rates.tflops(case.flops(pairs), ms[name])
                if other:
                    entry["work"] = other
            timed.append(entry)
        problem = {"name": case.name, "tokens": case.tokens, "heads": case.heads,
                   "head dim": case.head_dim, "element": case.element, "mask": case.kind,
                   "block": case.block if case.kind == "blocks" else None,
                   "kept pairs of a head": self.mask.kept_pairs(),
                   "kept": self.mask.kept_pairs() / case.tokens ** 2, "note": case.note,
                   "options": {row.name: " ".join(case.options(row)) for row in self.rows},
                   "timed": timed, "failed": self.failed}
        return problem, ratios

    def close(self):
        import torch
        for kernel in self.kernels.values():
            kernel.close()
        self.calls.clear()
        self.work = self.reference = None
        gc.collect()
        if "torch._dynamo" in sys.modules:  # a compiled peer was made
            torch._dynamo.reset()
        try:
            torch.cuda.empty_cache()
        except RuntimeError:
            pass  # a DeadGpu is under way
