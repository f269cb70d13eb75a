// RUN: not nibble-opt %s --convert-ukr-to-llvm=target=x86_64-linux-gnu,+avx3 2>&1 | FileCheck %s
// RUN: not nibble-opt %s --nibble-expand-fma=target=x86_64-linux-gnu,+avx3 2>&1 | FileCheck %s
// RUN: not nibble-opt %s --nibble-emit-entries=target=x86_64-linux-gnu,+avx3 2>&1 | FileCheck %s
// RUN: not nibble-opt %s --nibble-verify-llvm=target=x86_64-linux-gnu,+avx3 2>&1 | FileCheck %s

// CHECK: error: unknown feature '+avx3' of target x86_64-linux-gnu
// CHECK-SAME: did you mean
module {
}
