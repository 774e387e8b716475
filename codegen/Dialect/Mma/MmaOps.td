// The `mma` dialect: one thread block of warp-level matrix code, for sm_80 and up.

#ifndef HALFTONE_CODEGEN_DIALECT_MMA_MMAOPS_TD
#define HALFTONE_CODEGEN_DIALECT_MMA_MMAOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"

def Mma_Dialect : Dialect {
  let name = "mma";
  let summary = "Warp-level matrix code with fragments as values, for sm_80 and up";
  let description = [{
    `mma` is what a thread block of an NVIDIA GPU does, seen from one warp: which bytes are copied to
    shared memory and when they are waited for, which 16x8x16 products are made, which lanes exchange
    what. It hides how a fragment is spread over the lanes: `mma-to-nvvm` owns that.

    Values are of four types. A *shared tile* is a swizzled tile in the block's dynamic shared memory.
    A *fragment* is a matrix that a warp holds in its registers, in one of the three roles of mma.sync.
    *Rows* are one f32 a row of an accumulator, known to the four lanes that hold the row. *Columns*
    are one bit a column.

    Every operation is executed by all threads of the block together: control flow around it must be
    the same for all of them. The function holds scf and arith code beside it.

    How an accumulator is spread: lane l holds, of every 16x8 block, row l/4 (two elements) and row
    l/4 + 8 (two elements), at columns 2*(l%4) and 2*(l%4) + 1. The left operand of a product has the
    same rows and, of every 16 columns, those of two neighbouring accumulator blocks: so weights
    become an operand without moving between lanes (`mma.narrow`). The right operand has the rows
    (keys) that the same lane holds as columns of the scores: so a lane can clear them by what it
    knows of its own columns (`mma.clear_rows`).
  }];
  let cppNamespace = "::halftone::mma";
  let useDefaultTypePrinterParser = 1;
}

//===-- Types -------------------------------------------------------------------------------------===//

def Mma_Role : I32EnumAttr<"Role", "What a fragment is to mma.sync", [
  I32EnumAttrCase<"Accumulator", 0, "accumulator">, I32EnumAttrCase<"Left", 1, "left">,
  I32EnumAttrCase<"Right", 2, "right">]> {
  let cppNamespace = "::halftone::mma";
}

class Mma_Type<string name, string typeMnemonic> : TypeDef<Mma_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Mma_FragmentType : Mma_Type<"Fragment", "frag"> {
  let summary = "A matrix in the registers of a warp";
  let description = [{
    `!mma.frag<32x64xf32, accumulator>` holds 64 f32 in each of 32 lanes. Accumulators are f32, or i1
    for a yes/no per element; operands are f16 or bf16, packed in pairs. Rows of an accumulator or left
    operand and rows of a right operand are multiples of 16, columns of an accumulator or right operand
    of 8, columns of a left operand of 16: mma.sync's m16n8k16.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "::mlir::Type":$element, "Role":$role);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Values a lane holds: f32 or i1 of an accumulator, pairs of elements of an operand.
    int64_t getRegisters() const {
      return getRows() * getColumns() / (getRole() == Role::Accumulator ? 32 : 64);
    }
    bool isAccumulator() const { return getRole() == Role::Accumulator; }
    /// Number of the register of an accumulator that holds, of its rows `half` * 8 to `half` * 8 + 7
    /// and its columns `block` * 8 to `block` * 8 + 7, the first (`second`: the second) of the lane's
    /// two elements.
    int64_t getRegister(int64_t half, int64_t block, int64_t second = 0) const {
      return (half / 2 * (getColumns() / 8) + block) * 4 + half % 2 * 2 + second;
    }
  }];
}
def Mma_RowsType : Mma_Type<"Rows", "rows"> {
  let summary = "One f32 for every row of an accumulator";
  let description = "`!mma.rows<32>`: each lane holds those of its own rows, two of every 16.";
  let parameters = (ins "int64_t":$rows);
  let assemblyFormat = "`<` $rows `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = "int64_t getRegisters() const { return getRows() / 8; }";
}
def Mma_ColumnsType : Mma_Type<"Columns", "columns"> {
  let summary = "One bit for every column of an accumulator";
  let description = "`!mma.columns<64>`: each lane holds those of its own columns, two of every 8, in one register.";
  let parameters = (ins "int64_t":$columns);
  let assemblyFormat = "`<` $columns `>`";
  let genVerifyDecl = 1;
}
def Mma_SharedType : Mma_Type<"Shared", "shared"> {
  let summary = "A tile in shared memory";
  let description = [{
    `!mma.shared<64x128xbf16>` has rows of 16-byte chunks. Chunks of a row are permuted by an exclusive
    or with bits of the row number, so that eight rows of one chunk column (what ldmatrix reads at once)
    lie in eight different groups of banks.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "::mlir::Type":$element);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRowBytes() const { return getColumns() * 2; }
    int64_t getBytes() const { return getRows() * getRowBytes(); }
    int64_t getChunks() const { return getColumns() / 8; }
    /// Low bits of the chunk number that are exchanged: 8 chunks, or fewer where a row has no
    /// multiple of 8.
    int64_t getSwizzleMask() const {
      int64_t chunks = getChunks();
      return std::min<int64_t>(8, chunks & -chunks) - 1;
    }
    /// The row's bits from this one on take part.
    int64_t getSwizzleShift() const {
      int64_t mask = getSwizzleMask();
      return mask == 7 ? 0 : mask == 3 ? 1 : 2;
    }
    /// Rows that `threads` threads copy at once; they share the tile evenly if it has a multiple.
    int64_t getCopyRows(int64_t threads) const { return mmaCopyRows(getColumns(), threads); }
  }];
}

