// RUN: halftone-opt %s --split-input-file --mma-to-nvvm --canonicalize --cse | FileCheck %s

// A 32x128 tile of bf16 has 512 chunks: 128 threads take four each, of rows eight apart.

// CHECK: llvm.mlir.global external @halftone_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// CHECK-LABEL: llvm.func @copy
// CHECK: %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK: %[[ROW:.*]] = arith.shrui %[[THREAD]], %c4_i32
// CHECK: %[[CHUNK:.*]] = arith.andi %[[THREAD]], %c15_i32
// CHECK: %[[SWIZZLE:.*]] = arith.andi %[[ROW]], %c7_i32
// CHECK: arith.xori %[[CHUNK]], %[[SWIZZLE]]
// CHECK: llvm.inline_asm has_side_effects {{.*}}"cp.async.cg.shared.global [$0 + 256], [$1], 16;", "r,l"
// CHECK: "cp.async.cg.shared.global [$0 + 2304], [$1], 16;"
// CHECK: "cp.async.cg.shared.global [$0 + 4352], [$1], 16;"
// CHECK: "cp.async.cg.shared.global [$0 + 6400], [$1], 16;"
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvvm.cp.async.wait.group 0
// CHECK: nvvm.barrier0
llvm.func @copy(%from: !llvm.ptr<1>, %stride: i64) attributes {nvvm.kernel} {
  %tile = mma.shared_tile 256 : <32x128xbf16>
  mma.copy %from stride %stride to %tile {threads = 128 : i32} : <1>, <32x128xbf16>
  mma.commit
  mma.wait 0
  mma.barrier
  llvm.return
}

// -----

// Rows past the bound are filled with zeros: 16 bytes or none are read.
// CHECK-LABEL: llvm.func @copy_bounded
// CHECK: %[[LEFT:.*]] = arith.subi %{{.*}}, %{{.*}} : i32
// CHECK: %[[INSIDE:.*]] = arith.cmpi sgt, %[[LEFT]], %c0_i32
// CHECK: %[[BYTES:.*]] = arith.select %[[INSIDE]], %c16_i32, %c0_i32
// CHECK: "cp.async.cg.shared.global [$0 + 0], [$1], 16, $2;", "r,l,r" %{{.*}}, %{{.*}}, %[[BYTES]]
llvm.func @copy_bounded(%from: !llvm.ptr<1>, %stride: i64, %valid: i32) attributes {nvvm.kernel} {
  %tile = mma.shared_tile 0 : <16x64xf16>
  mma.copy %from stride %stride valid %valid to %tile {threads = 128 : i32} : <1>, <16x64xf16>
  llvm.return
}

// -----

// Queries and, transposed by ldmatrix, values: the lane's row is lane % 16. Keys: the rows of the two
// matrices of a register pair are the same.
// CHECK-LABEL: llvm.func @product
// CHECK: "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {$0, $1, $2, $3}, [$4 + 0];", "=r,=r,=r,=r,r"
// CHECK: "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {$0, $1, $2, $3}, [$4 + 4096];"
// CHECK: nvvm.mma.sync A[{{.*}}] B[{{.*}}] C[{{.*}}] {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>, shape = #nvvm.shape<m = 16, n = 8, k = 16>}
// CHECK: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sync
// CHECK: llvm.call_intrinsic "llvm.nvvm.ff2bf16x2.rn"(%[[HIGH:.*]], %[[LOW:.*]])
// CHECK: "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {$0, $1, $2, $3}, [$4 + 8192];"
llvm.func @product(%out: !llvm.ptr<1>) attributes {nvvm.kernel} {
  %c0 = arith.constant 0 : i32
  %c128 = arith.constant 128 : i32
  %q = mma.shared_tile 0 : <32x64xbf16>
  %k = mma.shared_tile 4096 : <16x64xbf16>
  %v = mma.shared_tile 8192 : <16x16xbf16>
  %zero = mma.fill 0.0 : !mma.frag<16x16xf32, accumulator>
  %a = mma.load_left %q at %c0, 16 : <32x64xbf16> -> <16x16xbf16, left>
  %b = mma.load_right %k transposed at 16 : <16x64xbf16> -> <16x16xbf16, right>
  %s = mma.multiply %a, %b into %zero : <16x16xbf16, left>, <16x16xbf16, right>, <16x16xf32, accumulator>
  %p = mma.narrow %s at 0 : <16x16xf32, accumulator> -> <16x16xbf16, left>
  %w = mma.load_right %v at 0 : <16x16xbf16> -> <16x16xbf16, right>
  %o = mma.multiply %p, %w into %zero : <16x16xbf16, left>, <16x16xbf16, right>, <16x16xf32, accumulator>
  %max = mma.fill 0.0 : !mma.rows<16>
  %r = mma.reduce maximum %o into %max : <16x16xf32, accumulator>, <16>
  mma.store_rows %r to %out at %c0 valid %c128 : <16>, <1>
  llvm.return
}

