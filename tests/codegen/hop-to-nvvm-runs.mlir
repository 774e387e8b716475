// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=32 ping-pong=0" --canonicalize --cse --hop-to-nvvm --canonicalize --cse | FileCheck %s
// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=16 ping-pong=0" --canonicalize --cse --hop-to-nvvm --canonicalize --cse | FileCheck %s --check-prefix=HALVES

// A frame of 100 tokens, a band of places within it. Over a run of 32 keys of one frame the frame is
// constant and the place grows with the key: the band is two masks of bits for each of a thread's two
// rows, and nothing is evaluated for each pair.

// A run may be of several steady pieces, and each iteration evaluates one: two comparisons a row, and
// one mask of bits for what came before. Where the frame at the run's last key is that at the piece's
// first one it reaches to the end, and if it does for every lane, all is done.
// CHECK-LABEL: llvm.func @band(
// CHECK: scf.while
// CHECK-COUNT-5: bmsk.clamp.b32
// CHECK-NOT: bmsk.clamp.b32
// CHECK: arith.cmpi eq, {{.*}} : i32
// CHECK: %[[ANY:.*]] = nvvm.vote.sync any
// CHECK: scf.condition(%[[ANY]])
// Else the lanes that hold the same columns try one key in four each, then those of the four between.
// CHECK: %[[FRAME0:.*]] = arith.divui %{{.*}}, %[[T:.*]] : i32
// CHECK: %[[FRAME1:.*]] = arith.divui %{{.*}}, %[[T]] : i32
// CHECK: arith.cmpi eq, %[[FRAME0]], %[[FRAME1]] : i32
// CHECK: nvvm.vote.sync ballot
// CHECK: llvm.intr.ctpop
// CHECK: %[[FRAME2:.*]] = arith.divui %{{.*}}, %[[T]] : i32
// CHECK: arith.cmpi eq, %[[FRAME0]], %[[FRAME2]] : i32
// CHECK: nvvm.vote.sync ballot
// CHECK: llvm.intr.ctpop
// Bits past the last key there is are none.
// CHECK: bmsk.clamp.b32
// The four lanes of a row evaluate a run each, and take their columns of the others': two words each.
// CHECK-COUNT-8: nvvm.shfl.sync idx
// CHECK-NOT: nvvm.shfl.sync idx
// CHECK: nvvm.barrier id

// With chunks of 16 keys the halves of a run may be of two chunks, and are two pieces unless the second
// goes on where the first ends.
// HALVES-LABEL: llvm.func @band(
// HALVES: scf.while (%[[BEGIN:[^ ]*]] =
// HALVES: %[[IS_FIRST:.*]] = llvm.icmp "ult" %[[BEGIN]], %[[HALF:[^ ]*]]
// HALVES: %[[SECOND:.*]] = llvm.add
// HALVES: %[[APART:.*]] = llvm.icmp "ne" %[[SECOND]], %[[FIRST:.*]] : i32
// HALVES: llvm.select %[[IS_FIRST]], %[[FIRST]], %[[SECOND]]
// HALVES: llvm.and %[[IS_FIRST]], %[[APART]]
ht.attention @band {head_dim = 64 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %t = ht.parameter 0 : i32
  %w = ht.parameter 1 : i32
  %low = ht.parameter 2 : i32
  %qf = arith.divui %q, %t : i32
  %qs = arith.muli %qf, %t : i32
  %qp = arith.subi %q, %qs : i32
  %kf = arith.divui %k, %t : i32
  %ks = arith.muli %kf, %t : i32
  %kp = arith.subi %k, %ks : i32
  %d = arith.subi %qp, %kp : i32
  %below = arith.cmpi sle, %d, %w : i32
  %above = arith.cmpi sge, %d, %low : i32
  %near = arith.andi %below, %above : i1
  ht.yield %near : i1
} score {}