class Mma_Op<string mnemonic, list<Trait> traits = []> : Op<Mma_Dialect, mnemonic, traits>;
def Mma_GlobalPointer : LLVM_PointerInAddressSpace<1>;
def Mma_Natural : ConfinedAttr<I32Attr, [IntNonNegative]>;

//===-- Where a thread is -------------------------------------------------------------------------===//

def Mma_WarpOp : Mma_Op<"warp", [Pure]> {
  let summary = "Number of the warp in its block";
  let description = "Broadcast from lane 0, so that the assembler knows it is the same for the warp.";
  let results = (outs I32:$index);
  let assemblyFormat = "attr-dict";
}

//===-- Shared memory -----------------------------------------------------------------------------===//

def Mma_SharedTileOp : Mma_Op<"shared_tile", [Pure]> {
  let summary = "The tile at a place of the block's shared memory";
  let description = [{
    `offset` is in bytes; `plus` is added to it, for the slot of a ring. The offset becomes part of the
    instructions that use the tile, so a tile is used where this operation can be seen, and is never
    carried by a loop.
  }];
  let arguments = (ins Mma_Natural:$offset, Optional<I32>:$plus);
  let results = (outs Mma_SharedType:$tile);
  let assemblyFormat = "$offset (`plus` $plus^)? attr-dict `:` type($tile)";
  let hasVerifier = 1;
}
def Mma_CopyOp : Mma_Op<"copy"> {
  let summary = "Starts copying a tile from global to shared memory";
  let description = [{
    `source` is row 0; rows are `stride` bytes apart and start at multiples of 16 bytes. With `valid`,
    rows from it on are filled with zeros and not read. The block's threads share the work: each copies
    16 bytes at a time (cp.async.cg). The copy is complete for a thread after its `mma.wait`, and for
    the block after a barrier behind that.
  }];
  let arguments = (ins Mma_GlobalPointer:$source, I64:$stride, Optional<I32>:$valid, Mma_SharedType:$tile,
                       ConfinedAttr<I32Attr, [IntPositive]>:$threads);
  let assemblyFormat = "$source `stride` $stride (`valid` $valid^)? `to` $tile attr-dict `:` type($source) `,` type($tile)";
  let hasVerifier = 1;
}
def Mma_CommitOp : Mma_Op<"commit"> {
  let summary = "Closes a group of copies";
  let assemblyFormat = "attr-dict";
}
def Mma_WaitOp : Mma_Op<"wait"> {
  let summary = "Waits until at most `pending` groups of this thread's copies are under way";
  let arguments = (ins Mma_Natural:$pending);
  let assemblyFormat = "$pending attr-dict";
}
def Mma_BarrierOp : Mma_Op<"barrier"> {
  let summary = "Waits for all threads of the block";
  let assemblyFormat = "attr-dict";
}
def Mma_RewriteOp : Mma_Op<"rewrite"> {
  let summary = "Replaces every 16-bit element x of a tile by (x and keep) xor flip"
                ", two of them a register";
  let description = [{
    Negates (flip = 0x80008000) or clears (keep = 0) what `mma.copy` brought: a thread rewrites the
    chunks that it copied itself, so a `mma.wait` is enough ahead of it.
  }];
  let arguments = (ins Mma_SharedType:$tile, I32:$keep, I32:$flip,
                       ConfinedAttr<I32Attr, [IntPositive]>:$threads);
  let assemblyFormat = "$tile `keep` $keep `flip` $flip attr-dict `:` type($tile)";
  let hasVerifier = 1;
}
def Mma_LoadLeftOp : Mma_Op<"load_left"> {
  let summary = "Reads a left operand: rows from `row` on (a multiple of 16), 16 columns from `column` on";
  let arguments = (ins Mma_SharedType:$tile, I32:$row, Mma_Natural:$column);
  let results = (outs Mma_FragmentType:$fragment);
  let assemblyFormat = "$tile `at` $row `,` $column attr-dict `:` type($tile) `->` type($fragment)";
  let hasVerifier = 1;
}
def Mma_LoadRightOp : Mma_Op<"load_right"> {
  let summary = "Reads a right operand: 16 of the depth, and every column";
  let description = [{
    Element (k, n) of the operand is tile(at + k, n); with `transposed` it is tile(n, at + k).
    A key tile is read transposed (and ldmatrix does not transpose), a value tile as it is (and ldmatrix
    does).
  }];
  let arguments = (ins Mma_SharedType:$tile, Mma_Natural:$at, UnitAttr:$transposed);
  let results = (outs Mma_FragmentType:$fragment);
  let assemblyFormat = "$tile (`transposed` $transposed^)? `at` $at attr-dict `:` type($tile) `->` type($fragment)";
  let hasVerifier = 1;
}
def Mma_StageOp : Mma_Op<"stage"> {
  let summary = "Writes an accumulator to shared memory, rounded to the tile's element type";
  let arguments = (ins Mma_FragmentType:$fragment, Mma_SharedType:$tile, I32:$row);
  let assemblyFormat = "$fragment `to` $tile `at` $row attr-dict `:` type($fragment) `,` type($tile)";
  let hasVerifier = 1;
}
def Mma_StoreOp : Mma_Op<"store"> {
  let summary = "Writes a tile from shared to global memory; rows from `valid` on are left out";
  let arguments = (ins Mma_SharedType:$tile, Mma_GlobalPointer:$destination, I64:$stride, I32:$valid,
                       ConfinedAttr<I32Attr, [IntPositive]>:$threads);
  let assemblyFormat = "$tile `to` $destination `stride` $stride `valid` $valid attr-dict `:` type($tile) `,` type($destination)";
  let hasVerifier = 1;
}
def Mma_StoreRowsOp : Mma_Op<"store_rows"> {
  let summary = "Writes one f32 a row to `destination` + row; rows from `valid` on are left out";
  let arguments = (ins Mma_RowsType:$rows, Mma_GlobalPointer:$destination, I32:$row, I32:$valid);
  let assemblyFormat = "$rows `to` $destination `at` $row `valid` $valid attr-dict `:` type($rows) `,` type($destination)";
}

