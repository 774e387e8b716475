"""From times to the table: rates on kept pairs, and ratios."""

import statistics


def tflops(flops, milliseconds):
    return flops / milliseconds / 1e9


def of_rounds(milliseconds):
    return statistics.median(milliseconds)


def ratio_row(name, schedule, ours_ms, flops, cudnn_tflops, peers_ms, matmul_tflops):
    """A row of `ratios`. `flops` are those of the pairs that ours keeps; `peers_ms` has those who
    did the same work, by name. What there is nothing to compare with is None."""
    rate = tflops(flops, ours_ms)
    best = min(peers_ms, key=peers_ms.get) if peers_ms else None
    return {"name": name, "ours_ms": ours_ms, "kept_tflops": rate,
            "overCudnn": rate / cudnn_tflops if cudnn_tflops else None,
            "overBestPeer": peers_ms[best] / ours_ms if best else None,
            "bestPeer": best,
            "overMatmul": rate / matmul_tflops if matmul_tflops else None,
            "schedule": schedule}
