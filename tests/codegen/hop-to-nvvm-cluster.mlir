// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=64 masked=0 cluster=2" --canonicalize --cse --hop-to-nvvm | FileCheck %s
// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=64 masked=0" --canonicalize --cse --hop-to-nvvm | FileCheck %s --check-prefix=ALONE
// RUN: halftone-opt %s --ht-tile-attention="tile-q=192 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=32 overlap=0 group-lists=1 masked=0 cluster=2" --canonicalize --cse --hop-to-nvvm | FileCheck %s --check-prefix=LISTS

// Two blocks that share stages.
// CHECK-LABEL: llvm.func @dense(
// CHECK-SAME: nvvm.cluster_dim = array<i32: 2, 1, 1>

// An empty slot has been released by both warp groups of both blocks. No block touches a barrier of the
// other before it is there.
// CHECK: %[[FOUR:.*]] = llvm.mlir.constant(4 : i32)
// CHECK: nvvm.mbarrier.init %{{.*}}, %[[FOUR]]
// CHECK: nvvm.cluster.arrive.relaxed {aligned}
// CHECK: nvvm.cluster.wait {aligned}

// Queries are a block's own. A shared stage comes half by half into both blocks, each of which expects all
// of it; another one into this block alone.
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK-NOT: multicast_mask
// CHECK: %[[BYTES:.*]] = llvm.mlir.constant(16384 : i32)
// CHECK: nvvm.mbarrier.arrive.expect_tx %{{.*}}, %[[BYTES]]
// CHECK: nvvm.read.ptx.sreg.cluster.ctarank
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} multicast_mask

// Threads 0 and 1 of a warp group release a slot: one in each block, or both in this one.
// CHECK: selp.b32 block, other, block, both; mapa.shared::cluster.u32 remote, $1, block; @first mbarrier.arrive.shared::cluster.b64 _, [remote];
// CHECK: nvvm.cluster.arrive.relaxed
// CHECK: nvvm.cluster.wait
// CHECK-NEXT: }

// No shared stage follows one that not all warp groups of both blocks use: thread 0 arrives twice, at
// its own block's barrier.
// LISTS-LABEL: llvm.func @dense(
// LISTS-COUNT-2: mapa.shared::cluster.u32 remote
// LISTS-NOT: mapa
// LISTS-COUNT-4: setp.eq.u32 first, $0, 0; @first mbarrier.arrive.shared::cta.b64 _, [$1], 2;

// ALONE-LABEL: llvm.func @dense(
// ALONE-NOT: cluster_dim
// ALONE-NOT: multicast_mask
// ALONE-NOT: nvvm.cluster
// ALONE-NOT: mapa
ht.attention @dense {head_dim = 128 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.constant true
  ht.yield %kept : i1
} score {}
