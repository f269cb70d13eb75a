// RUN: nibble-opt %s --nibble-verify-llvm=target=x86_64-linux-gnu,+avx2 | FileCheck %s

// What the baseline may not use, a target with the instructions may.
// CHECK-LABEL: @f
// CHECK:         llvm.intr.fma
// CHECK:         llvm.intr.floor
llvm.func @f(%x: f32) -> f32 {
  %s = llvm.intr.fma(%x, %x, %x) : (f32, f32, f32) -> f32
  %t = llvm.intr.floor(%s) : (f32) -> f32
  llvm.return %t : f32
}
