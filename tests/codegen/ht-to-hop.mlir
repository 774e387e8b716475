// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=64 overlap=1 ping-pong=0" --canonicalize --cse | FileCheck %s
// RUN: halftone-opt %s --ht-tile-attention="tile-q=192 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=16 overlap=0 skip-rescale=1" --canonicalize --cse | FileCheck %s --check-prefix=SERIAL
// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=64 masked=0" --canonicalize --cse | FileCheck %s --check-prefix=WHOLE
// RUN: halftone-opt %s --ht-tile-attention="tile-q=128 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=64 ping-pong=1" --canonicalize --cse | FileCheck %s --check-prefix=TURNS
// RUN: halftone-opt %s --ht-tile-attention="tile-q=192 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=32 overlap=0 group-lists=1 skip-rescale=1" --canonicalize --cse | FileCheck %s --check-prefix=LISTS
// RUN: halftone-opt %s --ht-tile-attention="tile-q=192 tile-k=64 stages=2 warps=1" --ht-to-hop="gather=32 overlap=0 group-lists=1 skip-rescale=1 masked=0" --canonicalize --cse | FileCheck %s --check-prefix=BLOCKS

// Two warp groups: the producer runs keys one stage ahead of values.

// CHECK-LABEL: hop.kernel @causal
// CHECK-SAME: consumer_registers = 240 : i32, consumers = 2 : i32
// CHECK-SAME: producer_registers = 24 : i32
// CHECK: %[[Q:.*]] = hop.tile : <128x64xf16>
// CHECK: %[[K:.*]] = hop.ring : <2x64x64xf16>
// CHECK: %[[V:.*]] = hop.ring : <2x64x64xf16>
// CHECK: hop.roles producer {
// CHECK: hop.load_query %[[Q]]
// CHECK: scf.for
// CHECK: hop.copy key {{.*}} into %[[K]]
// CHECK: hop.copy value {{.*}} into %[[V]]
// CHECK: } consumer {

// The first stage is the one with padding.
// CHECK: hop.rewrite %{{.*}}, %{{.*}} and %{{.*}} xor
// CHECK: hop.product %{{.*}} transposed
// CHECK: hop.wait
// CHECK: hop.mask_columns

// Full stages: both products are in flight, the softmax runs beside the second, and there is no mask.
// CHECK: scf.for
// CHECK-NOT: hop.keep
// CHECK: %[[S:.*]], %[[T:.*]] = hop.product %{{.*}} transposed
// CHECK: %[[O:.*]], %[[U:.*]] = hop.product {{.*}} into
// CHECK: %[[READY:.*]]:2 = hop.wait %[[T]] for %[[S]], %[[O]]
// CHECK: hop.release %[[K]]
// CHECK-NOT: hop.mask
// CHECK: hop.softmax_step %[[READY]]#0
// CHECK: hop.wait %[[U]] for %[[READY]]#1 reading
// CHECK: hop.release %[[V]]
// CHECK: hop.rescale

// Stages with a mask: the work item is read anew, the mask is evaluated under the first of two products.
// CHECK: hop.product {{.*}} into
// CHECK: hop.item
// CHECK: scf.for
// CHECK: hop.product %{{.*}} transposed
// CHECK: %[[KEPT:.*]] = hop.keep
// CHECK: hop.wait
// CHECK: hop.mask %{{.*}}, %[[KEPT]]
// CHECK: hop.softmax_step
// Value rows are cleared only from the first stage on that may need it.
// CHECK: %[[NEEDED:.*]] = arith.cmpi sge, %{{.*}}, %[[FIRST:.*]] : i32
// CHECK: scf.if %[[NEEDED]] {
// CHECK: hop.clear_unkept %{{.*}}, %[[KEPT]]
// CHECK: hop.product {{.*}} into
// CHECK: hop.store_output

// Three warp groups: one product after the other, for 160 registers.
// SERIAL-LABEL: hop.kernel @causal
// SERIAL-SAME: consumer_registers = 160 : i32, consumers = 3 : i32
// SERIAL-SAME: gather = 16 : i32
// SERIAL: } consumer {
// SERIAL: scf.for
// SERIAL: %[[S:.*]], %[[T:.*]] = hop.product %{{.*}} transposed
// SERIAL-NEXT: hop.wait %[[T]]
// SERIAL: hop.softmax_step {{.*}} skip
// SERIAL: hop.rescale {{.*}} skip
// SERIAL: hop.product {{.*}} into

// Where every tile is whole there is one loop.
// WHOLE-LABEL: hop.kernel @causal
// WHOLE: } consumer {
// WHOLE: scf.for
// WHOLE-NOT: hop.keep
// WHOLE-NOT: scf.for
// WHOLE: hop.store_output

// TURNS: hop.pass_turn
// TURNS: scf.for
// TURNS: hop.take_turn
// TURNS: hop.product
// TURNS: hop.product
// TURNS: hop.pass_turn
// TURNS-NEXT: hop.wait

// A launch of its own evaluates the mask, of the stages that a warp group must mask: a page for each.
// LISTS-LABEL: hop.kernel @causal
// LISTS-SAME: group_lists
// LISTS: hop.keeping
// LISTS: ^bb0(%[[KEEPER:.*]]: i32):
// LISTS: hop.whole_stages
// LISTS: %[[USE:.*]] = hop.load_use
// LISTS: %[[MASKER:.*]] = arith.addi %[[KEEPER]], %c3
// LISTS: arith.shrui %[[USE]], %[[MASKER]]
// LISTS: %[[MASKS:.*]] = hop.uniform
// LISTS: scf.if %[[MASKS]]
// LISTS: %[[KEPT:.*]] = hop.keep
// LISTS: %[[FIRST:.*]] = arith.shrui %[[USE]], %c8
// LISTS: %[[PAGE:.*]] = arith.addi %[[FIRST]]
// LISTS: hop.store_kept %[[KEPT]], %[[PAGE]]

