// RUN: halftone-opt %s | halftone-opt | FileCheck %s

// Every operation of ht reads back as it was printed.

// CHECK-LABEL: ht.attention @dense {element = f32, head_dim = 8 : i32, lse} mask {
// CHECK-NEXT: } score {
// CHECK-NEXT: }
ht.attention @dense {head_dim = 8 : i32, element = f32, lse} mask {} score {}

// CHECK-LABEL: ht.attention @masked
// CHECK: ht.parameter 0 : i64
// CHECK: ht.table %{{.*}}, %{{.*}} : i64, i64 -> i64
// CHECK: ht.block_kept %{{.*}}, %{{.*}}, %{{.*}} : i64, i64, i64
// CHECK: ht.yield %{{.*}} : i1
// CHECK: score
// CHECK: ht.argument softcap : f32
// CHECK: ht.slope 1, %{{.*}}
// CHECK: ht.yield %{{.*}} : f32
ht.attention @masked {head_dim = 256 : i32, element = bf16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %offset = ht.parameter 0 : i64
  %wide = arith.extui %q : i32 to i64
  %entry = ht.table %offset, %wide : i64, i64 -> i64
  %kept = ht.block_kept %offset, %entry, %wide : i64, i64, i64
  ht.yield %kept : i1
} score {
^bb0(%s: f32, %b: i32, %h: i32, %q: i32, %k: i32):
  %cap = ht.argument softcap : f32
  %slope = ht.slope 1, %h
  %sum = arith.addf %cap, %slope : f32
  ht.yield %sum : f32
}

// CHECK-LABEL: ht.kernel @kernel attributes {element = f16, head_dim = 32 : i32, lse,
// CHECK: %[[Q:.*]], %[[H:.*]], %[[B:.*]], %[[FIRST:.*]], %[[FULL:.*]], %[[PARTIAL:.*]] = ht.work_item
// CHECK: ht.load_tile query %[[Q]], %[[H]], %[[B]] : <64x32xf16>
// CHECK: ht.fill 0xFF800000 : <64xf32>
// CHECK: ht.for_key_tiles partial from %[[FIRST]] count %[[PARTIAL]] init(
// CHECK: ^bb0(%[[K:.*]]: i32, %{{.*}}: !ht.tile<64xf32>, %{{.*}}: !ht.tile<64xf32>, %{{.*}}: !ht.tile<64x32xf32>):
// CHECK: ht.product %{{.*}}, %{{.*}} transposed : <64x32xf16>, <16x32xf16> -> <64x16xf32>
// CHECK: ht.score %{{.*}} at %[[B]], %[[H]], %[[Q]], %[[K]] : <64x16xf32> {
// CHECK: ht.mask %{{.*}} at %[[B]], %[[H]], %[[Q]], %[[K]] : <64x16xf32>, <64x16xi1> {
// CHECK: ht.softmax_step %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : <64x16xf32>, <64xf32> -> <64x16xf16>
// CHECK: ht.rescale %{{.*}}, %{{.*}} : <64x32xf32>, <64xf32>
// CHECK: ht.clear_unkept %{{.*}}, %{{.*}} : <16x32xf16>, <64x16xi1>
// CHECK: ht.product %{{.*}}, %{{.*}} into %{{.*}} : !ht.tile<64x32xf32> : <64x16xf16>, <16x32xf16> -> <64x32xf32>
// CHECK: ht.softmax_end %{{.*}}, %{{.*}}, %{{.*}} scale %{{.*}} : <64x32xf32>, <64xf32>
// CHECK: ht.store_tile %{{.*}} at %[[Q]], %[[H]], %[[B]] : <64x32xf32>
// CHECK: ht.store_lse %{{.*}} at %[[Q]], %[[H]], %[[B]] : <64xf32>
ht.kernel @kernel attributes {head_dim = 32 : i32, element = f16, tile_q = 64 : i32, tile_k = 16 : i32,
                              stages = 2 : i32, warps = 4 : i32, lse} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  %scale = ht.argument scale : f32
  %query = ht.load_tile query %q, %h, %b : <64x32xf16>
  %m0 = ht.fill 0xFF800000 : <64xf32>
  %l0 = ht.fill 0.0 : <64xf32>
  %o0 = ht.fill 0.0 : <64x32xf32>
  %m, %l, %o = ht.for_key_tiles partial from %first count %partial
      init(%m0, %l0, %o0 : !ht.tile<64xf32>, !ht.tile<64xf32>, !ht.tile<64x32xf32>)
      -> !ht.tile<64xf32>, !ht.tile<64xf32>, !ht.tile<64x32xf32> {
  ^bb0(%k: i32, %m1: !ht.tile<64xf32>, %l1: !ht.tile<64xf32>, %o1: !ht.tile<64x32xf32>):
    %key = ht.load_tile key %k, %h, %b : <16x32xf16>
    %s0 = ht.product %query, %key transposed : <64x32xf16>, <16x32xf16> -> <64x16xf32>
    %s1 = ht.score %s0 at %b, %h, %q, %k : <64x16xf32> {
    ^bb0(%s: f32, %bi: i32, %hi: i32, %qi: i32, %ki: i32):
      ht.yield %s : f32
    }
    %s2, %kept = ht.mask %s1 at %b, %h, %q, %k : <64x16xf32>, <64x16xi1> {
    ^bb0(%bi: i32, %hi: i32, %qi: i32, %ki: i32):
      %c = arith.cmpi ule, %ki, %qi : i32
      ht.yield %c : i1
    }
    %w, %m2, %l2, %c = ht.softmax_step %s2, %m1, %l1 scale %scale : <64x16xf32>, <64xf32> -> <64x16xf16>
    %o2 = ht.rescale %o1, %c : <64x32xf32>, <64xf32>
    %v0 = ht.load_tile value %k, %h, %b : <16x32xf16>
    %v1 = ht.clear_unkept %v0, %kept : <16x32xf16>, <64x16xi1>
    %o3 = ht.product %w, %v1 into %o2 : !ht.tile<64x32xf32> : <64x16xf16>, <16x32xf16> -> <64x32xf32>
    ht.yield %m2, %l2, %o3 : !ht.tile<64xf32>, !ht.tile<64xf32>, !ht.tile<64x32xf32>
  }
  %out, %lse = ht.softmax_end %o, %m, %l scale %scale : <64x32xf32>, <64xf32>
  ht.store_tile %out at %q, %h, %b : <64x32xf32>
  ht.store_lse %lse at %q, %h, %b : <64xf32>
}
