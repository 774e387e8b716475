"""Peers of further packages, written from their documentation; most machines have none of them. What
a package refuses is recorded, with its reason, like any other failure."""

from timing import planning
from work import Unsuited


def flashinfer(work, backend):
    import torch
    from flashinfer.sparse import BlockSparseAttentionWrapper
    work.blocks_only()
    if work.tokens % work.block:
        raise Unsuited("needs whole blocks")
    (counts, indices), _ = work.lists()
    starts = torch.zeros(len(counts) + 1, dtype=torch.int32, device="cuda")
    starts[1:] = counts.cumsum(0)
    listed = torch.arange(indices.shape[1], device="cuda")[None] < counts[:, None]
    kept = indices[listed].contiguous()
    wrapper = BlockSparseAttentionWrapper(
        torch.empty(512 << 20, dtype=torch.uint8, device="cuda"), backend=backend)
    _, milliseconds = planning(lambda: wrapper.plan(
        starts, kept, work.tokens, work.tokens, work.block, work.block, work.heads, work.heads,
        work.depth, q_data_type=work.dtype))
    q, k, v = (tensor[0].contiguous() for tensor in work.token_major())
    return lambda: wrapper.run(q, k, v)[None].transpose(1, 2), milliseconds


def flash_attention_3(work):
    from flash_attn_interface import flash_attn_func
    if not work.dense and not work.causal:
        raise Unsuited("has no block masks")
    q, k, v = work.token_major()

    def function():
        output = flash_attn_func(q, k, v, causal=work.causal)
        return (output[0] if isinstance(output, tuple) else output).transpose(1, 2)

    return function, None


def magi(work):
    import inspect
    from magi_attention.api import flex_flash_attn_func
    work.blocks_only()
    known = inspect.signature(flex_flash_attn_func).parameters
    merge = {name: True for name in ("range_merge", "auto_range_merge") if name in known}
    queries, keys = work.ranges()
    q, k, v = (tensor[0].contiguous() for tensor in work.token_major())
    return lambda: flex_flash_attn_func(q, k, v, queries, keys, **merge)[0][None].transpose(1, 2), None


def sparge(work):
    from spas_sage_attn import block_sparse_sage2_attn_cuda
    work.blocks_only((128,))
    # On sm_90 its blocks are 64 queries by 128 keys.
    mask = work.grid().int().repeat_interleave(2, dim=0)[:(work.tokens + 63) // 64]
    mask = mask[None, None].expand(1, work.heads, -1, -1).contiguous()
    return lambda: block_sparse_sage2_attn_cuda(work.q, work.k, work.v, mask_id=mask,
                                                output_dtype=work.dtype), None


def video_sparse(work):
    import torch
    from fastvideo_kernel.block_sparse_attn import block_sparse_attn_from_indices
    work.blocks_only((64,))
    (counts, indices), milliseconds = work.lists()
    numbers = counts[None, None].expand(1, work.heads, -1).contiguous()
    places = indices[None, None].expand(1, work.heads, -1, -1).contiguous()
    sizes = torch.full_like(counts, work.block)
    sizes[-1] = work.tokens - (len(counts) - 1) * work.block
    return lambda: block_sparse_attn_from_indices(work.q, work.k, work.v, places, numbers,
                                                  sizes)[0], milliseconds


def sliding_tile(work):
    from fastvideo_kernel import sliding_tile_attention
    if not work.case.tile_order:
        raise Unsuited("has sliding tile windows only")
    shape = "x".join(map(str, work.case.tile_order[0]))
    windows = [[5, 5, 5]] * work.heads
    return lambda: sliding_tile_attention(work.q, work.k, work.v, windows, 0, False, shape), None


PACKAGES = {
    "flashinfer-fa2": ("FlashInfer block-sparse, fa2", lambda work: flashinfer(work, "fa2"), ""),
    "flashinfer-fa3": ("FlashInfer block-sparse, fa3", lambda work: flashinfer(work, "fa3"), ""),
    "fa3": ("FlashAttention-3", flash_attention_3, ""),
    "magi": ("MagiAttention", magi, ""),
    "sparge": ("SpargeAttn", sparge, "quantised: int8 and fp8 products"),
    "vsa": ("VSA", video_sparse, ""),
    "sta": ("STA", sliding_tile, ""),
}


def makers(call):
    """Name, title and maker of each, its results as `call`s."""
    def maker(make, other_work):
        return lambda work: call(*make(work), other_work)

    return {name: (title, maker(make, other_work))
            for name, (title, make, other_work) in PACKAGES.items()}
