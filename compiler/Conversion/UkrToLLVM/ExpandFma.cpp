// nibble-expand-fma: fused multiply-adds of f32 out of f64 arithmetic, correct in every case.
//
// The method rounds the exact a * b + c to odd in f64 first: of the two neighbours, the one with an odd last bit.
// Because 53 >= 24 + 2 bits, rounding that to f32 gives what one rounding of the exact value gives, subnormal results
// included (S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to
// odd", 2008).
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Graph/RequireStage.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace nibble {
#define GEN_PASS_DEF_EXPANDFMA
#include "compiler/Conversion/UkrToLLVM/Passes.h.inc"
} // namespace nibble

using namespace mlir;

namespace nibble {
namespace {

/// `element`, with the vector shape of `like`.
Type shaped(Type like, Type element) {
  auto vector = dyn_cast<VectorType>(like);
  return vector ? Type(vector.clone(element)) : element;
}

Value constantLike(ImplicitLocOpBuilder &b, Type type, TypedAttr scalar) {
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, Attribute(scalar)));
  return arith::ConstantOp::create(b, scalar);
}

Value expand(ImplicitLocOpBuilder &b, Value a, Value x, Value c) {
  using namespace arith;
  Type f32 = a.getType(), f64 = shaped(f32, b.getF64Type()), i64 = shaped(f32, b.getI64Type());
  auto integer = [&](int64_t v) { return constantLike(b, i64, b.getI64IntegerAttr(v)); };
  Value zero = constantLike(b, f64, b.getF64FloatAttr(0.0));
  Value product = MulFOp::create(b, ExtFOp::create(b, f64, a), ExtFOp::create(b, f64, x)); // 48 bits: exact
  Value addend = ExtFOp::create(b, f64, c);
  Value sum = AddFOp::create(b, product, addend);
  // Knuth's two-sum: sum + error = product + addend exactly. NaN where the sum is not finite.
  Value part = SubFOp::create(b, sum, product);
  Value error =
      AddFOp::create(b, SubFOp::create(b, product, SubFOp::create(b, sum, part)), SubFOp::create(b, addend, part));
  // To odd: an even sum that is not exact moves one unit towards the exact value (away from 0 if error has its sign).
  Value bits = BitcastOp::create(b, i64, sum);
  Value even = CmpIOp::create(b, CmpIPredicate::eq, AndIOp::create(b, bits, integer(1)), integer(0));
  Value inexact = CmpFOp::create(b, CmpFPredicate::ONE, error, zero);
  Value signs = XOrIOp::create(b, bits, BitcastOp::create(b, i64, error));
  Value outward = CmpIOp::create(b, CmpIPredicate::sge, signs, integer(0));
  Value step = SelectOp::create(b, outward, integer(1), integer(-1));
  Value moved = AddIOp::create(b, bits, step);
  Value odd = SelectOp::create(b, AndIOp::create(b, even, inexact), moved, bits);
  return TruncFOp::create(b, f32, BitcastOp::create(b, f64, odd));
}

struct ExpandFmaPass : impl::ExpandFmaBase<ExpandFmaPass> {
  using Base::Base;
  void runOnOperation() override {
    FailureOr<Target> machine = parseTarget(getOperation(), target);
    if (failed(machine) || failed(requireStage(getOperation(), "nibble-expand-fma", Needs::Kernels)))
      return signalPassFailure();
    if (machine->hasFma())
      return;
    int64_t count = 0;
    getOperation().walk([&](Operation *op) {
      if (!isa<math::FmaOp, vector::FMAOp>(op) || !getElementTypeOrSelf(op->getResult(0).getType()).isF32())
        return;
      ImplicitLocOpBuilder b(op->getLoc(), op);
      op->getResult(0).replaceAllUsesWith(expand(b, op->getOperand(0), op->getOperand(1), op->getOperand(2)));
      op->erase();
      ++count;
    });
    if (count)
      emitRemark(getOperation().getLoc()) << machine->str() << " has no fused multiply-add: " << count
                                          << " are computed in software, with the same results but slower (rule R9)";
  }
};

} // namespace
} // namespace nibble
