// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=64 masked=0 cluster=2" --canonicalize --cse | FileCheck %s

// Two blocks share stages 1 to %[[SHARED]]. A slot is released to both where the stage that comes into it
// is one of them. A block says when it has released its last slot, and ends when both have.
// CHECK-LABEL: hop.kernel @dense
// CHECK-SAME: cluster = 2 : i32
// CHECK: %[[SHARED:.*]] = hop.shared_stages
// CHECK: scf.for %[[INDEX:[a-z0-9]+]] = %
// CHECK: %[[AFTER:.*]] = arith.addi %[[INDEX]], %{{.*}} : i32
// CHECK: %[[BOTH:.*]] = arith.cmpi ult, %[[AFTER]], %[[SHARED]]
// CHECK: hop.copy key {{.*}} shared %[[BOTH]]
// CHECK: hop.copy value {{.*}} shared %
// CHECK: consumer
// CHECK: %[[MANY:.*]] = hop.shared_stages
// CHECK: %[[LIMIT:.*]] = arith.addi %[[MANY]], %c1_i32
// CHECK: scf.for %[[STAGE:[a-z0-9]+]] = %
// CHECK: %[[LATER:.*]] = arith.addi %[[STAGE]], %c2_i32
// CHECK: %[[NEXT:.*]] = arith.cmpi slt, %[[LATER]], %[[LIMIT]]
// CHECK: hop.release {{.*}} shared %[[NEXT]]
// CHECK: hop.release {{.*}} shared %
// CHECK: hop.cluster_arrive
// CHECK-NOT: hop.release
// CHECK: hop.softmax_end
// CHECK: hop.store_output
// CHECK: hop.cluster_wait
ht.attention @dense {head_dim = 128 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.constant true
  ht.yield %kept : i1
} score {}
