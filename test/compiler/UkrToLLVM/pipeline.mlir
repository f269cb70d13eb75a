// RUN: nibble-opt %root/test/unit/Inputs/two_regions.mlir --nibble-to-llvm=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %root/test/unit/Inputs/two_regions.mlir --nibble-to-llvm=target=wasm32 2>&1 | FileCheck %s --check-prefix=SOFTWARE

// Descriptors of memrefs are gone, fused multiply-adds are fused, entries are the only functions that others see.
// CHECK-NOT:   llvm.insertvalue
// CHECK-NOT:   fmuladd
// CHECK:       llvm.func internal @m.hidden
// CHECK:         llvm.intr.fma
// CHECK:       llvm.func internal @m.body
// CHECK:       llvm.func @m(
// CHECK:       llvm.func @step(

// SOFTWARE:     remark: wasm32 has no fused multiply-add
// SOFTWARE-NOT: llvm.intr.fma