//===-- Registers ---------------------------------------------------------------------------------===//

def Mma_Registers : AnyTypeOf<[Mma_FragmentType, Mma_RowsType]>;

def Mma_FillOp : Mma_Op<"fill", [Pure]> {
  let summary = "A fragment, or rows, with one value everywhere";
  let arguments = (ins F32Attr:$value);
  let results = (outs Mma_Registers:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def Mma_MultiplyOp : Mma_Op<"multiply", [Pure, AllTypesMatch<["into", "result"]>]> {
  let summary = "into + left * right, by mma.sync.m16n8k16";
  let arguments = (ins Mma_FragmentType:$left, Mma_FragmentType:$right, Mma_FragmentType:$into);
  let results = (outs Mma_FragmentType:$result);
  let assemblyFormat = "$left `,` $right `into` $into attr-dict `:` type($left) `,` type($right) `,` type($into)";
  let hasVerifier = 1;
}
def Mma_MapOp : Mma_Op<"map", [SingleBlock, RecursiveMemoryEffects, AttrSizedOperandSegments]> {
  let summary = "Computes elements of fragments, or of rows, one by one";
  let description = [{
    The region is repeated for every element a lane holds. Its arguments are the elements of the inputs
    (that of its row, where an input is rows), and, with `at`, the element's row and column (the row
    alone where all are rows), as i32, counted from the two operands. It yields an element for every
    result.
  }];
  let arguments = (ins Variadic<Mma_Registers>:$inputs, Variadic<I32>:$at);
  let results = (outs Variadic<Mma_Registers>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`(` $inputs `)` (`at` $at^)? attr-dict-with-keyword `:` type($inputs) `->` type($results) $body";
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results, "::mlir::ValueRange":$inputs,
                                 "::mlir::ValueRange":$at)>];
  let extraClassDeclaration = [{
    /// The type whose elements are walked: the first fragment, or the first rows.
    ::mlir::Type getShape();
  }];
  let hasVerifier = 1;
}
def Mma_YieldOp : Mma_Op<"yield", [Pure, ReturnLike, Terminator, HasParent<"MapOp">]> {
  let summary = "Ends the region of mma.map";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}
