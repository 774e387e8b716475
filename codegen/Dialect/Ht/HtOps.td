// The `ht` dialect: attention as tiles, independent of any target.

#ifndef HALFTONE_CODEGEN_DIALECT_HT_HTOPS_TD
#define HALFTONE_CODEGEN_DIALECT_HT_HTOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Ht_Dialect : Dialect {
  let name = "ht";
  let summary = "Attention as tiles, independent of any target";
  let description = [{
    `ht` says what an attention kernel computes and in which tiles, and nothing about how a machine
    does it. It has two stages.

    1. `ht.attention`: the problem's class. A mask region says which (query, key) pairs are kept, a
       score region what happens to a score before the softmax. Lengths, strides and every constant
       of the pattern are run-time data, read by `ht.argument`, `ht.parameter` and `ht.table`.
    2. `ht.kernel`: one work item (a query tile of one head) as a loop over its full key tiles, in
       which there is no mask code, and a loop over its partial ones, in which there is. The pass
       `ht-tile-attention` makes the second from the first.

    Tiles (`!ht.tile<128x64xf32>`) are values. Where their elements live is the business of the
    target's lowering: `ht-to-vector` for the CPU, `ht-to-mma` for warp-level tensor cores.
  }];
  let cppNamespace = "::halftone::ht";
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["mlir::arith::ArithDialect"];
}

class Ht_Type<string name, string typeMnemonic> : TypeDef<Ht_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Ht_TileType : Ht_Type<"Tile", "tile"> {
  let summary = "A tile of values, one or two dimensions";
  let description = [{
    `!ht.tile<128x64xf32>` has 128 rows and 64 columns; `!ht.tile<128xf32>` is one value a row.
    Elements are f32, f16, bf16 or i1.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRows() const { return getShape()[0]; }
    int64_t getColumns() const { return getShape()[1]; }
    bool isMatrix() const { return getShape().size() == 2; }
  }];
}

def Ht_Operand : I32EnumAttr<"Operand", "A tensor of the problem", [
  I32EnumAttrCase<"Query", 0, "query">, I32EnumAttrCase<"Key", 1, "key">,
  I32EnumAttrCase<"Value", 2, "value">, I32EnumAttrCase<"Output", 3, "output">]> {
  let cppNamespace = "::halftone::ht";
}
def Ht_Coverage : I32EnumAttr<"Coverage", "Which key tiles of a work item", [
  I32EnumAttrCase<"Full", 0, "full">, I32EnumAttrCase<"Partial", 1, "partial">]> {
  let cppNamespace = "::halftone::ht";
}
def Ht_Argument : I32EnumAttr<"Argument", "A scalar of KernelArguments", [
  I32EnumAttrCase<"Scale", 0, "scale">, I32EnumAttrCase<"Softcap", 1, "softcap">,
  I32EnumAttrCase<"QueryLength", 2, "query_length">, I32EnumAttrCase<"KeyLength", 3, "key_length">]> {
  let cppNamespace = "::halftone::ht";
}

class Ht_Op<string mnemonic, list<Trait> traits = []> : Op<Ht_Dialect, mnemonic, traits>;
def Ht_Integer : AnyTypeOf<[I32, I64]>;

//===-- Scalars read from the kernel's arguments --------------------------------------------------===//

def Ht_ArgumentOp : Ht_Op<"argument", [Pure]> {
  let summary = "Reads a scalar of the kernel's arguments";
  let arguments = (ins Ht_Argument:$which);
  let results = (outs AnyTypeOf<[F32, I32]>:$value);
  let assemblyFormat = "$which attr-dict `:` type($value)";
  let hasVerifier = 1; // f32 for scale and softcap, i32 for lengths
}
def Ht_ParameterOp : Ht_Op<"parameter", [Pure]> {
  let summary = "Reads a lifted constant of the pattern";
  let description = [{
    Number `index` of `KernelArguments::constants`, truncated to the result's width. With `anew` it is read
    here, and neither shared with another read nor moved: a register less is held until here.
  }];
  let arguments = (ins ConfinedAttr<I32Attr, [IntNonNegative]>:$index, UnitAttr:$anew);
  let results = (outs Ht_Integer:$value);
  let assemblyFormat = "$index (`anew` $anew^)? attr-dict `:` type($value)";
}
def Ht_TableOp : Ht_Op<"table", [Pure]> {
  let summary = "Reads tables[offset + index]";
  let arguments = (ins Ht_Integer:$offset, Ht_Integer:$index);
  let results = (outs Ht_Integer:$value);
  let assemblyFormat = "$offset `,` $index attr-dict `:` type($offset) `,` type($index) `->` type($value)";
}
def Ht_BlockKeptOp : Ht_Op<"block_kept", [Pure]> {
  let summary = "Whether a block mask keeps a pair of blocks";
  let description = "Searches the runs of the block table at `offset` (dsl/Program.h has its layout).";
  let arguments = (ins Ht_Integer:$offset, Ht_Integer:$queryBlock, Ht_Integer:$keyBlock);
  let results = (outs I1:$kept);
  let assemblyFormat = "$offset `,` $queryBlock `,` $keyBlock attr-dict `:` type($offset) `,` type($queryBlock) `,` type($keyBlock)";
}
def Ht_SlopeOp : Ht_Op<"slope", [Pure]> {
  let summary = "Reads the coefficient of a bias for a head";
  let arguments = (ins ConfinedAttr<I32Attr, [IntNonNegative]>:$bias, I32:$head);
  let results = (outs F32:$value);
  let assemblyFormat = "$bias `,` $head attr-dict";
}

