// RUN: halftone-opt %s --split-input-file --ht-lower-scalars | FileCheck %s

// On the CPU: fields of KernelArguments and arrays behind its pointers, all invariant. Each array's
// pointer is loaded once, at the entry.

// CHECK-LABEL: func.func @cpu
// CHECK-SAME: (%[[ARGS:.*]]: !llvm.ptr, %[[HEAD:.*]]: i32)
// CHECK-DAG: %[[CP:.*]] = llvm.getelementptr inbounds %[[ARGS]][168]
// CHECK-DAG: %[[CONSTANTS:.*]] = llvm.load %[[CP]] invariant {alignment = 8 : i64}
// CHECK-DAG: %[[TP:.*]] = llvm.getelementptr inbounds %[[ARGS]][176]
// CHECK-DAG: %[[TABLES:.*]] = llvm.load %[[TP]] invariant
// CHECK-DAG: %[[SP:.*]] = llvm.getelementptr inbounds %[[ARGS]][184]
// CHECK-DAG: %[[SLOPES:.*]] = llvm.load %[[SP]] invariant
// CHECK-NOT: addrspacecast
// CHECK: llvm.getelementptr inbounds %[[ARGS]][200]
// CHECK: llvm.load %{{.*}} invariant {alignment = 4 : i64} : !llvm.ptr -> f32
// CHECK: llvm.getelementptr inbounds %[[ARGS]][204]
// CHECK: llvm.getelementptr inbounds %[[ARGS]][192]
// CHECK: llvm.load %{{.*}} invariant {alignment = 4 : i64} : !llvm.ptr -> i32
// CHECK: llvm.getelementptr inbounds %[[ARGS]][196]
// CHECK: llvm.getelementptr inbounds %[[CONSTANTS]][3] : (!llvm.ptr) -> !llvm.ptr, i64
// CHECK: %[[P64:.*]] = llvm.load %{{.*}} invariant {alignment = 8 : i64} : !llvm.ptr -> i64
// CHECK: %[[P:.*]] = arith.trunci %[[P64]] : i64 to i32
// CHECK: %[[AT:.*]] = arith.addi %[[P]], %[[HEAD]]
// CHECK: %[[ENTRY:.*]] = llvm.getelementptr inbounds %[[TABLES]][%[[AT]]] : (!llvm.ptr, i32) -> !llvm.ptr, i32
// CHECK: llvm.load %[[ENTRY]] invariant {alignment = 4 : i64} : !llvm.ptr -> i32
// CHECK: llvm.getelementptr inbounds %[[ARGS]][212]
// CHECK: %[[HEADS:.*]] = llvm.load
// CHECK: %[[ROW:.*]] = arith.muli %{{.*}}, %[[HEADS]]
// CHECK: %[[SLOPE:.*]] = arith.addi %[[ROW]], %[[HEAD]]
// CHECK: llvm.getelementptr inbounds %[[SLOPES]][%[[SLOPE]]] : (!llvm.ptr, i32) -> !llvm.ptr, f32
// CHECK-NOT: ht.
func.func @cpu(%args: !llvm.ptr, %head: i32) -> (f32, f32, i32, i32, i32, f32) {
  %scale = ht.argument scale : f32
  %cap = ht.argument softcap : f32
  %queries = ht.argument query_length : i32
  %keys = ht.argument key_length : i32
  %parameter = ht.parameter 3 : i32
  %entry = ht.table %parameter, %head : i32, i32 -> i32
  %slope = ht.slope 1, %head
  return %scale, %cap, %queries, %keys, %entry, %slope : f32, f32, i32, i32, i32, f32
}

// -----

// In a kernel of a GPU the arrays are in global memory.

// CHECK-LABEL: llvm.func @gpu
// CHECK: %[[GENERIC:.*]] = llvm.load %{{.*}} invariant {alignment = 8 : i64} : !llvm.ptr -> !llvm.ptr
// CHECK: %[[GLOBAL:.*]] = llvm.addrspacecast %[[GENERIC]] : !llvm.ptr to !llvm.ptr<1>
// CHECK: llvm.getelementptr inbounds %[[GLOBAL]][0]
// CHECK: llvm.load %{{.*}} invariant {alignment = 8 : i64} : !llvm.ptr<1> -> i64
llvm.func @gpu(%args: !llvm.ptr) -> i64 attributes {nvvm.kernel} {
  %parameter = ht.parameter 0 : i64
  llvm.return %parameter : i64
}

// -----

// A block mask: a binary search over the runs of the query block's row.

// CHECK-LABEL: func.func @blocks
// CHECK-SAME: (%[[ARGS:.*]]: !llvm.ptr, %[[OFFSET:.*]]: i64, %[[QB:.*]]: i64, %[[KB:.*]]: i64)
// CHECK: %[[O32:.*]] = arith.trunci %[[OFFSET]]
// CHECK: %[[Q32:.*]] = arith.trunci %[[QB]]
// CHECK: %[[ROW:.*]] = arith.addi %[[O32]], %[[Q32]]
// CHECK: %[[K32:.*]] = arith.trunci %[[KB]]
// CHECK: %[[FIRST:.*]] = llvm.load
// CHECK: %[[LAST:.*]] = llvm.load
// CHECK: %[[FOUND:.*]]:2 = scf.while (%[[LOW:.*]] = %[[FIRST]], %[[HIGH:.*]] = %[[LAST]])
// CHECK: arith.cmpi slt, %[[LOW]], %[[HIGH]]
// CHECK: do {
// CHECK: %[[BEGIN:.*]] = llvm.load
// CHECK: arith.cmpi sle, %[[BEGIN]], %[[K32]]
// CHECK: scf.yield
// CHECK: %[[END:.*]] = llvm.load
// CHECK: %[[EXISTS:.*]] = arith.cmpi sgt, %[[FOUND]]#0, %[[FIRST]]
// CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %[[K32]], %[[END]]
// CHECK: arith.andi %[[EXISTS]], %[[INSIDE]]
func.func @blocks(%args: !llvm.ptr, %offset: i64, %query: i64, %key: i64) -> i1 {
  %kept = ht.block_kept %offset, %query, %key : i64, i64, i64
  return %kept : i1
}

// -----

// The hyperbolic tangent is arithmetic, for scalars and vectors.

// CHECK-LABEL: func.func @tanh
// CHECK-NOT: math.tanh
// CHECK: math.fma %{{.*}} : f32
// CHECK: arith.divf %{{.*}} : f32
// CHECK: math.fma %{{.*}} : vector<8xf32>
// CHECK-NOT: math.tanh
func.func @tanh(%x: f32, %y: vector<8xf32>) -> (f32, vector<8xf32>) {
  %a = math.tanh %x : f32
  %b = math.tanh %y : vector<8xf32>
  return %a, %b : f32, vector<8xf32>
}
