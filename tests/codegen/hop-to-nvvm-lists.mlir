// RUN: halftone-opt %s --ht-tile-attention="tile-q=192 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=32 overlap=0 group-lists=1 skip-rescale=1" --canonicalize --cse --hop-to-nvvm --canonicalize --cse | FileCheck %s

// A launch that only evaluates masks does that and nothing else, not even barriers: of every stage that
// is not whole for all, whoever masks it writes the words of its threads, two rows of 64 columns here.

// CHECK-LABEL: llvm.func @causal(
// CHECK: llvm.getelementptr %{{.*}}[220]
// CHECK: %[[KEEPS:.*]] = llvm.icmp "ne"
// CHECK: scf.if %[[KEEPS]]
// CHECK-NOT: mbarrier
// CHECK: scf.for
// CHECK: nvvm.vote.sync any
// CHECK: llvm.getelementptr %{{.*}}[224]
// CHECK: llvm.store
// CHECK: } else {
// CHECK: nvvm.mbarrier.init

// Lists by warp group. So many stages are whole for all as the work item says at byte 24; their loop
// reads no word of them.

// CHECK: nvvm.setmaxregister increase
// CHECK: llvm.getelementptr %{{.*}}[24] : (!llvm.ptr<1>)
// CHECK-NEXT: %[[COUNT:.*]] = llvm.load
// CHECK-NEXT: %[[WHOLE:.*]] = arith.addi %[[FIRST:.*]], %[[COUNT]]
// CHECK-NEXT: %[[DONE:.*]]:38 = scf.for {{.*}} = %[[FIRST]] to %[[WHOLE]]

// In the next loop an update's rescaling is one branch, of the sums and 32 registers of the
// accumulator. The maxima follow from the same vote, and the weights from them.
// CHECK: scf.for {{.*}} = %[[WHOLE]] to {{.*}} = %[[DONE]]#0
// CHECK: %[[OWN:.*]] = nvvm.vote.sync any
// CHECK: %[[MASKS:.*]] = nvvm.vote.sync any
// CHECK: %[[CLEARS:.*]] = nvvm.vote.sync any
// CHECK: scf.if %[[CLEARS]]
// CHECK: scf.if %[[OWN]]
// CHECK: llvm.getelementptr %{{.*}}[224]
// CHECK: scf.if %[[MASKS]]
// CHECK: %[[GROWS:.*]] = nvvm.vote.sync any
// CHECK-NEXT: %[[MAXIMUM:.*]] = arith.select %[[GROWS]]
// CHECK-NEXT: arith.select %[[GROWS]]
// CHECK-NEXT: :34 = scf.if %[[GROWS]]
// CHECK-COUNT-2: llvm.nvvm.ex2.approx
// CHECK: } else {
// CHECK-NEXT: scf.yield
// CHECK-NEXT: }
// CHECK-NEXT: llvm.fmul %[[MAXIMUM]]
// CHECK-COUNT-32: llvm.nvvm.ex2.approx
ht.attention @causal {head_dim = 64 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.cmpi ule, %k, %q : i32
  ht.yield %kept : i1
} score {}
