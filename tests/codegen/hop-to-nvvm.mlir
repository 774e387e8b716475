// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=64 ping-pong=0" --canonicalize --cse --hop-to-nvvm | FileCheck %s

// The tensor maps are grid constants, 64-byte aligned: else they are copied to local memory. One block a
// multiprocessor, without which ptxas ignores setmaxnreg.
// CHECK: llvm.mlir.global external @halftone_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// CHECK-LABEL: llvm.func @causal(
// CHECK-SAME: llvm.align = 16 : i64, llvm.byval = !llvm.array<768 x i8>, nvvm.grid_constant
// CHECK-SAME: llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant
// CHECK-SAME: ht.shared_bytes = 49744 : i32
// CHECK-SAME: ht.threads = 384 : i32
// CHECK-SAME: nvvm.minctasm = 1
// CHECK-SAME: nvvm.reqntid = array<i32: 384>

// CHECK: nvvm.mbarrier.init
// CHECK: nvvm.fence.mbarrier.init
// CHECK: nvvm.setmaxregister decrease 24
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK: nvvm.setmaxregister increase 240

// Scores: four steps of 16 columns, each with the accumulators of the one before tied to its own.
// CHECK: nvvm.wgmma.fence.aligned
// CHECK: wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {$0, {{.*}}, p, 1, 1, 0, 0;
// CHECK-COUNT-3: wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// A wait holds the accumulators it finishes.
// CHECK: "wgmma.wait_group.sync.aligned 0;", "=f,{{.*}},0,1,{{.*}},~{memory}"
// CHECK: llvm.nvvm.ex2.approx.ftz.f32

// In the loop both groups are in flight, then one of them. Weights come from registers; no element is
// two f32 in one register.
// CHECK: scf.for
// CHECK: wgmma.mma_async{{.*}}, {$64, $65, $66, $67}, $68, p, 1, 1, 1;
// CHECK: "wgmma.wait_group.sync.aligned 1;"
// CHECK-NOT: vector<2xf32>
// CHECK: "wgmma.wait_group.sync.aligned 0;", "=f,{{.*}},r,r,{{.*}}~{memory}"

// This mask compares numbers without a sign, so every pair is evaluated, 16 columns at a time.
// CHECK: scf.for
// CHECK-COUNT-8: arith.cmpi ule
// CHECK: llvm.shl
// Value rows are cleared without a branch.
// CHECK: nvvm.barrier id
// CHECK-NOT: scf.if
// CHECK: nvvm.fence.proxy
ht.attention @causal {head_dim = 64 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.cmpi ule, %k, %q : i32
  ht.yield %kept : i1
} score {}
