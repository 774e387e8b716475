// RUN: halftone-opt %s --split-input-file --verify-diagnostics

// What would hang, serialise or give wrong numbers on the GPU is refused here.

// expected-error@+1 {{asks for 40 + 2 * 240 = 520 registers of a pool of 504: setmaxnreg would wait forever}}
hop.kernel @pool attributes {element = bf16, head_dim = 128 : i32, tile_k = 128 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 40 : i32, consumer_registers = 240 : i32} {
}

// -----

// expected-error@+1 {{asks for 24 and 236 registers; setmaxnreg takes multiples of 8 from 24 to 240}}
hop.kernel @eights attributes {element = bf16, head_dim = 128 : i32, tile_k = 128 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 236 : i32} {
}

// -----

// expected-error@+1 {{has 4 consumer warp groups; 1 to 3 fit a block}}
hop.kernel @groups attributes {element = bf16, head_dim = 128 : i32, tile_k = 128 : i32, gather = 64 : i32, consumers = 4 : i32, producer_registers = 24 : i32, consumer_registers = 96 : i32} {
}

// -----

// expected-error@+1 {{gathers chunks of 48 rows, which do not divide the 128 rows of a stage}}
hop.kernel @chunks attributes {element = bf16, head_dim = 128 : i32, tile_k = 128 : i32, gather = 48 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32} {
}

// -----

// expected-error@+1 {{is of clusters of 4 blocks; 1 and 2 can be}}
hop.kernel @cluster attributes {element = bf16, head_dim = 128 : i32, tile_k = 128 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32, cluster = 4 : i32} {
}

// -----

// expected-error@+1 {{has 3 panels of 64 columns, which two blocks cannot share evenly}}
hop.kernel @panels attributes {element = bf16, head_dim = 192 : i32, tile_k = 64 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32, cluster = 2 : i32} {
}

// -----

hop.kernel @alone attributes {element = bf16, head_dim = 128 : i32, tile_k = 128 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32} {
  // expected-error@+1 {{is for a kernel of clusters of 2 blocks}}
  hop.cluster_arrive
}

// -----

// expected-error@+1 {{a shared tile has a multiple of 8 rows up to 256 (a box of the copy engine), not 512}}
func.func private @box(!hop.tile<512x64xbf16>)

// -----

// expected-error@+1 {{a fragment has the 64 rows of one warp group and at most one more dimension}}
func.func private @rows(!hop.frag<128x64xf32>)

// -----

// expected-error@+1 {{a fragment of 'bf16' has a multiple of 16 columns up to 256, not 8}}
func.func private @columns(!hop.frag<64x8xbf16>)

// -----

// expected-error@+1 {{a ring has 1 to 8 stages, not 9}}
func.func private @stages(!hop.ring<9x64x64xf16>)

// -----

func.func @in_flight(%q: !hop.tile<64x64xf16>, %k: !hop.tile<64x64xf16>) {
  // expected-error@+1 {{is still in flight where hop.pack uses its accumulator: wait for its token first}}
  %s, %t = hop.product %q, %k transposed : !hop.tile<64x64xf16>, <64x64xf16> -> <64x64xf32>
  %p = hop.pack %s : <64x64xf32> -> <64x64xf16>
  %done = hop.wait %t for %s : !hop.frag<64x64xf32> -> !hop.frag<64x64xf32>
  return
}

// -----

func.func @never_waited(%q: !hop.tile<64x64xf16>, %k: !hop.tile<64x64xf16>) {
  // expected-error@+1 {{needs a hop.wait on its token in the same block}}
  %s, %t = hop.product %q, %k transposed : !hop.tile<64x64xf16>, <64x64xf16> -> <64x64xf32>
  return
}

// -----

