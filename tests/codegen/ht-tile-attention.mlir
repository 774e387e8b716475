// RUN: halftone-opt %s --split-input-file --ht-tile-attention="tile-q=64 tile-k=32 stages=1 warps=2" | FileCheck %s

// A causal mask: full tiles carry no mask code, partial ones the mask and the end of the keys.

// CHECK-LABEL: ht.kernel @causal
// CHECK-SAME: head_dim = 128 : i32
// CHECK-SAME: stages = 1 : i32, tile_k = 32 : i32, tile_q = 64 : i32, warps = 2 : i32
// CHECK: %[[Q:.*]], %[[H:.*]], %[[B:.*]], %[[FIRST:.*]], %[[FULL:.*]], %[[PARTIAL:.*]] = ht.work_item
// CHECK: %[[LENGTH:.*]] = ht.argument key_length
// CHECK: %[[RAW:.*]] = ht.argument scale
// CHECK: %[[SCALE:.*]] = arith.mulf %[[RAW]]
// CHECK: %[[QUERY:.*]] = ht.load_tile query %[[Q]], %[[H]], %[[B]] : <64x128xbf16>
// CHECK: ht.for_key_tiles full from %[[FIRST]] count %[[FULL]]
// CHECK-NOT: ht.mask
// CHECK-NOT: ht.clear_unkept
// CHECK-NOT: arith.cmpi
// CHECK: ht.softmax_step %{{.*}} scale %[[SCALE]]
// CHECK-NOT: ht.mask
// CHECK-NOT: ht.clear_unkept
// CHECK-NOT: arith.cmpi
// CHECK: %[[SECOND:.*]] = arith.addi %[[FIRST]], %[[FULL]]
// CHECK: ht.for_key_tiles partial from %[[SECOND]] count %[[PARTIAL]]
// CHECK: %[[KEY:.*]] = ht.load_tile key
// CHECK: %[[S:.*]] = ht.product %[[QUERY]], %[[KEY]] transposed
// CHECK: %[[MASKED:.*]], %[[KEPT:.*]] = ht.mask %[[S]]
// CHECK: ^bb0(%{{.*}}: i32, %{{.*}}: i32, %[[QI:.*]]: i32, %[[KI:.*]]: i32):
// CHECK: %[[EXISTS:.*]] = arith.cmpi ult, %[[KI]], %[[LENGTH]]
// CHECK: %[[SAID:.*]] = arith.cmpi sle, %[[KI]], %[[QI]]
// CHECK: %[[NO:.*]] = arith.constant false
// CHECK: arith.select %[[EXISTS]], %[[SAID]], %[[NO]]
// CHECK: %[[W:.*]], %{{.*}}, %{{.*}}, %[[C:.*]] = ht.softmax_step %[[MASKED]]
// CHECK: %[[O:.*]] = ht.rescale %{{.*}}, %[[C]]
// CHECK: %[[V:.*]] = ht.load_tile value
// CHECK: %[[CLEAR:.*]] = ht.clear_unkept %[[V]], %[[KEPT]]
// CHECK: ht.product %[[W]], %[[CLEAR]] into %[[O]]
// CHECK: ht.store_tile
// CHECK-NOT: ht.store_lse
// CHECK-NOT: ht.attention
ht.attention @causal {head_dim = 128 : i32, element = bf16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.cmpi sle, %k, %q : i32
  ht.yield %kept : i1
} score {}

// -----

// Without a mask a partial tile still ends where the keys do. The LSE is stored where asked for.

// CHECK-LABEL: ht.kernel @dense
// CHECK: ht.for_key_tiles full
// CHECK-NOT: ht.mask
// CHECK: ht.for_key_tiles partial
// CHECK: ht.mask
// CHECK: %[[EXISTS:.*]] = arith.cmpi ult
// CHECK-NEXT: ht.yield %[[EXISTS]]
// CHECK: ht.store_lse
ht.attention @dense {head_dim = 64 : i32, element = f16, lse} mask {} score {}

// -----

// A mask with a division or a look-up only sees tokens that exist. What depends on the head alone is
// computed once, before the loops; what could trap is not.

// CHECK-LABEL: ht.kernel @lookups
// CHECK: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK: %[[LASTQ:.*]] = arith.subi %{{.*}}, %[[ONE]]
// CHECK: %[[LASTK:.*]] = arith.subi %{{.*}}, %[[ONE]]
// CHECK: %[[P:.*]] = ht.parameter 0
// CHECK: %[[HEADS:.*]] = arith.addi %{{.*}}, %[[P]]
// CHECK-NOT: arith.divui
// CHECK: ht.for_key_tiles full
// CHECK-NOT: ht.parameter
// CHECK: ht.mask
// CHECK: ^bb0(%{{.*}}: i32, %{{.*}}: i32, %[[QI:.*]]: i32, %[[KI:.*]]: i32):
// CHECK: %[[QC:.*]] = arith.minui %[[QI]], %[[LASTQ]]
// CHECK: %[[KC:.*]] = arith.minui %[[KI]], %[[LASTK]]
// CHECK: arith.divui %[[QC]], %[[HEADS]]
// CHECK: ht.table %[[P]], %[[KC]]
ht.attention @lookups {head_dim = 64 : i32, element = bf16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %p = ht.parameter 0 : i32
  %heads = arith.addi %h, %p : i32
  %x = arith.divui %q, %heads : i32
  %y = ht.table %p, %k : i32, i32 -> i32
  %kept = arith.cmpi eq, %x, %y : i32
  ht.yield %kept : i1
} score {}

// -----

// A score region scales by itself; the softmax then only changes units to log2.

// CHECK-LABEL: ht.kernel @biased
// CHECK: %[[RAW:.*]] = ht.argument scale
// CHECK: %[[LOG2E:.*]] = arith.constant 1.442695
// CHECK: %[[SLOPE:.*]] = ht.slope 0, %{{.*}}
// CHECK: ht.for_key_tiles full
// CHECK: ht.score
// CHECK: ^bb0(%[[S:.*]]: f32, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32):
// CHECK: %[[SCALED:.*]] = arith.mulf %[[S]], %[[RAW]]
// CHECK: arith.addf %[[SCALED]], %[[SLOPE]]
// CHECK: ht.softmax_step %{{.*}} scale %[[LOG2E]]
// CHECK: ht.for_key_tiles partial
// CHECK: ht.score
// CHECK: ht.mask
ht.attention @biased {head_dim = 64 : i32, element = f32} mask {} score {
^bb0(%s: f32, %b: i32, %h: i32, %q: i32, %k: i32):
  %slope = ht.slope 0, %h
  %sum = arith.addf %s, %slope : f32
  ht.yield %sum : f32
}
