// What follows a contraction, on accumulators in registers.
#include "compiler/Codegen/Contraction.h"
#include "compiler/Codegen/Elementwise.h"

using namespace mlir;

namespace nibble::codegen {

static Value channelValue(Region &r, const Buffer &b, Value channel, int64_t width) {
  if (b.elements == 1)
    return r.splat(r.load(r.ref(b), r.idx(0)), width);
  return r.load(r.ref(b), channel, width);
}

/// `width` elements of the residual, of which those behind the first `valid` may be anything.
static Value residualOf(Region &r, const Epilogue &e, Value pixel, Value channel, int64_t width, int64_t valid) {
  const Expr elements = leaf(e.residual, e.residualZero, e.channels);
  // Packed rows end with whole words. Of others, what lies behind the last element may not be ours.
  if (!width || (packedBits(e.residual.elem) ? e.inEights : valid >= width))
    return elements.eval(r, {pixel, channel, e.channels, width});
  Value all;
  for (int64_t i = 0; i < std::min(valid, width); ++i) {
    Value one = elements.eval(r, {pixel, r.add(channel, i), e.channels, 0});
    if (!all)
      all = arith::ConstantOp::create(r, r.getZeroAttr(r.vec(one.getType(), width)));
    all = vector::InsertOp::create(r, one, all, ArrayRef<int64_t>{i});
  }
  return all;
}

Value applyEpilogue(Region &r, const Epilogue &e, Value acc, Value pixel, Value channel, const Buffer &output,
                    int64_t valid) {
  int64_t w = Code::widthOf(acc);
  bool integer = isa<IntegerType>(getElementTypeOrSelf(acc.getType()));
  if (e.kind == Epilogue::Kind::Raw)
    return acc;
  if (e.kind == Epilogue::Kind::Threshold) {
    Value t = channelValue(r, e.thresholds, channel, w), f = channelValue(r, e.flips, channel, w);
    Value negative = r.cmp(arith::CmpIPredicate::slt, arith::XOrIOp::create(r, acc, f), t);
    return output.elem == Elem::Bits ? negative : r.select(negative, r.ci(-1, w), r.ci(1, w));
  }
  Value y = integer ? r.toFloat(acc) : acc;
  if (e.kind == Epilogue::Kind::Scale)
    return r.fmul(y, channelValue(r, e.multiplier, channel, w));
  y = r.fma(y, channelValue(r, e.multiplier, channel, w), channelValue(r, e.bias, channel, w));
  if (e.residual) {
    Value x = residualOf(r, e, pixel, channel, w, valid);
    if (e.residual.elem != Elem::F32)
      x = r.toFloat(x);
    y = r.fma(x, r.cf(e.residualMultiplier, w), y);
  }
  // The sign first: the bounds of a binary result only decide it where they exclude a value, and NaN gives +1 (R8.4).
  if (output.elem == Elem::Bits || e.binary)
    y = r.select(r.cmp(arith::CmpFPredicate::OLT, y, r.cf(0, w)), r.cf(-1, w), r.cf(1, w));
  y = r.fclamp(y, channelValue(r, e.lo, channel, w), channelValue(r, e.hi, channel, w));
  if (output.elem == Elem::Bits)
    return r.cmp(arith::CmpFPredicate::OLT, y, r.cf(0, w));
  if (output.elem == Elem::F32)
    return y;
  Value q = r.roundToInt(y);
  return e.zero ? r.isub(q, r.ci(static_cast<int32_t>(e.zero), w)) : q;
}

} // namespace nibble::codegen
