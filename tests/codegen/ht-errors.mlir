// RUN: halftone-opt %s --split-input-file --verify-diagnostics

// Every verifier of ht, each with its message. Types first.

// expected-error @below {{a tile has one or two dimensions, not 3}}
func.func private @rank(!ht.tile<2x3x4xf32>)

// -----

// expected-error @below {{a tile's dimensions are positive, not 0}}
func.func private @empty(!ht.tile<8x0xf32>)

// -----

// expected-error @below {{a tile's elements are f32, f16, bf16 or i1, not 'f64'}}
func.func private @element(!ht.tile<8x8xf64>)

// -----

func.func @argument() {
  // expected-error @below {{'ht.argument' op 'scale' is 'f32', not 'i32'}}
  %x = ht.argument scale : i32
  return
}

// -----

func.func @length() {
  // expected-error @below {{'ht.argument' op 'key_length' is 'i32', not 'f32'}}
  %x = ht.argument key_length : f32
  return
}

// -----

// expected-error @below {{'ht.attention' op has head_dim 12; it must be a multiple of 8 from 8 to 256}}
ht.attention @head_dim {head_dim = 12 : i32, element = bf16} mask {} score {}

// -----

// expected-error @below {{'ht.attention' op has element 'f64'; it must be f32, f16 or bf16}}
ht.attention @element {head_dim = 64 : i32, element = f64} mask {} score {}

// -----

// expected-error @below {{'ht.attention' op has a mask region over ('i32', 'i32'); it must be over ('i32', 'i32', 'i32', 'i32')}}
ht.attention @mask {head_dim = 64 : i32, element = bf16} mask {
^bb0(%q: i32, %k: i32):
  %kept = arith.cmpi sle, %k, %q : i32
  ht.yield %kept : i1
} score {}

// -----

// expected-error @below {{'ht.attention' op has a mask region that yields ('i32'); it must yield ('i1')}}
ht.attention @mask {head_dim = 64 : i32, element = bf16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  ht.yield %q : i32
} score {}

// -----

// expected-error @below {{'ht.attention' op has a mask region that does not end in ht.yield}}
ht.attention @mask {head_dim = 64 : i32, element = bf16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.cmpi sle, %k, %q : i32
} score {}

// -----

// expected-error @below {{'ht.attention' op has a score region over ('i32', 'i32', 'i32', 'i32'); it must be over ('f32', 'i32', 'i32', 'i32', 'i32')}}
ht.attention @score {head_dim = 64 : i32, element = bf16} mask {} score {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %x = arith.sitofp %k : i32 to f32
  ht.yield %x : f32
}

// -----

// expected-error @below {{'ht.kernel' op has tile_k 0; it must be positive}}
ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 0 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
}

// -----

// expected-error @below {{'ht.kernel' op has a body with 1 arguments; it must have none}}
ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
^bb0(%x: i32):
  %q, %h, %b, %first, %full, %partial = ht.work_item
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  // expected-error @below {{'ht.load_tile' op cannot load 'output': it is only stored}}
  %x = ht.load_tile output %q, %h, %b : <16x8xf32>
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  // expected-error @below {{'ht.load_tile' op needs a tile of 'f32', not '!ht.tile<16x8xf16>'}}
  %x = ht.load_tile query %q, %h, %b : <16x8xf16>
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  // expected-error @below {{'ht.load_tile' op has 8 rows; the kernel's tile_q is 16}}
  %x = ht.load_tile query %q, %h, %b : <8x8xf32>
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  // expected-error @below {{'ht.load_tile' op has 16 rows; the kernel's tile_k is 8}}
  %x = ht.load_tile value %q, %h, %b : <16x8xf32>
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  // expected-error @below {{'ht.load_tile' op has 16 columns; the kernel's head_dim is 8}}
  %x = ht.load_tile key %q, %h, %b : <8x16xf32>
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f32, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  // expected-error @below {{'ht.load_tile' op needs a tile of two dimensions, not '!ht.tile<16xf32>'}}
  %x = ht.load_tile query %q, %h, %b : <16xf32>
}

// -----

func.func @outside(%q: i32) {
  // expected-error @below {{'ht.load_tile' op must be inside ht.kernel}}
  %x = ht.load_tile query %q, %q, %q : <16x8xf32>
  return
}

// -----