def Mma_Reduction : I32EnumAttr<"Reduction", "How values are joined", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Maximum", 1, "maximum">]> {
  let cppNamespace = "::halftone::mma";
}
def Mma_ReduceOp : Mma_Op<"reduce", [Pure, AllTypesMatch<["into", "result"]>]> {
  let summary = "Joins the elements that this lane holds of every row, and `into`";
  let description = "The lanes of a row still differ: `mma.quad_reduce` joins them.";
  let arguments = (ins Mma_Reduction:$reduction, Mma_FragmentType:$fragment, Mma_RowsType:$into);
  let results = (outs Mma_RowsType:$result);
  let assemblyFormat = "$reduction $fragment `into` $into attr-dict `:` type($fragment) `,` type($into)";
  let hasVerifier = 1;
}
def Mma_QuadReduceOp : Mma_Op<"quad_reduce", [AllTypesMatch<["rows", "result"]>]> {
  let summary = "Joins the four lanes of every row";
  let arguments = (ins Mma_Reduction:$reduction, Mma_RowsType:$rows);
  let results = (outs Mma_RowsType:$result);
  let assemblyFormat = "$reduction $rows attr-dict `:` type($rows)";
}
def Mma_NarrowOp : Mma_Op<"narrow", [Pure]> {
  let summary = "Rounds 16 columns of an accumulator, from `column` on, to a left operand";
  let arguments = (ins Mma_FragmentType:$fragment, Mma_Natural:$column);
  let results = (outs Mma_FragmentType:$result);
  let assemblyFormat = "$fragment `at` $column attr-dict `:` type($fragment) `->` type($result)";
  let hasVerifier = 1;
}
def Mma_KeptColumnsOp : Mma_Op<"kept_columns"> {
  let summary = "Which columns hold a true in any row of the warp";
  let arguments = (ins Mma_FragmentType:$kept);
  let results = (outs Mma_ColumnsType:$columns);
  let assemblyFormat = "$kept attr-dict `:` type($kept) `->` type($columns)";
  let hasVerifier = 1;
}
def Mma_ClearRowsOp : Mma_Op<"clear_rows", [Pure, AllTypesMatch<["right", "result"]>]> {
  let summary = "Zeroes the rows of a right operand whose bit, from `at` on, is not set";
  let arguments = (ins Mma_FragmentType:$right, Mma_ColumnsType:$columns, Mma_Natural:$at);
  let results = (outs Mma_FragmentType:$result);
  let assemblyFormat = "$right `by` $columns `at` $at attr-dict `:` type($right) `,` type($columns)";
  let hasVerifier = 1;
}

#endif // HALFTONE_CODEGEN_DIALECT_MMA_MMAOPS_TD
