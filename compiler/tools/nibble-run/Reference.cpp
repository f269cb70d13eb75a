// Running a function in the interpreter.
#include "compiler/Reference/Interpreter.h"
#include "compiler/tools/nibble-run/Execute.h"
#include "compiler/tools/support/Files.h"
#include <cstring>

using namespace mlir;
using nibble::reference::HostTensor;

namespace nibble::tools {
namespace {

HostTensor tensorOf(const Array &array) {
  HostTensor tensor;
  tensor.shape = array.shape();
  auto count = static_cast<size_t>(array.size());
  if (array.type() == ElementType::f32) {
    tensor.f32.resize(count);
    if (count)
      std::memcpy(tensor.f32.data(), array.bytes().data(), count * 4);
    return tensor;
  }
  for (size_t i = 0; i < count; ++i) {
    int32_t value;
    std::memcpy(&value, array.bytes().data() + i * 4, 4);
    tensor.ints.push_back(value);
  }
  return tensor;
}

/// Rows begin .. end of an output that the tensor holds from its row 0.
void copyRows(Array &to, const HostTensor &from, int64_t begin, int64_t rows) {
  size_t row = to.shape().empty() ? 1 : static_cast<size_t>(to.size() / std::max<int64_t>(to.shape()[0], 1));
  std::byte *out = to.bytes().data() + static_cast<size_t>(begin) * row * 4;
  for (size_t i = 0; i < static_cast<size_t>(rows) * row; ++i) {
    if (to.type() == ElementType::f32) {
      std::memcpy(out + i * 4, &from.f32[i], 4);
    } else {
      auto value = static_cast<int32_t>(from.ints[i]);
      std::memcpy(out + i * 4, &value, 4);
    }
  }
}

/// `rows` images from `begin` on, the last one repeated up to `tile`: results of the repetitions are not read.
HostTensor tileOf(const HostTensor &all, int64_t begin, int64_t rows, int64_t tile) {
  HostTensor part;
  part.shape = all.shape;
  part.shape[0] = tile;
  auto count = static_cast<int64_t>(all.size()) / all.shape[0];
  for (int64_t r = 0; r < tile; ++r) {
    int64_t from = (begin + std::min(r, rows - 1)) * count;
    if (!all.f32.empty())
      part.f32.insert(part.f32.end(), all.f32.begin() + from, all.f32.begin() + from + count);
    if (!all.ints.empty())
      part.ints.insert(part.ints.end(), all.ints.begin() + from, all.ints.begin() + from + count);
  }
  return part;
}

} // namespace

Outputs interpretFunction(func::FuncOp function, const Signature &signature, const Inputs &inputs,
                          const WeightTable &weights) {
  reference::Parameters parameters;
  for (const auto &[name, tensor] : weights)
    parameters.emplace(name, HostTensor::ofFloats(tensor.shape, tensor.values));
  std::vector<HostTensor> tensors;
  for (const auto &array : inputs.arrays)
    tensors.push_back(tensorOf(*array));

  std::vector<std::shared_ptr<Array>> outputs;
  int64_t tile = signature.tile ? signature.tile : std::max<int64_t>(inputs.batch, 1);
  for (int64_t begin = 0; outputs.empty() || begin < inputs.batch; begin += tile) {
    int64_t rows = std::min(tile, inputs.batch - begin);
    std::vector<HostTensor> part = tensors;
    for (size_t i = 0; signature.tile && i < part.size(); ++i)
      if (!part[i].shape.empty() && signature.inputs[i].shape[0] < 0) {
        if (rows == 0)
          return Failure{"an empty batch cannot be interpreted at the tiled stage"};
        part[i] = tileOf(tensors[i], begin, rows, tile);
      }
    auto results = reference::interpret(function, part, &parameters);
    if (failed(results))
      return Failure{""};
    for (size_t i = 0; i < results->size(); ++i) {
      const Port &port = signature.outputs[i];
      bool batched = signature.tile && !port.shape.empty() && port.shape[0] < 0;
      if (begin == 0) {
        Shape shape = (*results)[i].shape;
        if (batched)
          shape[0] = inputs.batch;
        auto array = makeArray(port.type, shape);
        if (!array)
          return Failure{"output '" + port.name + "': " + array.error()};
        outputs.push_back(*array);
      }
      int64_t all = outputs[i]->shape().empty() ? 1 : outputs[i]->shape()[0];
      copyRows(*outputs[i], (*results)[i], batched ? begin : 0, batched ? rows : all);
    }
    if (outputs.empty())
      break;
  }
  return Arrays(outputs.begin(), outputs.end());
}

} // namespace nibble::tools
