// Passes from the kernels stage to the LLVM dialect.
#ifndef NIBBLE_CONVERSION_UKRTOLLVM_PASSES
#define NIBBLE_CONVERSION_UKRTOLLVM_PASSES

include "mlir/Pass/PassBase.td"

def TargetOption : Option<"target", "target", "std::string", "\"native\"", "Target string, such as x86_64-linux-gnu,+avx2">;

def ExpandFma : Pass<"nibble-expand-fma", "::mlir::ModuleOp"> {
  let summary = "Writes fused multiply-adds out where the target has no such instruction.";
  let description = [{
    f32 only: `p = f64(a) * f64(b)` is exact; `s = p + f64(c)` is rounded to odd with the help of its exact error (two-sum),
    which makes the final rounding to f32 the only one (rule R9). Other types and, on targets with the instruction, all are
    left alone. One remark says how many were expanded.
  }];
  let options = [TargetOption];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def ConvertUkrToLLVM : Pass<"convert-ukr-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Converts a planned kernels-stage module without loops (cf, not scf) to the LLVM dialect.";
  let description = [{
    Memrefs become bare pointers; all functions get internal linkage. A kernel becomes a naked function of `.byte`s in section
    .text.ukernels. `ukr.parallel` calls the caller's parallel_for with a task function that unpacks a context on the
    stack and sets the floating-point state, or, without threads, the region itself over [0, count). The address passed
    as threads is that of a nibble_parallel (runtime/include/nibble/runtime.h).
  }];
  let options = [TargetOption];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect"];
}

def EmitEntries : Pass<"nibble-emit-entries", "::mlir::ModuleOp"> {
  let summary = "Makes the public C function of every entry of an LLVM module.";
  let description = [{
    Model: `int32_t NAME(const T *in..., T *out..., int64_t batch, void *arena, const nibble_parallel *parallel)`, which calls
    the body (renamed NAME.body) for tiles of at most `ukr.batch_tile` images. Training step (`ukr.batch`):
    `int32_t NAME(void *const *arguments, void *arena, const nibble_parallel *parallel)`. Both check their pointers, set
    round to nearest and no flush to zero, restore the caller's state, and return a nibble_status.
    A NAME that C or C++ has given away (compiler/Support/CNames.h), and two whose headers would define the same macro, are
    errors.
  }];
  let options = [TargetOption,
    Option<"packed", "packed", "bool", "false",
           "Also make NAME_packed(void *const *arguments, int64_t batch, void *arena, const nibble_parallel *parallel) of models">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def VerifyLLVM : Pass<"nibble-verify-llvm", "::mlir::ModuleOp"> {
  let summary = "Checks what an LLVM module may contain: nothing that calls a library or rounds differently elsewhere.";
  let description = [{
    Refused: calls of anything outside the module but memcpy, memset and parallel_for; llvm.intr.fmuladd; llvm.intr.fma on
    targets without the instruction; intrinsics that become library calls; fast-math flags.
  }];
  let options = [TargetOption];
}

#endif