// -----

// A map is repeated for every element; exp2 is the hardware's.
// CHECK-LABEL: llvm.func @map
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f"
// CHECK-NOT: ex2.approx
// The lanes of a row are joined by two exchanges.
// CHECK: nvvm.shfl.sync  bfly %{{.*}}, %{{.*}}, %c1_i32, %c31_i32
// CHECK: nvvm.shfl.sync  bfly %{{.*}}, %{{.*}}, %c2_i32, %c31_i32
// Lane % 4 == 0 writes, if the row exists.
// CHECK: scf.if
// CHECK: llvm.store
llvm.func @map(%out: !llvm.ptr<1>, %valid: i32) attributes {nvvm.kernel} {
  %c0 = arith.constant 0 : i32
  %rows = mma.fill 0.0 : !mma.rows<16>
  %x = mma.map(%rows) at %c0 : !mma.rows<16> -> !mma.rows<16> {
  ^bb0(%value: f32, %row: i32):
    %f = arith.sitofp %row : i32 to f32
    %e = math.exp2 %f : f32
    mma.yield %e : f32
  }
  %zero = mma.fill 0.0 : !mma.frag<16x8xf32, accumulator>
  %y = mma.map(%zero, %x) at %c0, %c0 : !mma.frag<16x8xf32, accumulator>, !mma.rows<16> -> !mma.frag<16x8xf32, accumulator> {
  ^bb0(%value: f32, %ofRow: f32, %row: i32, %column: i32):
    %g = arith.sitofp %column : i32 to f32
    %sum = arith.addf %g, %ofRow : f32
    mma.yield %sum : f32
  }
  %r = mma.reduce add %y into %x : <16x8xf32, accumulator>, <16>
  %e2 = mma.map(%r) : !mma.rows<16> -> !mma.rows<16> {
  ^bb0(%value: f32):
    %e = math.exp2 %value : f32
    mma.yield %e : f32
  }
  %total = mma.quad_reduce add %e2 : <16>
  mma.store_rows %total to %out at %c0 valid %valid : <16>, <1>
  llvm.return
}

// -----

// Bits of the columns, joined over the eight rows of lanes; a register of two rows is cleared by the
// bits of both.
// CHECK-LABEL: llvm.func @clear
// CHECK: nvvm.shfl.sync  bfly %{{.*}}, %{{.*}}, %c4_i32, %c31_i32
// CHECK: nvvm.shfl.sync  bfly %{{.*}}, %{{.*}}, %c8_i32, %c31_i32
// CHECK: nvvm.shfl.sync  bfly %{{.*}}, %{{.*}}, %c16_i32, %c31_i32
// CHECK: "ldmatrix
// CHECK: arith.muli %{{.*}}, %c65535_i32
// CHECK: arith.muli %{{.*}}, %c-65536_i32
// CHECK: %[[MASK:.*]] = arith.ori
// CHECK: arith.andi %{{.*}}, %[[MASK]]
// CHECK: nvvm.mma.sync
llvm.func @clear(%out: !llvm.ptr<1>, %limit: i32) attributes {nvvm.kernel} {
  %c0 = arith.constant 0 : i32
  %zero = mma.fill 0.0 : !mma.frag<16x16xf32, accumulator>
  %kept = mma.map(%zero) at %c0, %c0 : !mma.frag<16x16xf32, accumulator> -> !mma.frag<16x16xi1, accumulator> {
  ^bb0(%value: f32, %row: i32, %column: i32):
    %k = arith.cmpi slt, %column, %limit : i32
    mma.yield %k : i1
  }
  %columns = mma.kept_columns %kept : <16x16xi1, accumulator> -> <16>
  %v = mma.shared_tile 0 : <16x16xf16>
  %w = mma.load_right %v at 0 : <16x16xf16> -> <16x16xf16, right>
  %cleared = mma.clear_rows %w by %columns at 0 : <16x16xf16, right>, <16>
  %p = mma.narrow %zero at 0 : <16x16xf32, accumulator> -> <16x16xf16, left>
  %o = mma.multiply %p, %cleared into %zero : <16x16xf16, left>, <16x16xf16, right>, <16x16xf32, accumulator>
  %rows = mma.fill 0.0 : !mma.rows<16>
  %r = mma.reduce add %o into %rows : <16x16xf32, accumulator>, <16>
  mma.store_rows %r to %out at %c0 valid %limit : <16>, <1>
  llvm.return
}

