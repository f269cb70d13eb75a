// A thin layer over OpBuilder for the code that lowerings emit: index arithmetic, loops, vectors of f32 and i32.
#ifndef NIBBLE_COMPILER_CODEGEN_CODE_H
#define NIBBLE_COMPILER_CODEGEN_CODE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace nibble::codegen {

using mlir::Type;
using mlir::Value;

/// Lanes of a vector of 32-bit elements in elementwise code. LLVM splits it on targets with shorter registers.
constexpr int64_t lanes = 8;

/// Emits code at one place. `width` 0 means scalars, else vectors of that many lanes.
class Code : public mlir::ImplicitLocOpBuilder {
public:
  /// Software fma for targets without the instruction is a property of the whole module; see SoftFma.cpp.
  Code(mlir::Location loc, mlir::OpBuilder builder) : ImplicitLocOpBuilder(loc, builder) {}

  // Index arithmetic; constants fold.
  Value idx(int64_t v);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, idx(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return mul(a, idx(b)); }
  Value div(Value a, int64_t b); ///< a >= 0, b > 0
  Value rem(Value a, int64_t b);
  Value ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }
  Value min(Value a, Value b);
  Value max(Value a, Value b);

  // Loops.
  void loop(Value lo, Value hi, int64_t step, llvm::function_ref<void(Value)> body);
  /// Carries values: body gets the index and the values, and gives the next ones.
  llvm::SmallVector<Value> loop(Value lo, Value hi, int64_t step, mlir::ValueRange inits,
                                llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)> body);
  void when(Value condition, llvm::function_ref<void()> then);
  void when(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise);

  // Types and constants of `width` lanes (0: scalar).
  Type vec(Type element, int64_t width);
  Type f32(int64_t width = 0) { return vec(getF32Type(), width); }
  Type i32(int64_t width = 0) { return vec(getI32Type(), width); }
  Value splat(Value scalar, int64_t width);
  Value cf(float v, int64_t width = 0);
  Value ci(int32_t v, int64_t width = 0);

  // Memory: 1-D memrefs.
  Value load(Value memref, Value index, int64_t width = 0);
  void store(Value value, Value memref, Value index);

  // Arithmetic on f32 and i32, scalar or vector. One rounding each.
  Value fadd(Value a, Value b) { return mlir::arith::AddFOp::create(*this, a, b); }
  Value fsub(Value a, Value b) { return mlir::arith::SubFOp::create(*this, a, b); }
  Value fmul(Value a, Value b) { return mlir::arith::MulFOp::create(*this, a, b); }
  Value fdiv(Value a, Value b) { return mlir::arith::DivFOp::create(*this, a, b); }
  Value fma(Value a, Value b, Value c);
  Value fneg(Value a) { return mlir::arith::NegFOp::create(*this, a); }
  Value fabs(Value a);
  Value fsqrt(Value a);
  Value iadd(Value a, Value b) { return mlir::arith::AddIOp::create(*this, a, b); }
  Value isub(Value a, Value b) { return mlir::arith::SubIOp::create(*this, a, b); }
  Value imul(Value a, Value b) { return mlir::arith::MulIOp::create(*this, a, b); }
  Value shl(Value a, int32_t bits);
  Value ashr(Value a, int32_t bits);
  Value lshr(Value a, int32_t bits);
  Value cmp(mlir::arith::CmpFPredicate p, Value a, Value b) { return mlir::arith::CmpFOp::create(*this, p, a, b); }
  Value cmp(mlir::arith::CmpIPredicate p, Value a, Value b) { return mlir::arith::CmpIOp::create(*this, p, a, b); }
  Value select(Value c, Value a, Value b) { return mlir::arith::SelectOp::create(*this, c, a, b); }
  /// x > lo ? x : lo, then < hi ? . : hi; NaN gives lo.
  Value fclamp(Value x, Value lo, Value hi);
  Value toFloat(Value i); ///< i32 -> f32, rounded to nearest even
  Value toInt(Value f);   ///< f32 -> i32 of an integral value in range
  /// round_half_even of |x| <= 2^22 as i32 (adds and subtracts 1.5 * 2^23; needs round-to-nearest).
  Value roundToInt(Value x);
  Value bitcastTo(Type type, Value v);

  static int64_t widthOf(Value v);

private:
  Value like(Value v, double constant);
};

} // namespace nibble::codegen

#endif