func.func @passed_on(%q: !hop.tile<64x64xf16>, %k: !hop.tile<64x64xf16>) {
  %s, %t = hop.product %q, %k transposed : !hop.tile<64x64xf16>, <64x64xf16> -> <64x64xf32>
  %u, %v = hop.product %q, %k transposed : !hop.tile<64x64xf16>, <64x64xf16> -> <64x64xf32>
  // expected-error@+1 {{passes on an accumulator that is still in flight where hop.pack uses it: wait for its token first}}
  %first:2 = hop.wait %t for %s, %u : !hop.frag<64x64xf32>, !hop.frag<64x64xf32> -> !hop.frag<64x64xf32>, !hop.frag<64x64xf32>
  %p = hop.pack %first#1 : <64x64xf32> -> <64x64xf16>
  %last = hop.wait %v for %first#1 : !hop.frag<64x64xf32> -> !hop.frag<64x64xf32>
  return
}

// -----

func.func @redefined(%p: !hop.frag<64x64xf16>, %v: !hop.tile<64x64xf16>) {
  // expected-error@+1 {{reads a fragment that its wait does not name: its registers could be redefined}}
  %o, %t = hop.product %p, %v : !hop.frag<64x64xf16>, <64x64xf16> -> <64x64xf32>
  %done = hop.wait %t for %o : !hop.frag<64x64xf32> -> !hop.frag<64x64xf32>
  return
}

// -----

func.func @rows_of_a_group(%q: !hop.tile<128x64xf16>, %k: !hop.tile<64x64xf16>) {
  // expected-error@+1 {{multiplies 64 rows at once, not 128: take them by hop.rows}}
  %s, %t = hop.product %q, %k transposed : !hop.tile<128x64xf16>, <64x64xf16> -> <64x64xf32>
  return
}

// -----

func.func @depth(%q: !hop.tile<64x64xf16>, %k: !hop.tile<64x128xf16>) {
  // expected-error@+1 {{sums over 64 columns of a and 128 of b}}
  %s, %t = hop.product %q, %k transposed : !hop.tile<64x64xf16>, <64x128xf16> -> <64x64xf32>
  return
}

// -----

func.func @masked(%s: !hop.frag<64x64xf32>, %kept: !hop.kept<128>) {
  // expected-error@+1 {{masks 64 columns by 128}}
  %m = hop.mask %s, %kept : <64x64xf32>, <128>
  return
}

// -----

func.func @packed(%s: !hop.frag<64x64xf32>) {
  // expected-error@+1 {{rounds f32 to a 16-bit fragment of the same shape, not '!hop.frag<64x64xf32>' to '!hop.frag<64x32xf16>'}}
  %p = hop.pack %s : <64x64xf32> -> <64x32xf16>
  return
}

// -----

hop.kernel @words attributes {element = bf16, head_dim = 64 : i32, tile_k = 64 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32} {
  hop.roles producer {
    %slot = hop.first_slot
  } consumer {
  ^bb0(%group: i32):
    // expected-error@+1 {{is for a kernel with group_lists: other plans have no such word}}
    %use = hop.load_use %group
  }
}

// -----

hop.kernel @counts attributes {element = bf16, head_dim = 64 : i32, tile_k = 64 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32} {
  hop.roles producer {
    %slot = hop.first_slot
  } consumer {
  ^bb0(%group: i32):
    // expected-error@+1 {{is for a kernel with group_lists: other plans have no such count}}
    %whole = hop.whole_stages
  }
}

// -----

hop.kernel @pages attributes {element = bf16, head_dim = 64 : i32, tile_k = 64 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32, group_lists} {
  hop.roles producer {
    %slot = hop.first_slot
  } consumer {
  ^bb0(%group: i32):
    %kept = hop.keep_none : <64>
    // expected-error@+1 {{belongs to hop.keeping: every other launch reads the pages}}
    hop.store_kept %kept, %group : <64>
  }
}

// -----

hop.kernel @keeping attributes {element = bf16, head_dim = 64 : i32, tile_k = 64 : i32, gather = 64 : i32, consumers = 2 : i32, producer_registers = 24 : i32, consumer_registers = 240 : i32, group_lists} {
  // expected-error@+1 {{takes the number of the warp group (i32)}}
  hop.keeping {
    %whole = hop.whole_stages
  }
}
