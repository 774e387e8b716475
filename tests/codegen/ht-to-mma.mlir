// RUN: halftone-opt %s --split-input-file --ht-tile-attention="tile-q=64 tile-k=32 stages=1 warps=2" --ht-to-mma --canonicalize --cse | FileCheck %s
// RUN: halftone-opt %s --split-input-file --ht-tile-attention="tile-q=64 tile-k=32 stages=2 warps=2" --ht-to-mma --canonicalize --cse | FileCheck %s --check-prefix=RING

// One stage: the value tile is copied while the scores are made, the next key tile behind a barrier
// while the softmax runs. Full tiles carry no mask code.

// CHECK-LABEL: llvm.func @causal(%arg0: !llvm.ptr
// CHECK-SAME: llvm.byval = !llvm.array<768 x i8>
// CHECK-SAME: nvvm.grid_constant
// CHECK-SAME: ht.shared_bytes = 16384 : i32
// CHECK-SAME: nvvm.kernel
// CHECK-SAME: nvvm.reqntid = array<i32: 64>
// CHECK: %[[WARP:.*]] = mma.warp
// CHECK: %[[Q:.*]] = mma.shared_tile 0 : <64x64xf16>
// CHECK: mma.copy %{{.*}} stride %{{.*}} valid %{{.*}} to %[[Q]]
// CHECK: mma.commit
// CHECK: scf.if
// CHECK: %[[K:.*]] = mma.shared_tile 8192 : <32x64xf16>
// A full tile needs no bound.
// CHECK: mma.copy %{{.*}} stride %{{[^ ]*}} to %[[K]]
// CHECK: mma.commit
// CHECK: scf.for
// CHECK: mma.wait 0
// CHECK-NEXT: mma.barrier
// CHECK: %[[V:.*]] = mma.shared_tile 12288 : <32x64xf16>
// CHECK: mma.copy %{{.*}} stride %{{[^ ]*}} to %[[V]]
// CHECK-NEXT: mma.commit
// CHECK: %[[ROW:.*]] = arith.muli %[[WARP]]
// CHECK: mma.load_left %[[Q]] at %[[ROW]], 0 : <64x64xf16> -> <32x16xf16, left>
// CHECK: mma.load_right %[[K]] transposed at 0 : <32x64xf16> -> <16x32xf16, right>
// CHECK-COUNT-4: mma.multiply
// CHECK: mma.wait 0
// CHECK-NEXT: mma.barrier
// CHECK: mma.copy %{{.*}} stride %{{[^ ]*}} to %[[K]]
// CHECK-NEXT: mma.commit
// CHECK-NOT: arith.cmpi
// CHECK-NOT: mma.kept_columns
// CHECK: mma.reduce maximum
// CHECK-NEXT: mma.quad_reduce maximum
// CHECK: math.exp2
// CHECK: mma.reduce add
// CHECK-NOT: mma.quad_reduce add
// CHECK: mma.narrow %{{.*}} at 0
// CHECK: mma.load_right %[[V]] at 0
// CHECK-NOT: mma.clear_rows
// CHECK-COUNT-2: mma.multiply
// CHECK: scf.yield

// Partial tiles: rows past the length are not read, the mask is evaluated, and values that no row of
// the warp keeps are cleared.
// CHECK: scf.if
// CHECK: mma.copy %{{.*}} stride %{{.*}} valid %{{.*}} to
// CHECK: scf.for
// CHECK: %[[MASKED:.*]]:2 = mma.map(%{{.*}}) at %{{.*}}, %{{.*}} : !mma.frag<32x32xf32, accumulator> -> !mma.frag<32x32xf32, accumulator>, !mma.frag<32x32xi1, accumulator>
// CHECK: arith.select
// CHECK: mma.yield
// CHECK: %[[COLUMNS:.*]] = mma.kept_columns %[[MASKED]]#1
// CHECK: mma.clear_rows %{{.*}} by %[[COLUMNS]] at 0
// CHECK: mma.clear_rows %{{.*}} by %[[COLUMNS]] at 16

// The output goes through the queries' place.
// CHECK: mma.quad_reduce add
// CHECK: mma.wait 0
// CHECK-NEXT: mma.barrier
// CHECK: mma.stage %{{.*}} to %[[Q]]
// CHECK-NEXT: mma.barrier
// CHECK: mma.store %[[Q]] to
// CHECK: mma.store_rows

// Two stages: keys and values of the next tile go to the other half of the ring, one barrier a tile.

// RING-LABEL: llvm.func @causal
// RING-SAME: ht.shared_bytes = 24576 : i32
// RING: scf.for {{.*}} iter_args({{.*}}%[[SLOT:[^ ]*]] = %c0_i32)
// RING: mma.wait 0
// RING-NEXT: mma.barrier
// RING: %[[OTHER:.*]] = arith.xori %[[SLOT]], %c8192_i32
// RING: %[[K:.*]] = mma.shared_tile 8192 plus %[[OTHER]]
// RING: mma.copy %{{.*}} to %[[K]]
// RING: %[[V:.*]] = mma.shared_tile 12288 plus %[[OTHER]]
// RING: mma.copy %{{.*}} to %[[V]]
// RING-NEXT: mma.commit
// RING: mma.shared_tile 8192 plus %[[SLOT]]
// RING-NOT: mma.barrier
// RING: scf.yield {{.*}}%[[OTHER]]
ht.attention @causal {head_dim = 64 : i32, element = f16, lse} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.cmpi sle, %k, %q : i32
  ht.yield %kept : i1
} score {}

// -----

// A tile that lies in one block of a block mask is looked up once. Where the softmax's scale is not
// positive, the queries are negated or cleared ahead.

// CHECK-LABEL: llvm.func @blocks
// CHECK: mma.copy
// CHECK: mma.commit
// CHECK: %[[NEGATIVE:.*]] = arith.cmpf olt
// CHECK: %[[UNUSUAL:.*]] = arith.cmpf ule
// CHECK: scf.if %[[UNUSUAL]] {
// CHECK-NEXT: mma.wait 0
// CHECK: %[[KEEP:.*]] = arith.select %[[NEGATIVE]], %c-1_i32, %c0_i32
// CHECK: %[[FLIP:.*]] = arith.select %[[NEGATIVE]], %c-2147450880_i32, %c0_i32
// CHECK: mma.rewrite %{{.*}} keep %[[KEEP]] flip %[[FLIP]]
// CHECK: %[[SAMEQ:.*]] = arith.cmpi eq
// CHECK: %[[SAMEK:.*]] = arith.cmpi eq
// CHECK: %[[SAME:.*]] = arith.andi %[[SAMEQ]], %[[SAMEK]]
// CHECK: scf.if %[[SAME]]
// CHECK-NEXT: %[[KEPT:.*]] = ht.block_kept
// CHECK: mma.map
// CHECK-NOT: ht.block_kept
// CHECK: arith.select %{{.*}}, %[[KEPT]], %false
// CHECK: } else {
// CHECK: mma.map
// CHECK: ht.block_kept
ht.attention @blocks {head_dim = 64 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %offset = ht.parameter 0 : i32
  %size = ht.parameter 1 : i32
  %qb = arith.divui %q, %size : i32
  %kb = arith.divui %k, %size : i32
  %kept = ht.block_kept %offset, %qb, %kb : i32, i32, i32
  ht.yield %kept : i1
} score {}
