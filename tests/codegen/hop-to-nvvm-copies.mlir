// RUN: halftone-opt %s --ht-tile-attention="tile-q=192 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=16 overlap=0 group-lists=1" --canonicalize --cse --hop-to-nvvm --canonicalize --cse | FileCheck %s
// RUN: halftone-opt %s --ht-tile-attention="tile-q=192 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=32 overlap=0 group-lists=1" --canonicalize --cse --hop-to-nvvm --canonicalize --cse | FileCheck %s --check-prefix=TWO

// A stage of four chunks is one copy, of the map of key tiles, where they lie in a row, and two, of
// the map of halves, where those of either half do; else each chunk is one. A flag says so in the
// first entry of the stage, or in the middle one, which the lane of its chunk holds.
// CHECK-LABEL: llvm.func @causal(
// CHECK-SAME: %arg2: {{.*}}, %arg3: {{.*}}, %arg4: {{.*}}, %arg5: {{.*}}, %arg6: {{.*}}, %arg7:
// CHECK: %[[ROW:.*]] = llvm.icmp "slt" %[[FIRST:.*]], %{{.*}} : i32
// CHECK: scf.if %[[ROW]]
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg2,
// CHECK: } else {
// CHECK: %[[MIDDLE:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[OWN:.*]], %{{.*}}, %{{.*}} : i32 -> i32
// CHECK-NEXT: %[[ROWS:.*]] = llvm.icmp "slt" %[[MIDDLE]], %{{.*}} : i32
// CHECK: scf.if %[[ROWS]]
// CHECK: llvm.select %{{.*}}, %[[FIRST]], %[[MIDDLE]]
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg4,
// CHECK: } else {
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg6,
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg3,
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg5,
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg7,

// A half of two chunks' stage is a chunk.
// TWO-LABEL: llvm.func @causal(
// TWO-NOT: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg4,
// TWO: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg6,
// TWO-NOT: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg5,
// TWO: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}}, %arg7,
ht.attention @causal {head_dim = 64 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.cmpi ule, %k, %q : i32
  ht.yield %kept : i1
} score {}
