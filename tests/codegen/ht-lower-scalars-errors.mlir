// RUN: halftone-opt %s --ht-lower-scalars --verify-diagnostics

func.func @no_arguments(%head: i32) -> f32 {
  // expected-error @below {{'ht.slope' op reads the kernel's arguments in a function whose first argument is no !llvm.ptr}}
  %slope = ht.slope 0, %head
  return %slope : f32
}