func.func @body(%n: i32, %m: !ht.tile<16xf32>) {
  // expected-error @below {{'ht.for_key_tiles' op has a body over ('i32'); it must be over the key row and the carried tiles ('i32', '!ht.tile<16xf32>')}}
  %r = ht.for_key_tiles full from %n count %n init(%m : !ht.tile<16xf32>) -> !ht.tile<16xf32> {
  ^bb0(%k: i32):
    ht.yield %m : !ht.tile<16xf32>
  }
  return
}

// -----

func.func @results(%n: i32, %m: !ht.tile<16xf32>) {
  // expected-error @below {{'ht.for_key_tiles' op gives ('!ht.tile<8xf32>') and carries ('!ht.tile<16xf32>'); they must agree}}
  %r = ht.for_key_tiles full from %n count %n init(%m : !ht.tile<16xf32>) -> !ht.tile<8xf32> {
  ^bb0(%k: i32, %x: !ht.tile<16xf32>):
    ht.yield %m : !ht.tile<16xf32>
  }
  return
}

// -----

func.func @yield(%n: i32, %m: !ht.tile<16xf32>) {
  // expected-error @below {{'ht.for_key_tiles' op yields () and gives ('!ht.tile<16xf32>'); they must agree}}
  %r = ht.for_key_tiles full from %n count %n init(%m : !ht.tile<16xf32>) -> !ht.tile<16xf32> {
  ^bb0(%k: i32, %x: !ht.tile<16xf32>):
    ht.yield
  }
  return
}

// -----

func.func @end(%n: i32, %m: !ht.tile<16xf32>) {
  // expected-error @below {{'ht.for_key_tiles' op has a body that does not end in ht.yield}}
  %r = ht.for_key_tiles full from %n count %n init(%m : !ht.tile<16xf32>) -> !ht.tile<16xf32> {
  ^bb0(%k: i32, %x: !ht.tile<16xf32>):
    %y = ht.fill 0.0 : <16xf32>
  }
  return
}

// -----

func.func @product(%a: !ht.tile<16x8xf16>, %b: !ht.tile<8x8xbf16>) {
  // expected-error @below {{'ht.product' op multiplies 'f16' by 'bf16'; the elements must agree}}
  %c = ht.product %a, %b : <16x8xf16>, <8x8xbf16> -> <16x8xf32>
  return
}

// -----

func.func @product(%a: !ht.tile<16x8xf16>, %b: !ht.tile<16x8xf16>) {
  // expected-error @below {{'ht.product' op sums over 8 columns of a and 16 rows of b; they must agree}}
  %c = ht.product %a, %b : <16x8xf16>, <16x8xf16> -> <16x8xf32>
  return
}

// -----

func.func @product(%a: !ht.tile<16x8xf16>, %b: !ht.tile<8x16xf16>) {
  // expected-error @below {{'ht.product' op sums over 8 columns of a and 16 columns of b; they must agree}}
  %c = ht.product %a, %b transposed : <16x8xf16>, <8x16xf16> -> <16x8xf32>
  return
}

// -----

func.func @product(%a: !ht.tile<16x8xf16>, %b: !ht.tile<8x8xf16>) {
  // expected-error @below {{'ht.product' op gives '!ht.tile<16x8xf32>', not '!ht.tile<16x8xf16>'}}
  %c = ht.product %a, %b : <16x8xf16>, <8x8xf16> -> <16x8xf16>
  return
}

// -----

func.func @product(%a: !ht.tile<16x8xf16>, %b: !ht.tile<8x8xf16>, %i: !ht.tile<8x8xf32>) {
  // expected-error @below {{'ht.product' op adds '!ht.tile<16x8xf32>' into '!ht.tile<8x8xf32>'; they must agree}}
  %c = ht.product %a, %b into %i : !ht.tile<8x8xf32> : <16x8xf16>, <8x8xf16> -> <16x8xf32>
  return
}

// -----

func.func @score(%s: !ht.tile<16x8xf32>, %i: i32) {
  // expected-error @below {{'ht.score' op has a score region that yields ('i32'); it must yield ('f32')}}
  %r = ht.score %s at %i, %i, %i, %i : <16x8xf32> {
  ^bb0(%x: f32, %b: i32, %h: i32, %q: i32, %k: i32):
    ht.yield %q : i32
  }
  return
}

// -----