// Stages that are whole for all warp groups come first, without a word of the plan or a branch.
// LISTS: } consumer {
// LISTS: ^bb0(%[[GROUP:.*]]: i32):
// LISTS: %[[COUNT:.*]] = hop.whole_stages
// LISTS-NEXT: %[[END:.*]] = arith.addi %{{.*}}, %[[COUNT]] : i32
// LISTS-NEXT: scf.for {{.*}} to %[[END]] step
// LISTS-NOT: scf.if
// LISTS-NOT: hop.load_use
// LISTS: hop.softmax_step {{.*}} skip
// LISTS: hop.rescale {{.*}} skip
// LISTS-NOT: scf.if
// LISTS: hop.next_slot

// Of the others a warp group uses each or hands it back unread, as the plan's word says: one
// condition a warp. While the product runs they read what of it they keep. The word of the next stage is
// read when the scores are weights.
// LISTS: %[[FIRST:.*]] = hop.load_use %[[END]]
// LISTS: scf.for {{.*}} %[[USE:.*]] = %[[FIRST]])
// LISTS: %[[SHIFTED:.*]] = arith.shrui %[[USE]], %[[GROUP]]
// LISTS: %[[BIT:.*]] = arith.trunci %[[SHIFTED]] : i32 to i1
// LISTS: %[[OWN:.*]] = hop.uniform %[[BIT]]
// LISTS: %[[MASKS:.*]] = hop.uniform
// Where maybe no query attends to some of its keys all warp groups meet, and value rows are cleared.
// LISTS: %[[CLEARS:.*]] = hop.uniform
// LISTS: scf.if %[[CLEARS]]
// LISTS: %[[OF_OWN:.*]] = scf.if %[[MASKS]]
// LISTS: hop.load_kept
// LISTS: hop.keep_none
// LISTS: hop.clear_unkept %{{.*}}, %[[OF_OWN]]
// LISTS: scf.if %[[OWN]]
// LISTS: hop.product
// LISTS-NOT: hop.keep
// LISTS: %[[KEPT:.*]] = hop.load_kept
// LISTS: hop.wait
// LISTS: scf.if %[[MASKS]]
// LISTS: hop.mask %{{.*}}, %[[KEPT]]
// LISTS: hop.softmax_update
// LISTS: hop.load_use
// LISTS: hop.product
// LISTS: } else {
// LISTS: hop.load_use
// LISTS-NEXT: hop.skip %{{.*}}[%[[SLOT:.*]]] by %[[GROUP]]
// LISTS-NEXT: hop.skip %{{.*}}[%[[SLOT]]] by %[[GROUP]]

// Without a mask the others are halves of full stages, and may have padding: a warp group takes one,
// both one after the other, or none. The slot is released after the last one it takes.
// BLOCKS-LABEL: hop.kernel @causal
// BLOCKS: ^bb0(%[[GROUP:.*]]: i32):
// BLOCKS: %[[COUNT:.*]] = hop.whole_stages
// BLOCKS-NEXT: %[[END:.*]] = arith.addi %{{.*}}, %[[COUNT]] : i32
// BLOCKS-NEXT: scf.for {{.*}} to %[[END]] step
// BLOCKS-NOT: scf.if
// BLOCKS: hop.next_slot
// BLOCKS: %[[FIRST_USES:.*]] = hop.load_use %[[END]]
// BLOCKS: scf.for {{.*}} = %[[END]] {{.*}} %[[USES:.*]] = %[[FIRST_USES]])
// BLOCKS: hop.load_use
// BLOCKS: arith.shrui %[[USES]], %[[GROUP]]
// BLOCKS: hop.uniform
// BLOCKS: %[[OF_SECOND:.*]] = arith.shrui %[[USES]], %c16
// BLOCKS: arith.shrui %[[OF_SECOND]], %[[GROUP]]
// BLOCKS: hop.uniform
// BLOCKS: scf.for %[[HALF:[^ ]*]] = %[[FROM:.*]] to %[[TO:[^ ]*]] step
// BLOCKS: %[[IS_LAST:.*]] = arith.cmpi eq, %{{.*}}, %[[TO]]
// BLOCKS: %[[KEYS:.*]] = hop.await_slot
// BLOCKS: hop.rows %[[KEYS]], %[[HALF]] : <64x64xf16> -> <32x64xf16>
// BLOCKS: hop.product {{.*}} -> <64x32xf32>
// BLOCKS: scf.if %[[IS_LAST]]
// BLOCKS-NEXT: hop.release
// BLOCKS: hop.mask_columns
// BLOCKS: hop.softmax_step {{.*}} skip
// BLOCKS: hop.rows %{{.*}}, %[[HALF]] : <64x64xf16> -> <32x64xf16>
// BLOCKS: scf.if %[[IS_LAST]]
// BLOCKS-NEXT: hop.release
// BLOCKS: %[[NONE:.*]] = arith.cmpi eq, %[[FROM]], %[[TO]]
// BLOCKS: scf.if %[[NONE]]
// BLOCKS-NEXT: hop.skip
// BLOCKS-NEXT: hop.skip
// BLOCKS-NOT: hop.keep
// BLOCKS: hop.store_output
ht.attention @causal {head_dim = 64 : i32, element = f16} mask {
^bb0(%b: i32, %h: i32, %q: i32, %k: i32):
  %kept = arith.cmpi ule, %k, %q : i32
  ht.yield %kept : i1
} score {}
