// The `hop` dialect: one Hopper thread block as warp roles, rings of tiles and groups of matrix ops.

#ifndef HALFTONE_CODEGEN_DIALECT_HOP_HOPOPS_TD
#define HALFTONE_CODEGEN_DIALECT_HOP_HOPOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "codegen/Dialect/Ht/HtOps.td"

def Hop_Dialect : Dialect {
  let name = "hop";
  let summary = "Warp roles, rings of tiles, matrix ops in flight: a Hopper thread block";
  let description = [{
    A `hop.kernel` is what one thread block of sm_90a does for one work item. It names its shared
    memory (tiles, rings, barriers) and then its roles: a producer warp that fills the rings by bulk
    tensor copies (TMA), and consumer warp groups that multiply.

    * A **ring** has `stages` slots; each has a full and an empty barrier. A role walks the slots in
      order: `hop.first_slot`, then `hop.next_slot`. The producer acquires a slot and copies into it;
      a consumer awaits it, reads it and releases it.
    * A **fragment** (`!hop.frag<64x192xf32>`) is a tile in the registers of one warp group, as wgmma
      lays it out. f32 fragments accumulate; 16-bit ones are left operands; one-dimensional ones hold a
      value a row.
    * `hop.product` **starts** a group of matrix ops and gives its accumulator and a token. The
      accumulator may be touched only after `hop.wait` on that token; the wait also names the operand
      fragments that the group was still reading. Overlap is therefore written down, not hoped for.
    * Tiles in shared memory have the 128-byte swizzle, in panels of 64 columns of 16 bits.

    No op assumes one accumulator, one output, or that queries are the rows.
  }];
  let cppNamespace = "::halftone::hop";
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::halftone::ht::HtDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

class Hop_Type<string name, string typeMnemonic> : TypeDef<Hop_Dialect, name> { let mnemonic = typeMnemonic; }
class Hop_ShapedType<string name, string typeMnemonic> : Hop_Type<name, typeMnemonic> {
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}
def Hop_FragType : Hop_ShapedType<"Frag", "frag"> {
  let summary = "A tile in the registers of one warp group";
  let extraClassDeclaration = [{
    bool isMatrix() const { return getShape().size() == 2; }
    int64_t getColumns() const { return isMatrix() ? getShape()[1] : 1; }
    /// 32-bit registers of one thread.
    int64_t getRegisters() const;
  }];
}
def Hop_KeptType : Hop_Type<"Kept", "kept"> {
  let summary = "Which pairs of a 64-row score fragment are kept: one bit an element";
  let parameters = (ins "int64_t":$columns);
  let assemblyFormat = "`<` $columns `>`";
  let extraClassDeclaration = [{
    /// 32-bit registers of one thread, a bit for each register of the fragment.
    int64_t getRegisters() const { return (getColumns() / 2 + 31) / 32; }
  }];
}
def Hop_TileType : Hop_ShapedType<"Tile", "tile"> {
  let summary = "A tile in shared memory, 128-byte swizzle, panels of 64 columns";
  let extraClassDeclaration = [{
    int64_t getRows() const { return getShape()[0]; }
    int64_t getColumns() const { return getShape()[1]; }
    int64_t getPanels() const { return (getColumns() + 63) / 64; }
    int64_t getBytes() const { return getRows() * getPanels() * 128; }
  }];
}
def Hop_RingType : Hop_ShapedType<"Ring", "ring"> {
  let summary = "stages x rows x columns: a ring of tiles with full and empty barriers";
  let extraClassDeclaration = [{
    int64_t getStages() const { return getShape()[0]; }
    TileType getTile() const;
  }];
}
def Hop_SlotType : Hop_Type<"Slot", "slot"> { let summary = "A position in a ring: index and phase"; }
def Hop_BarrierType : Hop_Type<"Barrier", "barrier"> { let summary = "A barrier that one bulk copy completes"; }
def Hop_StageType : Hop_Type<"Stage", "stage"> { let summary = "Where the key rows of a stage are: chunk starts, one a lane"; }
def Hop_TokenType : Hop_Type<"Token", "token"> { let summary = "A group of matrix ops in flight"; }

class Hop_Op<string mnemonic, list<Trait> traits = []> : Op<Hop_Dialect, mnemonic, traits>;

//===-- The thread block --------------------------------------------------------------------------===//

def Hop_KernelOp : Hop_Op<"kernel", [Symbol, IsolatedFromAbove, SingleBlock, NoTerminator]> {
  let summary = "One thread block: its shared memory, then its roles";
  let description = [{
    `consumers` warp groups of 128 threads beside one producer warp group. The register budgets are
    multiples of 8 and must fit what the block was launched with: 504 for two consumers (168 x 384
    threads), 512 for three (128 x 512), 256 x 2 for one; setmaxnreg waits forever for more.
    `gather` is the number of rows of a chunk: a stage of tile_k rows is tile_k / gather chunks. With
    `group_lists` the plan says with each stage which warp groups use it (`hop.load_use`).

    With `cluster` 2 blocks 2 i and 2 i + 1 are a cluster. `hop.shared_stages` are the same in both, from
    the second one on, or with `group_lists` from the first: a shared `hop.copy` copies half of the panels,
    into both blocks. It waits for a slot that is empty in both, so a `hop.release` ahead of it is shared as
    well and tells both producers. The other block must not end before the last of these: consumers end with
    `hop.cluster_arrive` after their last `hop.release`, and `hop.cluster_wait`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$element, I32Attr:$head_dim, I32Attr:$tile_k,
                       I32Attr:$gather, I32Attr:$consumers, I32Attr:$producer_registers,
                       I32Attr:$consumer_registers, UnitAttr:$group_lists,
                       DefaultValuedAttr<I32Attr, "1">:$cluster, UnitAttr:$lse);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}
def Hop_TileOp : Hop_Op<"tile"> {
  let summary = "A tile of shared memory";
  let results = (outs Hop_TileType:$tile);
  let assemblyFormat = "attr-dict `:` type($tile)";
}
def Hop_RingOp : Hop_Op<"ring"> {
  let summary = "A ring of tiles of shared memory";
  let results = (outs Hop_RingType:$ring);
  let assemblyFormat = "attr-dict `:` type($ring)";
}
def Hop_BarrierOp : Hop_Op<"barrier"> {
  let summary = "A barrier that is complete once the copy that signals it has arrived";
  let results = (outs Hop_BarrierType:$barrier);
  let assemblyFormat = "attr-dict";
}
def Hop_RolesOp : Hop_Op<"roles", [NoTerminator, ParentOneOf<["KernelOp"]>]> {
  let summary = "What the producer warp and what each consumer warp group does";
  let description = "The consumer region's argument is the number of the warp group, from 0.";
  let regions = (region SizedRegion<1>:$producer, SizedRegion<1>:$consumer);
  let assemblyFormat = "attr-dict-with-keyword `producer` $producer `consumer` $consumer";
  let hasVerifier = 1;
}
def Hop_KeepingOp : Hop_Op<"keeping", [NoTerminator, ParentOneOf<["KernelOp"]>]> {
  let summary = "What each warp group does in a launch that only evaluates masks";
  let description = [{
    Such a launch comes once for a plan, ahead of all others (runtime/KeptPairs.h): it has no roles and waits for
    nothing. The region's argument is the number of the warp group, from 0.
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Hop_ClusterArriveOp : Hop_Op<"cluster_arrive"> {
  let summary = "This consumer touches the cluster's other block no more";
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}
def Hop_ClusterWaitOp : Hop_Op<"cluster_wait"> {
  let summary = "Waits until no consumer of the cluster touches another block any more";
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}

//===-- Rings -------------------------------------------------------------------------------------===//

def Hop_FirstSlotOp : Hop_Op<"first_slot", [Pure]> {
  let summary = "The first slot of a ring";
  let results = (outs Hop_SlotType:$slot);
  let assemblyFormat = "attr-dict";
}
def Hop_NextSlotOp : Hop_Op<"next_slot", [Pure]> {
  let summary = "The slot after `slot`; the phase flips at the end of the ring";
  let arguments = (ins Hop_SlotType:$slot, Hop_RingType:$ring);
  let results = (outs Hop_SlotType:$next);
  let assemblyFormat = "$slot `of` $ring attr-dict `:` type($ring)";
}
def Hop_WholeStagesOp : Hop_Op<"whole_stages", [Pure]> {
  let summary = "How many of the work item's full stages, the first ones, every warp group uses as a whole";
  let results = (outs I32:$count);
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1; // of a kernel with lists by warp group
}
def Hop_FirstColumnsOp : Hop_Op<"first_columns", [Pure]> {
  let summary = "Valid columns of the work item's first stage; the rest of it is padding";
  let results = (outs I32:$count);
  let assemblyFormat = "attr-dict";
}
def Hop_ClearingStagesOp : Hop_Op<"clearing_stages", [Pure]> {
  let summary = "How many of the work item's partial stages, the last ones, `hop.clear_unkept` is for";
  let description = "In the others every key is attended to by some query, so that no value row may hold a NaN.";
  let results = (outs I32:$count);
  let assemblyFormat = "attr-dict";
}
def Hop_SharedStagesOp : Hop_Op<"shared_stages", [Pure]> {
  let summary = "How many of the work item's full stages the cluster's other block has, too";
  let results = (outs I32:$count);
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}
def Hop_ItemOp : Hop_Op<"item"> {
  let summary = "Reads the work item from memory, each time anew";
  let description = [{
    The fields of `ht.work_item`. They are needed ahead of a loop and after it: reading them twice keeps
    them out of the registers that the loop needs, so this operation is not pure.
  }];
  let results = (outs I32:$query, I32:$head, I32:$batch, I32:$first, I32:$full, I32:$partial);
  let assemblyFormat = "attr-dict";
}
def Hop_LoadQueryOp : Hop_Op<"load_query"> {
  let summary = "Copies query rows into a tile; completes the barrier";
  let arguments = (ins Hop_TileType:$tile, Hop_BarrierType:$barrier, I32:$row, I32:$head, I32:$batch);
  let assemblyFormat = "$tile `,` $barrier `at` $row `,` $head `,` $batch attr-dict `:` type($tile)";
}
def Hop_LoadStageOp : Hop_Op<"load_stage"> {
  let summary = "Reads the chunk starts of stage `index` of the plan";
  let arguments = (ins I32:$index);
  let results = (outs Hop_StageType:$stage);
  let assemblyFormat = "$index attr-dict";
}
def Hop_LoadUseOp : Hop_Op<"load_use"> {
  let summary = "Reads the word that says who uses stage `index` of the plan, and how";
  let description = [{
    Bit g: warp group g; bit 3 + g: it must mask the stage; bit 7: `hop.clear_unkept` is for it; from bit 8 on:
    the number of its first page (`hop.load_kept`). Of a kernel without a mask, 16 bits for each half of the
    stage: bit 6: it has padding columns; from bit 8 on: how many of its columns are keys. See
    runtime/GroupedStages.h. Read each time anew.
  }];
  let arguments = (ins I32:$index);
  let results = (outs I32:$use);
  let assemblyFormat = "$index attr-dict";
  let hasVerifier = 1;
}
def Hop_CopyOp : Hop_Op<"copy"> {
  let summary = "Acquires a slot and copies a stage's key or value rows into it";
  let description = [{
    Waits until every consumer has released the slot, then starts one box a panel when the stage's rows
    are consecutive, else one box a chunk and panel. Rows past the key length arrive as zeros. Where it
    is `shared`, this block copies half of the panels, and into both blocks of the cluster.
  }];
  let arguments = (ins Ht_Operand:$operand, Hop_StageType:$stage, I32:$head, I32:$batch, Hop_RingType:$ring, Hop_SlotType:$slot,
                       Optional<I1>:$shared);
  let assemblyFormat = "$operand $stage `,` $head `,` $batch `into` $ring `[` $slot `]` (`shared` $shared^)? attr-dict `:` type($ring)";
  let hasVerifier = 1;
}
def Hop_AwaitOp : Hop_Op<"await"> {
  let summary = "Waits for the copy that signals the barrier";
  let arguments = (ins Hop_BarrierType:$barrier);
  let assemblyFormat = "$barrier attr-dict";
}
def Hop_AwaitSlotOp : Hop_Op<"await_slot"> {
  let summary = "Waits until the slot is filled";
  let arguments = (ins Hop_RingType:$ring, Hop_SlotType:$slot);
  let results = (outs Hop_TileType:$tile);
  let assemblyFormat = "$ring `[` $slot `]` attr-dict `:` type($ring) `->` type($tile)";
  let hasVerifier = 1;
}
def Hop_ReleaseOp : Hop_Op<"release"> {
  let summary = "Hands a slot back to the producer: this warp group reads it no more";
  let description = "Where it is `shared`, to the producers of both blocks: the next copy into the slot is shared.";
  let arguments = (ins Hop_RingType:$ring, Hop_SlotType:$slot, Optional<I1>:$shared);
  let assemblyFormat = "$ring `[` $slot `]` (`shared` $shared^)? attr-dict `:` type($ring)";
  let hasVerifier = 1;
}
def Hop_SkipOp : Hop_Op<"skip"> {
  let summary = "Waits until the slot is filled and hands it back unread";
  let description = [{
    A warp group must see every phase of a slot: a barrier tells only neighbouring ones apart. Its threads
    meet between the two, so that none is still waiting when the slot is filled again.
  }];
  let arguments = (ins Hop_RingType:$ring, Hop_SlotType:$slot, I32:$group);
  let assemblyFormat = "$ring `[` $slot `]` `by` $group attr-dict `:` type($ring)";
}
def Hop_UniformOp : Hop_Op<"uniform", [Pure, AllTypesMatch<["condition", "result"]>]> {
  let summary = "A condition that is the same for every lane of a warp, in a form that shows it";
  let description = [{
    What is branched on must be seen to be uniform: a branch that lanes might take differently keeps the
    addresses of tiles out of the uniform registers that wgmma reads.
  }];
  let arguments = (ins I1:$condition);
  let results = (outs I1:$result);
  let assemblyFormat = "$condition attr-dict";
}
def Hop_RowsOp : Hop_Op<"rows", [Pure]> {
  let summary = "Part `index` of a tile that is cut by its rows: those of a warp group, half of a stage";
  let arguments = (ins Hop_TileType:$tile, I32:$index);
  let results = (outs Hop_TileType:$rows);
  let assemblyFormat = "$tile `,` $index attr-dict `:` type($tile) `->` type($rows)";
}
def Hop_TakeTurnOp : Hop_Op<"take_turn"> {
  let summary = "Ping-pong: waits until the other warp group has issued its matrix ops";
  let arguments = (ins I32:$group);
  let assemblyFormat = "$group attr-dict";
}
def Hop_PassTurnOp : Hop_Op<"pass_turn"> {
  let summary = "Ping-pong: lets the other warp group issue its matrix ops";
  let arguments = (ins I32:$group);
  let assemblyFormat = "$group attr-dict";
}

//===-- Matrix ops --------------------------------------------------------------------------------===//

def Hop_ProductOp : Hop_Op<"product"> {
  let summary = "Starts a * b or a * transpose(b), added to `into` when given";
  let description = [{
    `a` is a tile of 64 rows or a 16-bit fragment; `b` a tile. One group of wgmma instructions is
    committed. `result` is in flight until `hop.wait` on the token.
  }];
  let arguments = (ins AnyTypeOf<[Hop_TileType, Hop_FragType]>:$a, Hop_TileType:$b, Optional<Hop_FragType>:$into, UnitAttr:$transposeB);
  let results = (outs Hop_FragType:$result, Hop_TokenType:$token);
  let assemblyFormat = "$a `,` $b (`transposed` $transposeB^)? (`into` $into^ `:` type($into))? attr-dict `:` type($a) `,` type($b) `->` type($result)";
  let hasVerifier = 1;
}
def Hop_WaitOp : Hop_Op<"wait", [AttrSizedOperandSegments]> {
  let summary = "Waits until the group of `token`, and every one before it, is done";
  let description = [{
    Results are the accumulators, now readable; groups committed after the token stay in flight, and
    their accumulators pass through. `reading` names operand fragments whose registers were in use.
  }];
  let arguments = (ins Hop_TokenType:$token, Variadic<Hop_FragType>:$accumulators, Variadic<Hop_FragType>:$reading);
  let results = (outs Variadic<Hop_FragType>:$results);
  let assemblyFormat = "$token `for` $accumulators (`reading` $reading^ `:` type($reading))? attr-dict `:` type($accumulators) `->` type($results)";
  let hasVerifier = 1;
  let extraClassDeclaration = "static unsigned groupsAfter(WaitOp wait);";
}


//===-- Fragments ---------------------------------------------------------------------------------===//

def Hop_FillOp : Hop_Op<"fill", [Pure]> {
  let summary = "A fragment with one value in every element";
  let arguments = (ins F32Attr:$value);
  let results = (outs Hop_FragType:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}
def Hop_MaskColumnsOp : Hop_Op<"mask_columns", [Pure, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Sets the scores of columns from `count` on to -infinity";
  let arguments = (ins Hop_FragType:$scores, I32:$count);
  let results = (outs Hop_FragType:$result);
  let assemblyFormat = "$scores `,` $count attr-dict `:` type($scores)";
}
def Hop_KeepOp : Hop_Op<"keep", [SingleBlock]> {
  let summary = "Evaluates the mask for 64 query rows and the keys of a stage";
  let description = [{
    Row r is query `query` + r; column c is the key that stage `stage` of the plan puts there. Body
    arguments: (batch, head, query, key) as i32; yields i1. It needs no scores, so it stands between a
    product and its wait: the expression is computed while the tensor cores work.
  }];
  let arguments = (ins I32:$batch, I32:$head, I32:$query, I32:$stage);
  let results = (outs Hop_KeptType:$kept);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$batch `,` $head `,` $query `stage` $stage attr-dict-with-keyword `:` type($kept) $body";
}
def Hop_LoadKeptOp : Hop_Op<"load_kept"> {
  let summary = "Reads page `page` of the kept pairs, as `hop.store_kept` wrote it";
  let arguments = (ins I32:$page);
  let results = (outs Hop_KeptType:$kept);
  let assemblyFormat = "$page attr-dict `:` type($kept)";
}
def Hop_StoreKeptOp : Hop_Op<"store_kept"> {
  let summary = "Writes a page: what one warp group keeps of a stage";
  let arguments = (ins Hop_KeptType:$kept, I32:$page);
  let assemblyFormat = "$kept `,` $page attr-dict `:` type($kept)";
  let hasVerifier = 1; // in hop.keeping
}
def Hop_KeepNoneOp : Hop_Op<"keep_none", [Pure]> {
  let summary = "No pair is kept";
  let results = (outs Hop_KeptType:$kept);
  let assemblyFormat = "attr-dict `:` type($kept)";
}
def Hop_MaskOp : Hop_Op<"mask", [Pure, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Sets the scores of dropped pairs to -infinity";
  let arguments = (ins Hop_FragType:$scores, Hop_KeptType:$kept);
  let results = (outs Hop_FragType:$result);
  let assemblyFormat = "$scores `,` $kept attr-dict `:` type($scores) `,` type($kept)";
  let hasVerifier = 1;
}
def Hop_ScoreOp : Hop_Op<"score", [SingleBlock, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Maps every score, given its head, query and key";
  let description = "As in `hop.keep`; the first column is number `from` of the stage, if not 0.";
  let arguments = (ins Hop_FragType:$scores, I32:$batch, I32:$head, I32:$query, I32:$stage, Optional<I32>:$from);
  let results = (outs Hop_FragType:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$scores `at` $batch `,` $head `,` $query `stage` $stage (`from` $from^)? attr-dict-with-keyword `:` type($result) $body";
}
def Hop_ClearUnkeptOp : Hop_Op<"clear_unkept"> {
  let summary = "Zeroes the rows of a value slot that no query of the block keeps";
  let description = [{
    All consumer warp groups meet here; `query` is the first row of this one. Rows past the query length
    keep nothing. 0 * NaN is NaN: see `ht.clear_unkept`.
  }];
  let arguments = (ins Hop_TileType:$values, Hop_KeptType:$kept, I32:$query);
  let assemblyFormat = "$values `,` $kept `at` $query attr-dict `:` type($values) `,` type($kept)";
}
def Hop_RewriteOp : Hop_Op<"rewrite"> {
  let summary = "Applies (x & and) ^ xor to every 32 bits of this warp group's 64 rows of a tile";
  let description = [{
    For the sign or the absence of a scale: what is negated or cleared once need not be in the loop.
    `group` is the number of the warp group, whose threads meet here.
  }];
  let arguments = (ins Hop_TileType:$rows, I32:$group, I32:$andBits, I32:$xorBits);
  let assemblyFormat = "$rows `,` $group `and` $andBits `xor` $xorBits attr-dict `:` type($rows)";
}
def Hop_SoftmaxStepOp : Hop_Op<"softmax_step", [Pure, AllTypesMatch<["scores", "weights"]>,
    AllTypesMatch<["maximum", "sum", "newMaximum", "newSum", "correction"]>]> {
  let summary = "One step of the online softmax; the sums stay partial, one a lane, until softmax_end";
  let description = [{
    As `ht.softmax_step`. With `skip`, a row's maximum is kept while the new one exceeds it by no more
    than 2^8 after scaling: weights stay below 2^8 and the correction is exactly 1 (lazy rescaling, as
    FlashAttention-4 does; the result is the same up to rounding).
  }];
  let arguments = (ins Hop_FragType:$scores, Hop_FragType:$maximum, Hop_FragType:$sum, F32:$scale, UnitAttr:$skip);
  let results = (outs Hop_FragType:$weights, Hop_FragType:$newMaximum, Hop_FragType:$newSum, Hop_FragType:$correction);
  let assemblyFormat = "$scores `,` $maximum `,` $sum `scale` $scale (`skip` $skip^)? attr-dict `:` type($scores) `,` type($maximum)";
}
def Hop_SoftmaxUpdateOp : Hop_Op<"softmax_update", [Pure, AllTypesMatch<["scores", "weights"]>,
    AllTypesMatch<["maximum", "sum", "newMaximum", "newSum"]>, AllTypesMatch<["accumulator", "newAccumulator"]>]> {
  let summary = "A step of the online softmax and what it does to an accumulator that no product is writing";
  let description = [{
    `hop.softmax_step` with `skip` and `hop.rescale` after it as one branch: unless a row of the warp has
    outgrown its maximum by more than 2^8, maxima, sums and accumulator stay as they are. No correction is held
    beside the weights, which takes fewer registers, but they are begun only after the branch.
  }];
  let arguments = (ins Hop_FragType:$scores, Hop_FragType:$maximum, Hop_FragType:$sum, Hop_FragType:$accumulator, F32:$scale);
  let results = (outs Hop_FragType:$weights, Hop_FragType:$newMaximum, Hop_FragType:$newSum, Hop_FragType:$newAccumulator);
  let assemblyFormat = [{
    $scores `,` $maximum `,` $sum `,` $accumulator `scale` $scale attr-dict `:` type($scores) `,` type($maximum) `,` type($accumulator)
  }];
}
def Hop_PackOp : Hop_Op<"pack", [Pure]> {
  let summary = "Rounds an accumulator to a 16-bit left operand";
  let arguments = (ins Hop_FragType:$values);
  let results = (outs Hop_FragType:$packed);
  let assemblyFormat = "$values attr-dict `:` type($values) `->` type($packed)";
  let hasVerifier = 1;
}
def Hop_RescaleOp : Hop_Op<"rescale", [Pure, AllTypesMatch<["values", "result"]>]> {
  let summary = "Multiplies every row by its factor; with `skip`, only if a factor of the warp is not 1";
  let arguments = (ins Hop_FragType:$values, Hop_FragType:$factors, UnitAttr:$skip);
  let results = (outs Hop_FragType:$result);
  let assemblyFormat = "$values `,` $factors (`skip` $skip^)? attr-dict `:` type($values) `,` type($factors)";
}
def Hop_SoftmaxEndOp : Hop_Op<"softmax_end", [Pure, AllTypesMatch<["accumulator", "output"]>, AllTypesMatch<["maximum", "sum", "lse"]>]> {
  let summary = "Divides by the sum; gives 0 and -infinity for rows that kept nothing";
  let arguments = (ins Hop_FragType:$accumulator, Hop_FragType:$maximum, Hop_FragType:$sum, F32:$scale);
  let results = (outs Hop_FragType:$output, Hop_FragType:$lse);
  let assemblyFormat = "$accumulator `,` $maximum `,` $sum `scale` $scale attr-dict `:` type($accumulator) `,` type($maximum)";
}
def Hop_StoreOutputOp : Hop_Op<"store_output"> {
  let summary = "Stores 64 output rows from `row` on; rows past the query length are not stored";
  let arguments = (ins Hop_FragType:$values, I32:$row, I32:$head, I32:$batch);
  let assemblyFormat = "$values `at` $row `,` $head `,` $batch attr-dict `:` type($values)";
}
def Hop_StoreLseOp : Hop_Op<"store_lse"> {
  let summary = "Stores the log-sum-exp of 64 rows from `row` on";
  let arguments = (ins Hop_FragType:$values, I32:$row, I32:$head, I32:$batch);
  let assemblyFormat = "$values `at` $row `,` $head `,` $batch attr-dict `:` type($values)";
}
def Hop_YieldOp : Hop_Op<"yield", [Pure, Terminator]> {
  let summary = "Ends a mask or score region with its value";
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // HALFTONE_CODEGEN_DIALECT_HOP_HOPOPS_TD
