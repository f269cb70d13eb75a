// RUN: nibble-opt %s --nibble-verify-llvm=target=x86_64-linux-gnu --split-input-file --verify-diagnostics

// Allowed: memcpy, memset, parallel_for.
llvm.func @memcpy(!llvm.ptr, !llvm.ptr, i64) -> !llvm.ptr
llvm.func @f(%p: !llvm.ptr, %n: i64) {
  %r = llvm.call @memcpy(%p, %p, %n) : (!llvm.ptr, !llvm.ptr, i64) -> !llvm.ptr
  llvm.call %p(%p, %n, %p, %p) : !llvm.ptr, (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr) -> ()
  llvm.return
}

// -----

llvm.func @malloc(i64) -> !llvm.ptr
llvm.func @f(%n: i64) {
  // expected-error@+1 {{calls @malloc, which is outside the module; only memcpy and memset may be (rule R10)}}
  %r = llvm.call @malloc(%n) : (i64) -> !llvm.ptr
  // expected-error@+1 {{takes the address of @malloc, which is outside the module}}
  %a = llvm.mlir.addressof @malloc : !llvm.ptr
  llvm.return
}

// -----

llvm.func @f(%p: !llvm.ptr, %n: i64) {
  // expected-error@+1 {{calls a pointer that is not a parallel_for}}
  llvm.call %p(%n) : !llvm.ptr, (i64) -> ()
  llvm.return
}

// -----

llvm.mlir.global external @elsewhere() : i32
llvm.func @f() {
  // expected-error@+1 {{takes the address of @elsewhere, a variable outside the module}}
  %a = llvm.mlir.addressof @elsewhere : !llvm.ptr
  llvm.return
}

// -----

llvm.func @f(%x: f32) -> f32 {
  // expected-error@+1 {{may round once or twice, as LLVM likes; use llvm.intr.fma (rule R9)}}
  %r = llvm.intr.fmuladd(%x, %x, %x) : (f32, f32, f32) -> f32
  // expected-error@+1 {{becomes a call of fmaf on x86_64-linux-gnu; run nibble-expand-fma (rule R9)}}
  %s = llvm.intr.fma(%x, %x, %x) : (f32, f32, f32) -> f32
  // expected-error@+1 {{becomes a call of the C library; compiled code calls nothing but memcpy and memset (rule R10)}}
  %t = llvm.intr.exp(%x) : (f32) -> f32
  // expected-error@+1 {{becomes a call of the C library; compiled code calls}}
  %u = llvm.frem %x, %x : f32
  // expected-error@+1 {{becomes a call of the C library on x86_64-linux-gnu, which has no sse4.1 (rule R10)}}
  %v = llvm.intr.roundeven(%x) : (f32) -> f32
  // expected-error@+1 {{has fast-math flags; results must not depend on what LLVM makes of them (rule R9)}}
  %w = llvm.fadd %x, %x {fastmathFlags = #llvm.fastmath<contract>} : f32
  llvm.return %w : f32
}

// -----

llvm.func @f() -> i64 {
  // expected-error@+1 {{calls llvm.aarch64.get.fpcr, which x86_64-linux-gnu does not have; the module was made for another target}}
  %0 = llvm.call_intrinsic "llvm.aarch64.get.fpcr"() : () -> i64
  llvm.return %0 : i64
}