// -----

// Accumulators are carried by loops as scalars, eight f32 of 16x16.
// CHECK-LABEL: llvm.func @loop
// CHECK: scf.for {{.*}} -> (f32, f32, f32, f32, f32, f32, f32, f32)
// CHECK: scf.yield {{.*}} : f32, f32, f32, f32, f32, f32, f32, f32
// The output: pairs to shared memory, 16 bytes a thread to global memory.
// CHECK: llvm.store %{{.*}} {alignment = 4 : i64} : vector<2xbf16>, !llvm.ptr<3>
// CHECK: nvvm.barrier0
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xi32>
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<1>
llvm.func @loop(%out: !llvm.ptr<1>, %stride: i64, %count: i32) attributes {nvvm.kernel} {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %zero = mma.fill 0.0 : !mma.frag<16x16xf32, accumulator>
  %sum = scf.for %i = %c0 to %count step %c1 iter_args(%x = %zero) -> (!mma.frag<16x16xf32, accumulator>) : i32 {
    %y = mma.map(%x) : !mma.frag<16x16xf32, accumulator> -> !mma.frag<16x16xf32, accumulator> {
    ^bb0(%value: f32):
      %two = arith.addf %value, %value : f32
      mma.yield %two : f32
    }
    scf.yield %y : !mma.frag<16x16xf32, accumulator>
  }
  %tile = mma.shared_tile 0 : <16x16xbf16>
  mma.stage %sum to %tile at %c0 : <16x16xf32, accumulator>, <16x16xbf16>
  mma.barrier
  mma.store %tile to %out stride %stride valid %count {threads = 32 : i32} : <16x16xbf16>, <1>
  llvm.return
}

// -----

// Loops and branches that carry fragments of several types give every result its own scalars.
// CHECK-LABEL: llvm.func @branch
// CHECK: scf.if {{.*}} -> (f32, f32, i1, i1, i1, i1)
llvm.func @branch(%out: !llvm.ptr<1>, %limit: i32, %which: i1) attributes {nvvm.kernel} {
  %c0 = arith.constant 0 : i32
  %zero = mma.fill 0.0 : !mma.frag<16x8xf32, accumulator>
  %one = mma.fill 1.0 : !mma.rows<16>
  %less = mma.map(%zero) at %c0, %c0 : !mma.frag<16x8xf32, accumulator> -> !mma.frag<16x8xi1, accumulator> {
  ^bb0(%value: f32, %row: i32, %column: i32):
    %k = arith.cmpi slt, %column, %limit : i32
    mma.yield %k : i1
  }
  %x:2 = scf.if %which -> (!mma.rows<16>, !mma.frag<16x8xi1, accumulator>) {
    mma.barrier
    scf.yield %one, %less : !mma.rows<16>, !mma.frag<16x8xi1, accumulator>
  } else {
    %more = mma.map(%zero) at %c0, %c0 : !mma.frag<16x8xf32, accumulator> -> !mma.frag<16x8xi1, accumulator> {
    ^bb0(%value: f32, %row: i32, %column: i32):
      %k = arith.cmpi sgt, %row, %limit : i32
      mma.yield %k : i1
    }
    %two = mma.map(%one) at %c0 : !mma.rows<16> -> !mma.rows<16> {
    ^bb0(%value: f32, %row: i32):
      %f = arith.sitofp %row : i32 to f32
      mma.yield %f : f32
    }
    mma.barrier
    scf.yield %two, %more : !mma.rows<16>, !mma.frag<16x8xi1, accumulator>
  }
  %columns = mma.kept_columns %x#1 : <16x8xi1, accumulator> -> <8>
  mma.store_rows %x#0 to %out at %c0 valid %limit : <16>, <1>
  llvm.return
}

// -----

// CHECK-LABEL: llvm.func @rewrite
// CHECK: %[[OLD:.*]] = llvm.load %[[AT:.*]] {alignment = 16 : i64} : !llvm.ptr<3> -> vector<4xi32>
// CHECK: %[[KEPT:.*]] = llvm.and %[[OLD]]
// CHECK: %[[NEW:.*]] = llvm.xor %[[KEPT]]
// CHECK: llvm.store %[[NEW]], %[[AT]] {alignment = 16 : i64}
llvm.func @rewrite(%keep: i32, %flip: i32) attributes {nvvm.kernel} {
  %tile = mma.shared_tile 0 : <16x64xf16>
  mma.rewrite %tile keep %keep flip %flip {threads = 128 : i32} : <16x64xf16>
  llvm.return
}
