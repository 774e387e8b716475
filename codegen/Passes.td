// Every pass of Halftone. A pass has one file in Transforms/, named for it, and one lit test in
// tests/codegen/, named for its flag.

#ifndef HALFTONE_CODEGEN_PASSES_TD
#define HALFTONE_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def TileAttentionPass : Pass<"ht-tile-attention", "::mlir::ModuleOp"> {
  let summary = "Turns ht.attention into an ht.kernel over tiles, full tiles apart from partial ones";
  let description = [{
    Makes one `ht.kernel` of an `ht.attention`: a loop over the full key tiles, whose body carries no
    mask code at all, then a loop over the partial ones, whose body evaluates the mask region and
    drops keys past the key length.

    Helps always: nothing below this level can run untiled. What hurts is the wrong size. A larger
    `tile-q` reads keys and values fewer times and holds more registers (or cache); a larger `tile-k`
    amortises the softmax's row work and makes more pairs partial at the edges of a pattern.
  }];
  let options = [
    Option<"tileQ", "tile-q", "int64_t", "128", "Query rows of a tile">,
    Option<"tileK", "tile-k", "int64_t", "64", "Key rows of a tile">,
    Option<"stages", "stages", "int64_t", "2", "Key and value tiles in flight">,
    Option<"warps", "warps", "int64_t", "4", "Warps of a block; the CPU target uses 1">,
  ];
  let dependentDialects = ["::halftone::ht::HtDialect", "::mlir::arith::ArithDialect"];
}

def LowerScalarsPass : Pass<"ht-lower-scalars"> {
  let summary = "Turns reads of the kernel's arguments into loads, and tanh into arithmetic";
  let description = [{
    In a function whose first argument points to `KernelArguments`, `ht.argument`, `ht.parameter`,
    `ht.table` and `ht.slope` become invariant loads at the offsets of codegen/ArgumentLayout.h, and
    `ht.block_kept` a binary search over the runs of its row. Pointers read from the arguments are
    taken for global memory in a function marked `nvvm.kernel`. `math.tanh` becomes a rational
    function in f32 without branches, for scalars and vectors alike.

    With `constants-in-place` the first of the pattern's constants are read from the arguments themselves, and
    a division by one of them becomes a product with what is passed beside it (`ConstantArgument`): worth it
    where a mask is evaluated while others wait, as on `sm_90a`. Kernels that hold all constants in registers
    would spill more of these.

    Run it after the target's lowering, which may still move and duplicate these operations, and before
    scf is lowered to branches. Run earlier, it hides from the target's lowering which values are the
    same for all rows.
  }];
  let options = [
    Option<"constantsInPlace", "constants-in-place", "bool", "false",
           "Read the first constants from the arguments of a kernel of a GPU, and divide by them by products">,
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def HtToVectorPass : Pass<"ht-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lowers ht.kernel to scf loops over vectors, for the CPU";
  let description = [{
    Makes a `func.func` of every `ht.kernel`, with the signature of `CpuEntry`, that walks work items.
    Tiles become buffers of f32 in the thread's scratch, whose size the function carries as
    `ht.scratch_bytes`; what updates a tile updates its buffer, so a tile that is updated must have no
    other use. Each tile operation becomes a call of a private function, which the loops over full and
    over partial tiles share: products with all sums in registers, a softmax without a library call.
    A mask or score is evaluated on vectors of keys, and its parts only as often as they change: once,
    once a tile, once a row, or once in a run of rows that share a frame or a segment.

    `vector-width` should be the machine's own: a narrower one leaves lanes idle, a wider one spills.
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "int64_t", "8", "Floats of a vector register">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def HtToMmaPass : Pass<"ht-to-mma", "::mlir::ModuleOp"> {
  let summary = "Maps ht.kernel to warps, shared memory and matrix fragments, for sm_80 and up";
  let description = [{
    Makes a function of every `ht.kernel`: a thread block for each work item, rows of the query tile
    shared out to warps, key and value tiles copied through shared memory ahead of their use.

    With one stage, two barriers a tile and half the shared memory; with two, one barrier and copies
    that have a whole tile's time. Two stages help where copies are late, and hurt where they keep a
    second block from fitting on a multiprocessor.
  }];
  let dependentDialects = ["::halftone::mma::MmaDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect"];
}

def MmaToNvvmPass : Pass<"mma-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "Lowers the mma dialect to scalars of llvm and nvvm";
  let description = [{
    Fragments become scalars, one value a register, and exp2, log2, tanh and division the hardware's
    approximations. Run `ht-lower-scalars` after it. Every asm call must be marked convergent before
    LLVM optimises (EmitPtx does).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect"];
}

def HtToHopPass : Pass<"ht-to-hop", "::mlir::ModuleOp"> {
  let summary = "Maps ht.kernel to warp roles, rings and warp-group matrix ops, for sm_90a";
  let description = [{
    Makes a `hop.kernel` of every `ht.kernel` of 64, 128 or 192 query rows: one warp copies keys and
    values by TMA, a warp group for every 64 rows multiplies.

    `overlap` keeps two products in flight beside the softmax: best for two warp groups, too many
    registers for three unless tile_k is small. `ping-pong` orders the two warp groups' matrix ops; it
    helps where latency limits, and not where power does. `skip-rescale` leaves the output alone while
    the row maximum grows little: fewer instructions, one branch.

    `group-lists` reads with every stage which warp groups need it; the others hand it back unread. Masks
    of 64 rows stay exact under two or three warp groups, which share the stages they have in common; a
    stage that few groups need leaves the others idle. One product at a time: it excludes `overlap`. A
    mask is evaluated by a launch of its own, once for all others (`hop.keeping`): they read its bits.

    With `cluster` 2 two blocks, which have neighbouring query tiles, share the stages that both keep:
    each copies half of them into both. That is half the traffic from the second-level cache, for blocks
    that wait for each other.

    Without `masked` there is one loop: the mask's code, which compiles slowly, is left out.
  }];
  let options = [
    Option<"gather", "gather", "int64_t", "64", "Rows of a chunk; a stage is gathered from chunks">,
    Option<"overlap", "overlap", "bool", "true", "Two products in flight beside the softmax">,
    Option<"pingPong", "ping-pong", "bool", "true", "Two warp groups take turns to issue matrix ops">,
    Option<"skipRescale", "skip-rescale", "bool", "false", "Rescale only when a maximum grows by 2^8">,
    Option<"groupLists", "group-lists", "bool", "false", "A warp group skips the stages its rows keep nothing of">,
    Option<"cluster", "cluster", "int64_t", "1", "Thread blocks that share stages: 1 or 2">,
    Option<"masked", "masked", "bool", "true", "Whether there are stages to mask; else the mask is left out">,
  ];
  let dependentDialects = ["::halftone::hop::HopDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect"];
}

def HopToNvvmPass : Pass<"hop-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "Lowers the hop dialect to scalars of llvm and nvvm";
  let description = [{
    Fragments become scalars, one value a register; wgmma, its waits and its operand pins are inline
    assembly with tied registers, since NVVM has no left operand in registers and its waits carry no
    dependence. Run `ht-lower-scalars` after it. Every asm call must be marked convergent before LLVM
    optimises (EmitPtx does).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect"];
}

#endif // HALFTONE_CODEGEN_PASSES_TD
