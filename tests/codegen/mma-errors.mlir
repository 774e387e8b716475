// RUN: halftone-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{a fragment in the role of left holds f16 or bf16, not 'f32'}}
func.func private @element(!mma.frag<16x16xf32, left>)

// -----

// expected-error@+1 {{a fragment's rows must be a positive multiple of 16, not 8}}
func.func private @rows(!mma.frag<8x16xf32, accumulator>)

// -----

// expected-error@+1 {{a fragment's columns must be a positive multiple of 16, not 24}}
func.func private @columns(!mma.frag<16x24xf16, left>)

// -----

// expected-error@+1 {{a fragment is an accumulator, left or right, not middle}}
func.func private @role(!mma.frag<16x16xf16, middle>)

// -----

// expected-error@+1 {{expected two dimensions, rows x columns}}
func.func private @dimensions(!mma.frag<16xf16, left>)

// -----

// expected-error@+1 {{a lane keeps the bits of at most 128 columns in a register, not of 256}}
func.func private @bits(!mma.columns<256>)

// -----

// expected-error@+1 {{a shared tile holds f16 or bf16, not 'f32'}}
func.func private @shared(!mma.shared<16x16xf32>)

// -----

llvm.func @offset() {
  // expected-error@+1 {{needs an offset that is a multiple of 128 bytes, not 64: the swizzle counts on it}}
  %t = mma.shared_tile 64 : <16x16xf16>
  llvm.return
}

// -----

llvm.func @threads(%from: !llvm.ptr<1>, %stride: i64) {
  %t = mma.shared_tile 0 : <16x64xf16>
  // expected-error@+1 {{needs a power of two of threads, 32 or more, not 96}}
  mma.copy %from stride %stride to %t {threads = 96 : i32} : <1>, <16x64xf16>
  llvm.return
}

// -----

llvm.func @share(%from: !llvm.ptr<1>, %stride: i64) {
  %t = mma.shared_tile 0 : <16x16xf16>
  // expected-error@+1 {{among 128 threads evenly: they take 64 rows at once, and the tile has 16}}
  mma.copy %from stride %stride to %t {threads = 128 : i32} : <1>, <16x16xf16>
  llvm.return
}

// -----

llvm.func @left(%row: i32) {
  %t = mma.shared_tile 0 : <16x64xf16>
  // expected-error@+1 {{reads 32 rows of a tile that has 16}}
  %a = mma.load_left %t at %row, 0 : <16x64xf16> -> <32x16xf16, left>
  llvm.return
}

// -----

llvm.func @column(%row: i32) {
  %t = mma.shared_tile 0 : <16x64xf16>
  // expected-error@+1 {{needs a column that is a multiple of 16, not 8}}
  %a = mma.load_left %t at %row, 8 : <16x64xf16> -> <16x16xf16, left>
  llvm.return
}

// -----

llvm.func @past() {
  %t = mma.shared_tile 0 : <32x64xf16>
  // expected-error@+1 {{reads from row 32 on, past the end at 32}}
  %b = mma.load_right %t at 32 : <32x64xf16> -> <16x64xf16, right>
  llvm.return
}

// -----

llvm.func @shape() {
  %t = mma.shared_tile 0 : <32x64xf16>
  // expected-error@+1 {{needs a fragment of type '!mma.frag<16x32xf16, right>', not '!mma.frag<16x64xf16, right>'}}
  %b = mma.load_right %t transposed at 0 : <32x64xf16> -> <16x64xf16, right>
  llvm.return
}

// -----

func.func @depth(%a: !mma.frag<16x32xf16, left>, %b: !mma.frag<16x8xf16, right>, %c: !mma.frag<16x8xf32, accumulator>) {
  // expected-error@+1 {{needs as many columns on the left as rows on the right, not 32 and 16}}
  %d = mma.multiply %a, %b into %c : <16x32xf16, left>, <16x8xf16, right>, <16x8xf32, accumulator>
  return
}

// -----

func.func @mixed(%a: !mma.frag<16x16xf16, left>, %b: !mma.frag<16x8xbf16, right>, %c: !mma.frag<16x8xf32, accumulator>) {
  // expected-error@+1 {{needs operands of one element type, not 'f16' and 'bf16'}}
  %d = mma.multiply %a, %b into %c : <16x16xf16, left>, <16x8xbf16, right>, <16x8xf32, accumulator>
  return
}

// -----

func.func @accumulator(%a: !mma.frag<16x16xf16, left>, %b: !mma.frag<16x8xf16, right>, %c: !mma.frag<16x16xf32, accumulator>) {
  // expected-error@+1 {{needs an accumulator of type '!mma.frag<16x8xf32, accumulator>', not '!mma.frag<16x16xf32, accumulator>'}}
  %d = mma.multiply %a, %b into %c : <16x16xf16, left>, <16x8xf16, right>, <16x16xf32, accumulator>
  return
}

// -----

func.func @map(%a: !mma.frag<16x16xf32, accumulator>, %r: !mma.rows<32>) {
  // expected-error@+1 {{needs accumulators and rows of the shape of '!mma.frag<16x16xf32, accumulator>', not '!mma.rows<32>'}}
  %d = mma.map(%a, %r) : !mma.frag<16x16xf32, accumulator>, !mma.rows<32> -> !mma.frag<16x16xf32, accumulator> {
  ^bb0(%x: f32, %y: f32):
    mma.yield %x : f32
  }
  return
}

// -----

func.func @at(%a: !mma.frag<16x16xf32, accumulator>, %i: i32) {
  // expected-error@+1 {{counts rows and columns from 2 operands, not 1}}
  %d = mma.map(%a) at %i : !mma.frag<16x16xf32, accumulator> -> !mma.frag<16x16xf32, accumulator> {
  ^bb0(%x: f32, %row: i32):
    mma.yield %x : f32
  }
  return
}

// -----

func.func @yield(%a: !mma.frag<16x16xf32, accumulator>, %i: i32) {
  // expected-error@+1 {{has a region that yields ('i32'); it must yield ('f32')}}
  %d = mma.map(%a) : !mma.frag<16x16xf32, accumulator> -> !mma.frag<16x16xf32, accumulator> {
  ^bb0(%x: f32):
    mma.yield %i : i32
  }
  return
}

// -----

llvm.func @fill() {
  // expected-error@+1 {{fills f32 accumulators and rows, not '!mma.frag<16x16xf16, left>'}}
  %a = mma.fill 0.0 : !mma.frag<16x16xf16, left>
  llvm.return
}
