// RUN: halftone-opt %s --split-input-file --ht-to-vector="vector-width=8" --verify-diagnostics

// expected-error @below {{has tile_k 12; ht-to-vector needs a multiple of the vector width, 8}}
ht.kernel @narrow attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 12 : i32, stages = 2 : i32, warps = 4 : i32} {
}

// -----

// An update in place would destroy what the other use wants.
ht.kernel @twice attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 16 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %o = ht.fill 0.0 : <8x8xf32>
  %c = ht.fill 1.0 : <8xf32>
  // expected-error @below {{updates a tile of type '!ht.tile<8x8xf32>' in place, but it has 2 uses; it must be its only one}}
  %r = ht.rescale %o, %c : <8x8xf32>, <8xf32>
  ht.store_tile %o at %query, %head, %batch : <8x8xf32>
}

// -----

ht.kernel @both_ways attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 8 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %q = ht.load_tile query %query, %head, %batch : <8x8xf32>
  // expected-error @below {{is used both transposed and not; load it twice}}
  %k = ht.load_tile key %first, %head, %batch : <8x8xf32>
  %s = ht.product %q, %k transposed : <8x8xf32>, <8x8xf32> -> <8x8xf32>
  %o = ht.product %q, %k : <8x8xf32>, <8x8xf32> -> <8x8xf32>
}

// -----

ht.kernel @not_loaded attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 8 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %q = ht.load_tile query %query, %head, %batch : <8x8xf32>
  %k = ht.fill 0.0 : <8x8xf32>
  // expected-error @below {{needs a b that is loaded for this product}}
  %s = ht.product %q, %k transposed : <8x8xf32>, <8x8xf32> -> <8x8xf32>
}

// -----

ht.kernel @not_updated attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 8 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %o = ht.fill 0.0 : <8x8xf32>
  // expected-error @below {{yields a tile of type '!ht.tile<8x8xf32>' that is not the updated one it carries}}
  %r = ht.for_key_tiles full from %first count %full init(%o : !ht.tile<8x8xf32>) -> !ht.tile<8x8xf32> {
  ^bb0(%row: i32, %carried: !ht.tile<8x8xf32>):
    %new = ht.fill 1.0 : <8x8xf32>
    ht.yield %new : !ht.tile<8x8xf32>
  }
}

// -----

ht.kernel @not_liftable attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 8 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %s = ht.fill 0.0 : <8x8xf32>
  %r = ht.score %s at %batch, %head, %query, %first : <8x8xf32> {
  ^bb0(%score: f32, %b: i32, %h: i32, %q: i32, %k: i32):
    // expected-error @below {{in ht.score cannot be done on vectors of keys}}
    %slope = ht.slope 0, %k
    ht.yield %slope : f32
  }
}
