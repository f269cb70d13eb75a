// Weights and arrays from files, for code without exceptions.
#ifndef NIBBLE_COMPILER_TOOLS_SUPPORT_FILES_H
#define NIBBLE_COMPILER_TOOLS_SUPPORT_FILES_H

#include "compiler/Graph/WeightTable.h"
#include "compiler/Support/Result.h"
#include <memory>
#include <nibble/array.h>
#include <optional>
#include <string>

namespace nibble::tools {

/// The tensors of a .safetensors or .npz file. Error: as Weights::load, or one list of all tensors that are not f32.
Result<std::shared_ptr<const WeightTable>> readWeights(const std::string &path) noexcept;

/// An array of a .npy file. Error: as load_npy.
Result<std::shared_ptr<const Array>> readArray(const std::string &path) noexcept;

/// Writes a .npy file, atomically. Gives the error, if there is one.
std::optional<Failure> writeArray(const std::string &path, const Array &array) noexcept;

/// Zeros. Error: the shape does not fit in memory.
Result<std::shared_ptr<Array>> makeArray(ElementType type, const Shape &shape) noexcept;

} // namespace nibble::tools

#endif
