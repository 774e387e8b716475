// RUN: halftone-opt %s --split-input-file --ht-lower-scalars | FileCheck %s
// RUN: halftone-opt %s --split-input-file --ht-lower-scalars=constants-in-place=1 | FileCheck %s --check-prefix=PLACE

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

// In place, the first 32 constants are fields of the arguments, and a number is divided by one of
// them by what stands beside it. Others are loaded, and divide as they are; so does any i64.

// CHECK-LABEL: llvm.func @divisions
// CHECK: arith.divui
// CHECK: arith.remui

// PLACE-LABEL: llvm.func @divisions
// PLACE-SAME: (%[[ARGS:.*]]: !llvm.ptr, %[[N:.*]]: i32, %[[WIDE:.*]]: i64)
// PLACE: %[[FAR_AT:.*]] = llvm.getelementptr inbounds %{{.*}}[32] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i64
// PLACE: %[[FAR64:.*]] = llvm.load %[[FAR_AT]]
// PLACE: %[[FAR:.*]] = arith.trunci %[[FAR64]] : i64 to i32
// PLACE-NOT: arith.divui
// PLACE: %[[TWICE:.*]] = arith.shli %[[N]]
// PLACE: %[[LONG:.*]] = arith.extui %[[TWICE]] : i32 to i64
// PLACE: llvm.getelementptr inbounds %[[ARGS]][312]
// PLACE: %[[PRODUCT:.*]] = arith.muli %[[LONG]]
// PLACE: %[[HIGH:.*]] = arith.shrui %[[PRODUCT]]
// PLACE: %[[PART:.*]] = arith.trunci %[[HIGH]] : i64 to i32
// PLACE: llvm.getelementptr inbounds %[[ARGS]][316]
// PLACE: arith.shrui %[[PART]], %{{.*}} : i32
// PLACE: %[[BACK:.*]] = arith.muli {{.*}} : i32
// PLACE: arith.subi %[[N]], %[[BACK]]
// PLACE: arith.divui %[[N]], %[[FAR]]
// PLACE: arith.divui %[[WIDE]]
llvm.func @divisions(%args: !llvm.ptr, %n: i32, %wide: i64) -> i64 attributes {nvvm.kernel} {
  %three = ht.parameter 3 : i32
  %far = ht.parameter 32 : i32
  %long = ht.parameter 3 : i64
  %quotient = arith.divui %n, %three : i32
  %rest = arith.remui %n, %three : i32
  %other = arith.divui %n, %far : i32
  %last = arith.divui %wide, %long : i64
  %both = arith.xori %quotient, %rest : i32
  %all = arith.xori %both, %other : i32
  %extended = arith.extui %all : i32 to i64
  %result = arith.xori %extended, %last : i64
  llvm.return %result : i64
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
