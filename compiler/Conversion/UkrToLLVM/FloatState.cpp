// Saving, setting and restoring the floating-point control register of each architecture.
#include "compiler/Conversion/UkrToLLVM/FloatState.h"

using namespace mlir;

namespace nibble {

/// MXCSR after reset: all exceptions masked, round to nearest, neither FTZ nor DAZ.
static constexpr int32_t defaultMxcsr = 0x1f80;

static Value constantOf(ImplicitLocOpBuilder &b, IntegerType type, int64_t v) {
  return LLVM::ConstantOp::create(b, type, b.getIntegerAttr(type, v));
}

static Value assembly(ImplicitLocOpBuilder &b, TypeRange result, ValueRange operands, StringRef text,
                      StringRef constraints) {
  auto op = LLVM::InlineAsmOp::create(b, result, operands, text, constraints, /*has_side_effects=*/true,
                                      /*is_align_stack=*/false, LLVM::TailCallKind::None, LLVM::AsmDialectAttr(),
                                      ArrayAttr());
  return result.empty() ? Value() : op.getRes();
}

FloatState::FloatState(ImplicitLocOpBuilder &b, const Target &target) : target(target) {
  if (target.arch() != Arch::x86_64)
    return;
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value one = constantOf(b, b.getI32Type(), 1);
  saved = LLVM::AllocaOp::create(b, pointer, b.getI32Type(), one, 4);
  wanted = LLVM::AllocaOp::create(b, pointer, b.getI32Type(), one, 4);
}

void FloatState::set(ImplicitLocOpBuilder &b) {
  switch (target.arch()) {
  case Arch::x86_64:
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr("llvm.x86.sse.stmxcsr"), ValueRange{saved});
    LLVM::StoreOp::create(b, constantOf(b, b.getI32Type(), defaultMxcsr), wanted, 4);
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr("llvm.x86.sse.ldmxcsr"), ValueRange{wanted});
    return;
  case Arch::aarch64:
    saved = LLVM::CallIntrinsicOp::create(b, b.getI64Type(), b.getStringAttr("llvm.aarch64.get.fpcr"), ValueRange{})
                .getResult(0);
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr("llvm.aarch64.set.fpcr"),
                                  ValueRange{constantOf(b, b.getI64Type(), 0)});
    return;
  case Arch::riscv64: // frm = 0 is round to nearest; there is no flush to zero
    saved = assembly(b, b.getI64Type(), {}, "csrrwi $0, frm, 0", "=r,~{memory}");
    return;
  case Arch::wasm32: // has one state only
    return;
  }
}

void FloatState::restore(ImplicitLocOpBuilder &b) {
  switch (target.arch()) {
  case Arch::x86_64:
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr("llvm.x86.sse.ldmxcsr"), ValueRange{saved});
    return;
  case Arch::aarch64:
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr("llvm.aarch64.set.fpcr"), ValueRange{saved});
    return;
  case Arch::riscv64:
    assembly(b, {}, saved, "csrw frm, $0", "r,~{memory}");
    return;
  case Arch::wasm32:
    return;
  }
}

} // namespace nibble