func.func @mask(%s: !ht.tile<16x8xf32>, %i: i32) {
  // expected-error @below {{'ht.mask' op says '!ht.tile<16x8xi1>' kept, not '!ht.tile<16xi1>'}}
  %r, %kept = ht.mask %s at %i, %i, %i, %i : <16x8xf32>, <16xi1> {
  ^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
    %c = arith.cmpi sle, %k, %q : i32
    ht.yield %c : i1
  }
  return
}

// -----

func.func @mask(%s: !ht.tile<16x8xf16>, %i: i32) {
  // expected-error @below {{'ht.mask' op needs scores of 'f32', not '!ht.tile<16x8xf16>'}}
  %r, %kept = ht.mask %s at %i, %i, %i, %i : <16x8xf16>, <16x8xi1> {
  ^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
    %c = arith.cmpi sle, %k, %q : i32
    ht.yield %c : i1
  }
  return
}

// -----

func.func @clear(%v: !ht.tile<8x32xf16>, %kept: !ht.tile<16x16xi1>) {
  // expected-error @below {{'ht.clear_unkept' op has 16 columns kept and 8 rows of values; they must agree}}
  %r = ht.clear_unkept %v, %kept : <8x32xf16>, <16x16xi1>
  return
}

// -----

func.func @clear(%v: !ht.tile<8x32xf16>, %kept: !ht.tile<16x8xf32>) {
  // expected-error @below {{'ht.clear_unkept' op needs kept of 'i1', not '!ht.tile<16x8xf32>'}}
  %r = ht.clear_unkept %v, %kept : <8x32xf16>, <16x8xf32>
  return
}

// -----

func.func @step(%s: !ht.tile<16x8xf32>, %m: !ht.tile<8xf32>, %scale: f32) {
  // expected-error @below {{'ht.softmax_step' op needs a maximum of one f32 a row, '!ht.tile<16xf32>', not '!ht.tile<8xf32>'}}
  %w, %nm, %ns, %c = ht.softmax_step %s, %m, %m scale %scale : <16x8xf32>, <8xf32> -> <16x8xf16>
  return
}

// -----

func.func @step(%s: !ht.tile<16x8xf32>, %m: !ht.tile<16xf32>, %scale: f32) {
  // expected-error @below {{'ht.softmax_step' op gives weights '!ht.tile<8x8xf16>' for scores '!ht.tile<16x8xf32>'; the shapes must agree and the weights be f32, f16 or bf16}}
  %w, %nm, %ns, %c = ht.softmax_step %s, %m, %m scale %scale : <16x8xf32>, <16xf32> -> <8x8xf16>
  return
}

// -----

func.func @rescale(%t: !ht.tile<16x8xf32>, %f: !ht.tile<16x8xf32>) {
  // expected-error @below {{'ht.rescale' op needs factors of one f32 a row, '!ht.tile<16xf32>', not '!ht.tile<16x8xf32>'}}
  %r = ht.rescale %t, %f : <16x8xf32>, <16x8xf32>
  return
}

// -----

func.func @end(%t: !ht.tile<16xf32>, %m: !ht.tile<16xf32>, %scale: f32) {
  // expected-error @below {{'ht.softmax_end' op needs an accumulator of two dimensions, not '!ht.tile<16xf32>'}}
  %o, %l = ht.softmax_end %t, %m, %m scale %scale : <16xf32>, <16xf32>
  return
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f16, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  %x = ht.load_tile query %q, %h, %b : <16x8xf16>
  // expected-error @below {{'ht.store_tile' op needs a tile of 'f32', not '!ht.tile<16x8xf16>'}}
  ht.store_tile %x at %q, %h, %b : <16x8xf16>
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f16, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  %x = ht.fill 0.0 : <16xf32>
  // expected-error @below {{'ht.store_lse' op is in a kernel that is not marked lse}}
  ht.store_lse %x at %q, %h, %b : <16xf32>
}

// -----

ht.kernel @kernel attributes {head_dim = 8 : i32, element = f16, tile_q = 16 : i32, tile_k = 8 : i32, stages = 1 : i32, warps = 1 : i32, lse} {
  %q, %h, %b, %first, %full, %partial = ht.work_item
  %x = ht.fill 0.0 : <8xf32>
  // expected-error @below {{'ht.store_lse' op stores '!ht.tile<16xf32>', not '!ht.tile<8xf32>'}}
  ht.store_lse %x at %q, %h, %b : <8xf32>
}
