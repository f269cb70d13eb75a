// What the families of kernels do alike: find one by its name, refuse shapes, run generators.
#ifndef NIBBLE_COMPILER_KERNELS_GENERATE_H
#define NIBBLE_COMPILER_KERNELS_GENERATE_H

#include "compiler/Kernels/Kernels.h"

#include <initializer_list>

namespace nibble::kernels {

/// The kernel of that name in a registry, or null.
template <typename Info>
const Info *findByName(std::span<const Info> registry, std::string_view name) {
  for (const Info &kernel : registry)
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

/// What a parameter must be: low..high, and a multiple of `step`.
struct Limit {
  const char *what;
  int64_t value, low, high, step = 1;
};

/// What is wrong with the first value that breaks its limit; empty if none does.
inline std::string outsideLimits(std::initializer_list<Limit> limits) {
  for (const Limit &limit : limits)
    if (limit.value < limit.low || limit.value > limit.high || limit.value % limit.step)
      return std::string(limit.what) + " must be " + std::to_string(limit.low) + ".." + std::to_string(limit.high) +
             ", not " + std::to_string(limit.value) +
             (limit.step > 1 ? " in steps of " + std::to_string(limit.step) : "");
  return {};
}

/// Why no kernel of so many columns can store its result so; empty if one can.
std::string bytesRefusal(const ByteResult &result, int columns);

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
