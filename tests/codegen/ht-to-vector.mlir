// RUN: halftone-opt %s --ht-to-vector="vector-width=8" | FileCheck %s

// The signature of CpuEntry; a loop over work items; tiles at fixed places of the scratch, which the
// function says the size of.

// CHECK-LABEL: func.func @attention
// CHECK-SAME: (%[[ARGS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[SCRATCH:.*]]: !llvm.ptr)
// CHECK-SAME: ht.scratch_bytes = 4480 : i64
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK: %[[SCALE:.*]] = ht.argument scale
// CHECK: %[[TOKENS:.*]] = ht.parameter 0
// CHECK: %[[Q:.*]] = llvm.getelementptr %[[SCRATCH]][1024]
// CHECK: call @load_8x8_f32(%[[ARGS]], {{.*}}, %[[Q]])

// Full tiles: no mask, and the accumulators stay where they are.
// CHECK: scf.for
// CHECK-NOT: mask
// CHECK: call @load_transposed_16x8_f32
// CHECK-NEXT: %[[AT_Q:.*]] = llvm.getelementptr %[[SCRATCH]][1024]
// CHECK: call @product_8x16x8(%[[ARGS]], %[[AT_Q]]
// CHECK: call @softmax_step_8x16({{.*}}, %[[SCALE]])
// CHECK-NEXT: %[[AT_O:.*]] = llvm.getelementptr %[[SCRATCH]][1664]
// CHECK: call @rescale_8x8(%[[ARGS]], %[[AT_O]]
// CHECK: call @load_16x8_f32
// CHECK: %[[INTO:.*]] = llvm.getelementptr %[[SCRATCH]][1664]
// CHECK-NEXT: call @accumulate_product_8x8x16({{.*}}, %[[INTO]])

// Partial tiles: the same functions, and the mask.
// CHECK: scf.for
// CHECK: call @load_transposed_16x8_f32
// CHECK: call @product_8x16x8
// CHECK: call @mask_0({{.*}}, %[[TOKENS]])
// CHECK: call @softmax_step_8x16
// CHECK: call @load_16x8_f32
// CHECK: call @clear_unkept_16x8
// CHECK: call @accumulate_product_8x8x16

// CHECK: call @softmax_end_8x8
// CHECK: call @store_8x8_f32
// CHECK: scf.if
// CHECK-NEXT: getelementptr
// CHECK: call @store_lse_8

// Rows past the length are read from a row of zeros.
// CHECK-LABEL: func.func private @load_8x8_f32
// CHECK-SAME: (%{{.*}}, %[[TENSOR:.*]]: !llvm.ptr, %[[STRIDE:.*]]: i64, %{{.*}}: i64, %[[LENGTH:.*]]: i64, %[[ZEROS:.*]]: !llvm.ptr, %{{.*}}: !llvm.ptr)
// CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %{{.*}}, %[[LENGTH]]
// CHECK: arith.select %[[INSIDE]], %{{.*}}, %[[ZEROS]] : !llvm.ptr

// Keys are transposed in registers: 24 shuffles for 8x8.
// CHECK-LABEL: func.func private @load_transposed_16x8_f32
// CHECK-COUNT-24: vector.shuffle
// CHECK-NOT: vector.shuffle

// 6 rows of 2 vectors at once, then the 2 rows that are left, all sums in registers.
// CHECK-LABEL: func.func private @product_8x16x8
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>{{(, vector<8xf32>){11} *}})
// CHECK-COUNT-12: llvm.intr.fmuladd
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>{{(, vector<8xf32>){3} *}})
// CHECK-COUNT-4: llvm.intr.fmuladd
// CHECK-NOT: llvm.intr.fmuladd

// exp2 is arithmetic.
// CHECK-LABEL: func.func private @softmax_step_8x16
// CHECK-NOT: math.exp
// CHECK: arith.shli

// CHECK-LABEL: func.func private @mask_0
// CHECK-SAME: (%{{.*}}, %[[SCORES:.*]]: !llvm.ptr, %[[KEPT:.*]]: !llvm.ptr, %[[WAITING:.*]]: !llvm.ptr, %{{.*}}: i32, %{{.*}}: i32, %[[QUERY:.*]]: i32, %[[KEY:.*]]: i32, %[[TOKENS:.*]]: i32)
// What depends on neither, once.
// CHECK: ht.parameter 1
// The keys' quotients once a tile, by f64.
// CHECK: scf.for
// CHECK: arith.divf {{.*}} vector<8xf64>
// CHECK: math.trunc
// CHECK: %[[FRAMES:.*]] = arith.trunci {{.*}} : vector<8xi64> to vector<8xi32>
// CHECK-NEXT: %[[AT:.*]] = llvm.getelementptr %[[WAITING]]
// CHECK-NEXT: llvm.store %[[FRAMES]], %[[AT]]
// Rows: the query's quotient as a scalar; what depends on it and the key only where it is new.
// CHECK: scf.for {{.*}} iter_args(%[[BEFORE:.*]] = %{{.*}}) -> (i32)
// CHECK: %[[FRAME:.*]] = arith.divui %{{.*}}, %[[TOKENS]] : i32
// CHECK: arith.cmpi ne, %[[FRAME]], %[[BEFORE]]
// CHECK: scf.if
// CHECK: scf.for
// CHECK: arith.divf {{.*}} vector<8xf64>
// CHECK: arith.fptosi
// CHECK: llvm.store
// Pairs: no division is left.
// CHECK: scf.for
// CHECK-NOT: div
// CHECK: arith.cmpi sle, {{.*}} vector<8xi32>
// CHECK: arith.ori {{.*}} vector<8xi32>
// CHECK: arith.select {{.*}} vector<8xf32>
// CHECK: scf.yield %[[FRAME]] : i32

