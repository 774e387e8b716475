// RUN: halftone-opt %s --split-input-file --ht-to-hop --verify-diagnostics
// RUN: not halftone-opt %s --ht-to-hop="group-lists=1" 2>&1 | FileCheck %s

// CHECK: error: group-lists takes one product at a time; it excludes overlap

// expected-error@+1 {{has 96 query rows; warp groups of 64 rows make 64, 128 or 192}}
ht.kernel @odd attributes {head_dim = 64 : i32, element = f16, tile_q = 96 : i32, tile_k = 64 : i32, stages = 2 : i32, warps = 1 : i32} {
}

// -----

// expected-error@+1 {{is not a forward kernel as ht-tile-attention makes it: it needs a full and a partial loop and a softmax_end}}
ht.kernel @empty attributes {head_dim = 64 : i32, element = f16, tile_q = 64 : i32, tile_k = 64 : i32, stages = 2 : i32, warps = 1 : i32} {
}
