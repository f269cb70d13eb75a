// Ports from the types and attributes of a function.
#include "compiler/tools/nibble-run/Signature.h"
#include "compiler/Tile/Passes.h"
#include "compiler/Train/Train.h"

using namespace mlir;

namespace nibble::tools {

std::string textOf(ElementType type, const Shape &shape) {
  std::string text = to_string(type) + " [";
  for (auto [i, extent] : llvm::enumerate(shape))
    text += (i ? ", " : "") + (extent < 0 ? "?" : std::to_string(extent));
  return text + "]";
}

FailureOr<Signature> signatureOf(func::FuncOp function) {
  Signature signature;
  signature.name = function.getName().str();
  if (auto tile = function->getAttrOfType<IntegerAttr>(batchTileAttrName)) {
    signature.tile = tile.getInt();
    if (signature.tile < 1)
      return function.emitError() << "has a batch tile of " << signature.tile << " images; it must be at least 1";
  }
  auto port = [&](Type type, std::string name) -> FailureOr<Port> {
    auto tensor = dyn_cast<RankedTensorType>(type);
    Type element = tensor ? tensor.getElementType() : Type();
    if (!tensor || !(element.isF32() || element.isInteger(32)) || tensor.getRank() > Array::max_rank)
      return function.emitError() << "'" << name << "' of type " << type
                                  << " has no form in a file; nibble-run passes f32 and i32 tensors of at most "
                                  << Array::max_rank << " dimensions";
    Port result{std::move(name), element.isF32() ? ElementType::f32 : ElementType::i32, {}, {}};
    for (auto [i, extent] : llvm::enumerate(tensor.getShape())) {
      bool batch = i == 0 && signature.tile && extent == signature.tile;
      if (extent == 0)
        return function.emitError() << "'" << result.name << "' of type " << type << " has no elements";
      result.shape.push_back(batch || ShapedType::isDynamic(extent) ? -1 : extent);
    }
    return result;
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = "argument" + std::to_string(i);
    for (StringRef key : {attr::name, attr::param})
      if (auto given = function.getArgAttrOfType<StringAttr>(i, key)) {
        name = given.str();
        break;
      }
    FailureOr<Port> result = port(function.getArgumentTypes()[i], std::move(name));
    if (failed(result))
      return failure();
    signature.inputs.push_back(std::move(*result));
  }
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    std::string name = "result" + std::to_string(i);
    auto given = function.getResultAttrOfType<StringAttr>(i, attr::name);
    auto tied = function.getResultAttrOfType<IntegerAttr>(i, attr::tied);
    if (tied && (tied.getInt() < 0 || tied.getInt() >= static_cast<int64_t>(signature.inputs.size())))
      return function.emitError() << "result " << i << " is tied to argument " << tied.getInt()
                                  << ", which does not exist";
    if (given)
      name = given.str();
    else if (tied)
      name = signature.inputs[static_cast<size_t>(tied.getInt())].name;
    FailureOr<Port> result = port(function.getResultTypes()[i], std::move(name));
    if (failed(result))
      return failure();
    if (tied)
      result->tiedTo = static_cast<unsigned>(tied.getInt());
    signature.outputs.push_back(std::move(*result));
  }
  return signature;
}

} // namespace nibble::tools
