// pack, unpack and tile: layouts change where a value lies, not what it is.
#include "compiler/Reference/InterpreterOps.h"

#include <bit>

using namespace mlir;

namespace nibble::reference {

// Packing proves that the layout holds every value; f32 elements are packed as their bits.
static LogicalResult evaluate(PackOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput());
  std::vector<int64_t> raw = x.ints;
  if (call.resultType().getElementType().isF32()) {
    raw.clear();
    for (float v : x.f32)
      raw.push_back(std::bit_cast<int32_t>(v));
  }
  auto layout = cast<LayoutAttr>(call.resultType().getEncoding()).getLayout();
  auto bytes = layout::pack(layout, raw, x.shape);
  if (!bytes)
    return op.emitOpError("cannot pack its input: ") << bytes.error();
  auto unpacked = layout::unpack(layout, *bytes, x.shape);
  if (!unpacked || *unpacked != raw)
    return op.emitOpError("has a layout that does not give back the packed values");
  return call.give(x);
}

static LogicalResult evaluate(UnpackOp op, Call &call) { return call.give(call.of(op.getInput())); }

static LogicalResult evaluate(TileOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput()), &w = call.of(op.getWeight());
  bool isInteger =
      call.resultType().getElementType().isInteger(32) || (op.getMultiplier() && x.grid && w.grid && !w.grid->group);
  auto acc = convolve(call, x, w, op.getStrides(), op.getDilations(), op.getPadding(), op.getGroups(), isInteger);
  if (failed(acc))
    return failure();
  if (!op.getMultiplier())
    return call.give(std::move(*acc));
  for (int64_t v : acc->ints)
    if (v < INT32_MIN || v > INT32_MAX)
      return op.emitOpError("has the accumulator ") << v << ", which does not fit i32 (R5)";
  Epilogue e{*op.getMultiplier(),        *op.getBias(),      *op.getLo(),  *op.getHi(), nullptr,
             op.getResidualMultiplier(), op.getThresholds(), op.getFlips()};
  if (op.getResidual())
    e.residual = &call.of(op.getResidual());
  auto y = requantize(call, *acc, e);
  return failed(y) ? failure() : call.give(std::move(*y));
}

Outcome evaluatePacked(Call &call) {
  return llvm::TypeSwitch<Operation *, Outcome>(call.op)
      .Case<PackOp, UnpackOp, TileOp>([&](auto op) { return evaluate(op, call); })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace nibble::reference
