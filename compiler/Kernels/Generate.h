// How every family of kernels runs its generators.
#ifndef NIBBLE_COMPILER_KERNELS_GENERATE_H
#define NIBBLE_COMPILER_KERNELS_GENERATE_H

#include "compiler/Kernels/Kernels.h"

namespace nibble::kernels {

/// Calls `emit(buffer)`, which gives an Emitted, with buffers that grow from `initialBytes` until the code fits. The
/// limit is far above any kernel: a generator that asks for more is at fault.
template <typename Emit>
MachineCode generateCode(std::string_view kernel, size_t initialBytes, Emit emit, size_t maxCodeBytes = 1 << 20) {
  const std::string where = "kernel " + std::string(kernel) + ": ";
  for (size_t size = initialBytes ? initialBytes : 1; size <= maxCodeBytes; size *= 2) {
    std::vector<uint8_t> buffer(size);
    Emitted emitted = emit(std::span<uint8_t>(buffer));
    if (!emitted.error.empty())
      return {{}, where + emitted.error};
    if (emitted.tooSmall)
      continue;
    buffer.resize(emitted.size);
    return {std::move(buffer), {}};
  }
  return {{}, where + "the code exceeds " + std::to_string(maxCodeBytes) + " bytes"};
}

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_GENERATE_H
