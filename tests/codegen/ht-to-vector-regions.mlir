// RUN: halftone-opt %s --split-input-file --ht-to-vector="vector-width=8" | FileCheck %s

// A key's table entry is gathered; a query's is read once a row. A value from outside is passed in.

// CHECK-LABEL: func.func private @mask_0
// CHECK-SAME: %[[LIMIT:[a-z0-9]+]]: i32) attributes
// CHECK: scf.for
// CHECK: llvm.intr.masked.gather
// CHECK: llvm.store {{.*}} : vector<8xi32>
// CHECK: scf.for {{.*}} iter_args
// CHECK-NOT: gather
// CHECK: %[[SEGMENT:.*]] = ht.table {{.*}} : i32, i32 -> i32
// CHECK: arith.cmpi ne, %[[SEGMENT]]
// CHECK: scf.if
// CHECK: vector.broadcast %[[SEGMENT]]
// CHECK: arith.cmpi eq, {{.*}} : vector<8xi32>
// CHECK: scf.for
// CHECK: vector.broadcast %[[LIMIT]]
// CHECK: arith.cmpi slt, {{.*}} : vector<8xi32>
ht.kernel @documents attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 16 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %limit = ht.parameter 1 : i32
  %s = ht.fill 0.0 : <8x16xf32>
  %r, %kept = ht.mask %s at %batch, %head, %query, %first : <8x16xf32>, <8x16xi1> {
  ^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
    %offset = ht.parameter 0 : i32
    %mine = ht.table %offset, %q : i32, i32 -> i32
    %other = ht.table %offset, %k : i32, i32 -> i32
    %same = arith.cmpi eq, %mine, %other : i32
    %apart = arith.subi %q, %k : i32
    %near = arith.cmpi slt, %apart, %limit : i32
    %both = arith.andi %same, %near : i1
    ht.yield %both : i1
  }
}

// -----

// Block masks: lane by lane, a search only where the blocks change, and only in rows of a new block.

// CHECK-LABEL: func.func private @mask_0
// CHECK: scf.for {{.*}} iter_args
// CHECK: %[[BLOCK:.*]] = arith.divui
// CHECK: scf.if
// CHECK: ht.block_kept
// CHECK: scf.for {{.*}} iter_args
// CHECK: scf.if
// CHECK-NEXT: scf.yield
// CHECK: ht.block_kept
// CHECK: scf.for
// CHECK-NOT: ht.block_kept
// CHECK: arith.select
ht.kernel @blocks attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 16 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %s = ht.fill 0.0 : <8x16xf32>
  %r, %kept = ht.mask %s at %batch, %head, %query, %first : <8x16xf32>, <8x16xi1> {
  ^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
    %offset = ht.parameter 0 : i32
    %size = ht.parameter 1 : i32
    %qb = arith.divui %q, %size : i32
    %kb = arith.divui %k, %size : i32
    %in = ht.block_kept %offset, %qb, %kb : i32, i32, i32
    ht.yield %in : i1
  }
}

// -----

// A mask that is the same for all pairs of a head still notes the keys it keeps.

// CHECK-LABEL: func.func private @mask_0
// CHECK: %[[IN:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : i32
// CHECK: vector.broadcast %[[IN]] : i1 to vector<8xi1>
// CHECK: llvm.store {{.*}} : vector<8xi32>
ht.kernel @head attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 16 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %s = ht.fill 0.0 : <8x16xf32>
  %r, %kept = ht.mask %s at %batch, %head, %query, %first : <8x16xf32>, <8x16xi1> {
  ^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
    %in = arith.cmpi eq, %h, %b : i32
    ht.yield %in : i1
  }
}

// -----

// Scores: what is the same for all pairs is not computed for each. Wide integers are lifted too.

// CHECK-LABEL: func.func private @score_0
// CHECK: %[[CAP:.*]] = ht.argument softcap
// CHECK: %[[SLOPE:.*]] = ht.slope
// CHECK: scf.for
// CHECK: scf.for
// CHECK: math.tanh {{.*}} : vector<8xf32>
// CHECK: arith.sitofp {{.*}} : vector<8xi64> to vector<8xf32>
// CHECK: vector.broadcast %[[SLOPE]]
// CHECK: llvm.store {{.*}} : vector<8xf32>
ht.kernel @capped attributes {element = f32, head_dim = 8 : i32, tile_q = 8 : i32, tile_k = 16 : i32, stages = 2 : i32, warps = 4 : i32} {
  %query, %head, %batch, %first, %full, %partial = ht.work_item
  %s = ht.fill 0.0 : <8x16xf32>
  %r = ht.score %s at %batch, %head, %query, %first : <8x16xf32> {
  ^bb0(%score: f32, %b: i32, %h: i32, %q: i32, %k: i32):
    %cap = ht.argument softcap : f32
    %small = arith.divf %score, %cap : f32
    %tanh = math.tanh %small : f32
    %capped = arith.mulf %tanh, %cap : f32
    %slope = ht.slope 0, %h
    %qw = arith.extui %q : i32 to i64
    %kw = arith.extui %k : i32 to i64
    %apart = arith.subi %qw, %kw : i64
    %steps = arith.sitofp %apart : i64 to f32
    %bias = arith.mulf %slope, %steps : f32
    %sum = arith.addf %capped, %bias : f32
    ht.yield %sum : f32
  }
}