//===-- The problem -------------------------------------------------------------------------------===//

def Ht_AttentionOp : Ht_Op<"attention", [Symbol, IsolatedFromAbove]> {
  let summary = "An attention problem, before tiling";
  let description = [{
    The mask region takes (batch, head, query, key) as i32, and yields whether the pair is kept; it is
    empty when every pair is. The score region takes a scaled score (f32) and the same four, and
    yields the score that enters the softmax; it is empty when that is the scaled score itself.
    ```mlir
    ht.attention @causal {head_dim = 128 : i32, element = bf16} mask {
    ^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
      %kept = arith.cmpi sle, %k, %q : i32
      ht.yield %kept : i1
    } score {}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I32Attr:$head_dim, TypeAttr:$element, UnitAttr:$lse);
  let regions = (region AnyRegion:$mask, AnyRegion:$score);
  let assemblyFormat = "$sym_name attr-dict `mask` $mask `score` $score";
  let hasVerifier = 1;
}
def Ht_YieldOp : Ht_Op<"yield", [Pure, ReturnLike, Terminator,
    ParentOneOf<["AttentionOp", "MaskOp", "ScoreOp", "ForKeyTilesOp"]>]> {
  let summary = "Ends a region with its values";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

//===-- The kernel --------------------------------------------------------------------------------===//

def Ht_KernelOp : Ht_Op<"kernel", [Symbol, IsolatedFromAbove, SingleBlock, NoTerminator]> {
  let summary = "What is done for one work item";
  let description = "The body runs once a work item; on a GPU a thread block runs it, on the CPU a thread.";
  let arguments = (ins SymbolNameAttr:$sym_name, I32Attr:$head_dim, TypeAttr:$element,
                       I32Attr:$tile_q, I32Attr:$tile_k, I32Attr:$stages, I32Attr:$warps, UnitAttr:$lse);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}
def Ht_WorkItemOp : Ht_Op<"work_item", [Pure]> {
  let summary = "The work item at hand (runtime/Arguments.h)";
  let results = (outs I32:$query, I32:$head, I32:$batch, I32:$first, I32:$full, I32:$partial);
  let assemblyFormat = "attr-dict";
}
def Ht_LoadTileOp : Ht_Op<"load_tile", [MemoryEffects<[MemRead]>]> {
  let summary = "Loads the rows of q, k or v from `row` on; rows past the length are zeros";
  let description = "For key and value `head` is the query head; the target divides by the group size.";
  let arguments = (ins Ht_Operand:$operand, I32:$row, I32:$head, I32:$batch);
  let results = (outs Ht_TileType:$tile);
  let assemblyFormat = "$operand $row `,` $head `,` $batch attr-dict `:` type($tile)";
  let hasVerifier = 1;
}
def Ht_FillOp : Ht_Op<"fill", [Pure]> {
  let summary = "A tile with one value in every element";
  let arguments = (ins F32Attr:$value);
  let results = (outs Ht_TileType:$tile);
  let assemblyFormat = "$value attr-dict `:` type($tile)";
}
def Ht_ForKeyTilesOp : Ht_Op<"for_key_tiles", [RecursiveMemoryEffects, SingleBlock]> {
  let summary = "Walks the full, or the partial, key tiles of the work item";
  let description = [{
    The body's first argument is the first key row of the tile (i32), the others are the carried tiles.
    The entries are stages[first .. first + count).
  }];
  let arguments = (ins Ht_Coverage:$coverage, I32:$first, I32:$count, Variadic<Ht_TileType>:$init);
  let results = (outs Variadic<Ht_TileType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$coverage `from` $first `count` $count (`init` `(` $init^ `:` type($init) `)`)? (`->` type($results)^)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}
def Ht_ProductOp : Ht_Op<"product", [Pure]> {
  let summary = "a * b, or a * transpose(b), accumulated in f32, added to `into` when given";
  let arguments = (ins Ht_TileType:$a, Ht_TileType:$b, Optional<Ht_TileType>:$into, UnitAttr:$transposeB);
  let results = (outs Ht_TileType:$result);
  let assemblyFormat = "$a `,` $b (`transposed` $transposeB^)? (`into` $into^ `:` type($into))? attr-dict `:` type($a) `,` type($b) `->` type($result)";
  let hasVerifier = 1;
}
def Ht_ScoreOp : Ht_Op<"score", [Pure, SingleBlock, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Maps every score, given its head, query and key";
  let description = "Body arguments: (score f32, batch, head, query, key i32); yields f32.";
  let arguments = (ins Ht_TileType:$scores, I32:$batch, I32:$head, I32:$query, I32:$key);
  let results = (outs Ht_TileType:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$scores `at` $batch `,` $head `,` $query `,` $key attr-dict-with-keyword `:` type($result) $body";
  let hasVerifier = 1;
}
def Ht_MaskOp : Ht_Op<"mask", [Pure, SingleBlock, AllTypesMatch<["scores", "result"]>]> {
  let summary = "Sets the scores of dropped pairs to -infinity";
  let description = [{
    Body arguments: (batch, head, query, key) as i32; yields i1. `kept` says, for every element, whether
    the pair is kept.
  }];
  let arguments = (ins Ht_TileType:$scores, I32:$batch, I32:$head, I32:$query, I32:$key);
  let results = (outs Ht_TileType:$result, Ht_TileType:$kept);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$scores `at` $batch `,` $head `,` $query `,` $key attr-dict-with-keyword `:` type($result) `,` type($kept) $body";
  let hasVerifier = 1;
}
def Ht_ClearUnkeptOp : Ht_Op<"clear_unkept", [Pure, AllTypesMatch<["values", "result"]>]> {
  let summary = "Zeroes the value rows that no query of the tile keeps";
  let description = [{
    0 * NaN is NaN: without this, a NaN in a value row that nobody attends to would reach the output
    through a partial tile. A target may decide by groups of query rows.
  }];
  let arguments = (ins Ht_TileType:$values, Ht_TileType:$kept);
  let results = (outs Ht_TileType:$result);
  let assemblyFormat = "$values `,` $kept attr-dict `:` type($values) `,` type($kept)";
  let hasVerifier = 1;
}
def Ht_SoftmaxStepOp : Ht_Op<"softmax_step", [Pure,
    AllTypesMatch<["maximum", "sum", "newMaximum", "newSum", "correction"]>]> {
  let summary = "One step of the online softmax";
  let description = [{
    With c = `scale` in units of log2: newMaximum = max(maximum, row maximum of scores);
    weights = exp2(c * scores - c * newMaximum), where a newMaximum of -infinity counts as 0;
    correction = exp2(c * maximum - c * newMaximum); newSum = sum * correction + row sum of weights.
    Weights are rounded to their element type after the sum is taken.
    Source: Milakov and Gimelshein 2018; Dao et al. 2022.
  }];
  let arguments = (ins Ht_TileType:$scores, Ht_TileType:$maximum, Ht_TileType:$sum, F32:$scale);
  let results = (outs Ht_TileType:$weights, Ht_TileType:$newMaximum, Ht_TileType:$newSum, Ht_TileType:$correction);
  let assemblyFormat = "$scores `,` $maximum `,` $sum `scale` $scale attr-dict `:` type($scores) `,` type($maximum) `->` type($weights)";
  let hasVerifier = 1;
}
def Ht_RescaleOp : Ht_Op<"rescale", [Pure, AllTypesMatch<["tile", "result"]>]> {
  let summary = "Multiplies every row by its factor";
  let arguments = (ins Ht_TileType:$tile, Ht_TileType:$factors);
  let results = (outs Ht_TileType:$result);
  let assemblyFormat = "$tile `,` $factors attr-dict `:` type($tile) `,` type($factors)";
  let hasVerifier = 1;
}
def Ht_SoftmaxEndOp : Ht_Op<"softmax_end", [Pure, AllTypesMatch<["accumulator", "output"]>, AllTypesMatch<["maximum", "sum", "lse"]>]> {
  let summary = "Divides by the sum; gives 0 and -infinity for rows that kept nothing";
  let description = "lse = ln(sum) + ln(2) * scale * maximum, `scale` in units of log2.";
  let arguments = (ins Ht_TileType:$accumulator, Ht_TileType:$maximum, Ht_TileType:$sum, F32:$scale);
  let results = (outs Ht_TileType:$output, Ht_TileType:$lse);
  let assemblyFormat = "$accumulator `,` $maximum `,` $sum `scale` $scale attr-dict `:` type($accumulator) `,` type($maximum)";
  let hasVerifier = 1;
}
def Ht_StoreTileOp : Ht_Op<"store_tile", [MemoryEffects<[MemWrite]>]> {
  let summary = "Stores output rows from `row` on, rounded to the element type; rows past the length are not stored";
  let arguments = (ins Ht_TileType:$tile, I32:$row, I32:$head, I32:$batch);
  let assemblyFormat = "$tile `at` $row `,` $head `,` $batch attr-dict `:` type($tile)";
  let hasVerifier = 1;
}
def Ht_StoreLseOp : Ht_Op<"store_lse", [MemoryEffects<[MemWrite]>]> {
  let summary = "Stores the log-sum-exp of rows from `row` on; rows past the length are not stored";
  let arguments = (ins Ht_TileType:$tile, I32:$row, I32:$head, I32:$batch);
  let assemblyFormat = "$tile `at` $row `,` $head `,` $batch attr-dict `:` type($tile)";
  let hasVerifier = 1;
}

#endif // HALFTONE_CODEGEN_DIALECT_HT_HTOPS_TD
