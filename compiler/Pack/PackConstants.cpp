// nibble-pack-constants: constants are packed when compiling.
#include "compiler/Graph/Elements.h"
#include "compiler/Graph/RequireStage.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"
#include <bit>

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_PACKCONSTANTS
#include "compiler/Pack/Passes.h.inc"

namespace {

/// The values to pack: integers, or the bits of f32 values.
std::optional<std::vector<int64_t>> fieldsOf(ElementsAttr elements) {
  std::vector<int64_t> fields;
  if (auto floats = readFloats(elements)) {
    for (float v : *floats)
      fields.push_back(std::bit_cast<int32_t>(v));
    return fields;
  }
  auto integers = readIntegers(elements);
  if (!integers)
    return std::nullopt;
  fields.assign(integers->begin(), integers->end());
  return fields;
}

LogicalResult packConstant(PackOp op, ConstantOp constant) {
  auto type = cast<RankedTensorType>(op.getType());
  auto fields = fieldsOf(constant.getValue());
  if (!fields)
    return op.emitOpError("cannot read its constant of ") << constant.getValue().getElementType() << " elements";
  auto bytes = layout::pack(layoutOf(type).getLayout(), *fields, type.getShape());
  if (!bytes)
    return op.emitOpError("cannot pack its constant: ") << bytes.error();
  std::vector<int32_t> values;
  values.reserve(bytes->size());
  for (uint8_t byte : *bytes)
    values.push_back(static_cast<int8_t>(byte));
  StringRef name = resourceName(constant.getValue());
  auto packed = makeStorage(op.getContext(), {static_cast<int64_t>(values.size())}, values,
                            (name.empty() ? Twine("constant") : Twine(name) + ".packed").str());
  OpBuilder builder(op);
  Value result = ConstantOp::create(builder, constant.getLoc(), type, *packed);
  op.getResult().replaceAllUsesWith(result);
  op.erase();
  if (constant->use_empty())
    constant.erase();
  return success();
}

// Over the module, so that the names of resources do not depend on the number of threads.
struct PackConstantsPass : impl::PackConstantsBase<PackConstantsPass> {
  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-pack-constants", Needs::Packed)))
      return signalPassFailure();
    SmallVector<PackOp> packs;
    getOperation().walk([&](PackOp op) { packs.push_back(op); });
    for (PackOp op : packs)
      if (auto constant = op.getInput().getDefiningOp<ConstantOp>(); constant && failed(packConstant(op, constant)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace nibble