// CHECK-LABEL: func.func private @softmax_end_8x8
// CHECK-NOT: math.log

ht.kernel @attention attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 16 : i32, stages = 2 : i32, warps = 4 : i32, lse} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %scale = ht.argument scale : f32
  %tokens = ht.parameter 0 : i32
  %q = ht.load_tile query %query, %head, %batch : <8x8xf32>
  %m0 = ht.fill 0xFF800000 : <8xf32>
  %l0 = ht.fill 0.0 : <8xf32>
  %o0 = ht.fill 0.0 : <8x8xf32>
  %f:3 = ht.for_key_tiles full from %first count %full init(%m0, %l0, %o0 : !ht.tile<8xf32>, !ht.tile<8xf32>, !ht.tile<8x8xf32>) -> !ht.tile<8xf32>, !ht.tile<8xf32>, !ht.tile<8x8xf32> {
  ^bb0(%row: i32, %m: !ht.tile<8xf32>, %l: !ht.tile<8xf32>, %o: !ht.tile<8x8xf32>):
    %k = ht.load_tile key %row, %head, %batch : <16x8xf32>
    %s = ht.product %q, %k transposed : <8x8xf32>, <16x8xf32> -> <8x16xf32>
    %w, %mn, %ln, %c = ht.softmax_step %s, %m, %l scale %scale : <8x16xf32>, <8xf32> -> <8x16xf32>
    %or = ht.rescale %o, %c : <8x8xf32>, <8xf32>
    %v = ht.load_tile value %row, %head, %batch : <16x8xf32>
    %on = ht.product %w, %v into %or : !ht.tile<8x8xf32> : <8x16xf32>, <16x8xf32> -> <8x8xf32>
    ht.yield %mn, %ln, %on : !ht.tile<8xf32>, !ht.tile<8xf32>, !ht.tile<8x8xf32>
  }
  %second = arith.addi %first, %full : i32
  %p:3 = ht.for_key_tiles partial from %second count %partial init(%f#0, %f#1, %f#2 : !ht.tile<8xf32>, !ht.tile<8xf32>, !ht.tile<8x8xf32>) -> !ht.tile<8xf32>, !ht.tile<8xf32>, !ht.tile<8x8xf32> {
  ^bb0(%row: i32, %m: !ht.tile<8xf32>, %l: !ht.tile<8xf32>, %o: !ht.tile<8x8xf32>):
    %k = ht.load_tile key %row, %head, %batch : <16x8xf32>
    %s = ht.product %q, %k transposed : <8x8xf32>, <16x8xf32> -> <8x16xf32>
    %sm, %kept = ht.mask %s at %batch, %head, %query, %row : <8x16xf32>, <8x16xi1> {
    ^bb0(%b: i32, %h: i32, %qi: i32, %ki: i32):
      %limit = ht.parameter 1 : i32
      %qf = arith.divui %qi, %tokens : i32
      %kf = arith.divui %ki, %tokens : i32
      %apart = arith.subi %qf, %kf : i32
      %near = arith.remsi %apart, %limit : i32
      %across = arith.subi %qi, %ki : i32
      %in = arith.cmpi sle, %across, %near : i32
      ht.yield %in : i1
    }
    %w, %mn, %ln, %c = ht.softmax_step %sm, %m, %l scale %scale : <8x16xf32>, <8xf32> -> <8x16xf32>
    %or = ht.rescale %o, %c : <8x8xf32>, <8xf32>
    %v = ht.load_tile value %row, %head, %batch : <16x8xf32>
    %vc = ht.clear_unkept %v, %kept : <16x8xf32>, <8x16xi1>
    %on = ht.product %w, %vc into %or : !ht.tile<8x8xf32> : <8x16xf32>, <16x8xf32> -> <8x8xf32>
    ht.yield %mn, %ln, %on : !ht.tile<8xf32>, !ht.tile<8xf32>, !ht.tile<8x8xf32>
  }
  %out, %lse = ht.softmax_end %p#2, %p#0, %p#1 scale %scale : <8x8xf32>, <8xf32>
  ht.store_tile %out at %query, %head, %batch : <8x8xf32>
  ht.store_lse %lse at %query, %head, %batch : <8xf32>
}
