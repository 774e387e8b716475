// RUN: halftone-opt %s --run-reproducer | FileCheck %s

// What a failing stage leaves behind can be run again.

// CHECK: ht.kernel @dense
ht.attention @dense {head_dim = 64 : i32, element = f16} mask {} score {}

{-#
  external_resources: {
    mlir_reproducer: {
      pipeline: "builtin.module(ht-tile-attention{stages=1 tile-k=32 tile-q=64 warps=2},canonicalize,cse)",
      disable_threading: true,
      verify_each: true
    }
  }
#-}
