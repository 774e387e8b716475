// RUN: halftone-opt %s --split-input-file --ht-to-mma --verify-diagnostics

// expected-error@+1 {{has elements of 'f32', but mma.sync multiplies f16 or bf16}}
ht.kernel @single attributes {head_dim = 64 : i32, element = f32, tile_q = 64 : i32, tile_k = 32 : i32, stages = 1 : i32, warps = 2 : i32} {
}

// -----

// expected-error@+1 {{has a head dim of 72; on a GPU it is a multiple of 16, at most 256}}
ht.kernel @odd attributes {head_dim = 72 : i32, element = f16, tile_q = 64 : i32, tile_k = 32 : i32, stages = 1 : i32, warps = 2 : i32} {
}

// -----

// expected-error@+1 {{has 3 warps; it must be 1, 2, 4 or 8}}
ht.kernel @three attributes {head_dim = 64 : i32, element = f16, tile_q = 96 : i32, tile_k = 32 : i32, stages = 1 : i32, warps = 3 : i32} {
}

// -----

// expected-error@+1 {{has a tile of 64 query rows for 8 warps, but a warp takes a multiple of 16 rows}}
ht.kernel @thin attributes {head_dim = 64 : i32, element = f16, tile_q = 64 : i32, tile_k = 32 : i32, stages = 1 : i32, warps = 8 : i32} {
}

// -----

// expected-error@+1 {{has a tile of 256 key rows; it must be a multiple of 16, at most 128}}
ht.kernel @long attributes {head_dim = 64 : i32, element = f16, tile_q = 64 : i32, tile_k = 256 : i32, stages = 1 : i32, warps = 2 : i32} {
}

// -----

// expected-error@+1 {{has 3 stages; it must be 1 or 2}}
ht.kernel @deep attributes {head_dim = 64 : i32, element = f16, tile_q = 64 : i32, tile_k = 32 : i32, stages = 3 : i32, warps = 2 : i32} {
}
