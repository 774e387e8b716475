"""How each peer is called. A maker takes a Work and returns a Call; it raises ImportError where its
package is not there, Unsuited where it has nothing for the case.

`fa4`, `cudnn-flex` and `cudnn` are the strongest known; the rest is timed where a case asks for it."""

from dataclasses import dataclass

import packages
from timing import planning


@dataclass
class Call:
    function: object           # returns the output, [1, head, token, depth]
    planning_ms: float = None  # what a new mask of the same class costs, tensors aside
    other_work: str = ""       # not the case's problem but this: not a candidate for the best peer


def sdpa(work, backend, title):
    import torch
    from torch.nn.attention import sdpa_kernel

    def function():
        with sdpa_kernel(backend):
            return torch.nn.functional.scaled_dot_product_attention(
                work.q, work.k, work.v, is_causal=work.causal)

    return Call(function, other_work="" if work.dense or work.causal else f"{title} dense")


def cudnn(work):
    from torch.nn.attention import SDPBackend
    return sdpa(work, SDPBackend.CUDNN_ATTENTION, "cuDNN")


def flash_attention_2(work):
    from torch.nn.attention import SDPBackend
    return sdpa(work, SDPBackend.FLASH_ATTENTION, "FlashAttention-2")


def flex(work, options, mask_mod=None):
    """FlexAttention with the kept blocks as full ones. `mask_mod` is true of every pair."""
    import torch
    from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
    torch._dynamo.config.recompile_limit = 64
    block_mask, milliseconds = None, None
    if work.causal:
        block_mask, milliseconds = planning(lambda: create_block_mask(
            lambda batch, head, query, key: query >= key, None, None, work.tokens, work.tokens,
            device="cuda"))
    elif not work.dense:
        (counts, indices), listing = work.lists()
        padded = torch.zeros(len(counts), len(counts), dtype=torch.int32, device="cuda")
        padded[:, :indices.shape[1]] = indices
        none, nowhere = torch.zeros_like(counts)[None, None], torch.zeros_like(padded)[None, None]
        more = {"mask_mod": mask_mod} if mask_mod else {}
        block_mask, making = planning(lambda: BlockMask.from_kv_blocks(
            none, nowhere, counts[None, None], padded[None, None], BLOCK_SIZE=work.block,
            seq_lengths=(work.tokens, work.tokens), **more))
        milliseconds = listing + making
    compiled = torch.compile(flex_attention, dynamic=False)
    return Call(lambda: compiled(work.q, work.k, work.v, block_mask=block_mask,
                                 kernel_options=options), milliseconds)


def flex_triton(work):
    # The fastest of the options tried by hand; its own choice is slower.
    tile, stages, warps = (64, 3, 4) if work.block == 64 else (128, 2, 8)
    return flex(work, {"BLOCK_M": tile, "BLOCK_N": tile, "num_stages": stages, "num_warps": warps,
                       "USE_TMA": True})


def flex_flash(work):
    import flash_attn.cute  # noqa: F401: without it the back end is not there
    # With a mask_mod that does nothing it drops the block lists and runs dense: this one is true,
    # but not obviously so.
    return flex(work, {"BACKEND": "FLASH"},
                lambda batch, head, query, key: query >= key - (1 << 30))


def flash_attention_4(work):
    import torch
    from flash_attn.cute.block_sparsity import BlockSparseTensorsTorch
    from flash_attn.cute.interface import _flash_attn_fwd
    lists, milliseconds = None, None
    if not work.dense and not work.causal:
        (counts, indices), milliseconds = work.lists()
        nowhere = torch.zeros(1, 1, len(counts), 1, dtype=torch.int32, device="cuda")
        lists = BlockSparseTensorsTorch(torch.zeros_like(counts)[None, None], nowhere,
                                        counts[None, None], indices[None, None],
                                        block_size=(work.block, work.block))
    q, k, v = work.token_major()
    more = {"causal": True} if work.causal else {}
    return Call(lambda: _flash_attn_fwd(q, k, v, block_sparse_tensors=lists, **more)[0]
                .transpose(1, 2), milliseconds)


def cudnn_flex(work):
    import torch
    from cudnn.flex_attention import create_mask_plan, flex_attn_func
    q, k, v = work.token_major()
    ends = work.interval_ends()
    plan, milliseconds = planning(lambda: create_mask_plan(ends, q, k, v, build_backward=False))

    def function():
        with torch.no_grad():
            return flex_attn_func(q, k, v, mask_plan=plan).transpose(1, 2)

    return Call(function, milliseconds)


def cudnn_block_sparse(work):
    from cudnn.block_sparse_attention import block_sparse_attention_forward
    work.blocks_only()
    (counts, indices), milliseconds = work.lists()
    numbers = counts[None, None].expand(1, work.heads, -1).contiguous()
    places = indices[None, None].expand(1, work.heads, -1, -1).contiguous()
    return Call(lambda: block_sparse_attention_forward(
        work.q, work.k, work.v, places, q2k_block_nums=numbers, sparse_block_size=work.block,
        kv_splits=1)["o_tensor"], milliseconds)


MAKERS = {
    "cudnn": ("cuDNN (PyTorch SDPA)", cudnn),
    "fa4": ("FlashAttention-4", flash_attention_4),
    "cudnn-flex": ("cuDNN-frontend flex_attention", cudnn_flex),
    "fa2": ("FlashAttention-2 (PyTorch SDPA)", flash_attention_2),
    "flex-triton": ("FlexAttention, Triton with TMA", flex_triton),
    "flex-flash": ("FlexAttention, FLASH back end", flex_flash),
    "cudnn-bsa": ("cuDNN-frontend block_sparse_attention", cudnn_block_sparse),
    **packages.makers(Call),
}
STRONGEST = ("cudnn", "fa4", "cudnn-flex")
