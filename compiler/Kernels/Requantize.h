// The kernel that makes bytes of the sums of another kernel.
//
// It is a function of the System V x86-64 ABI,
//
//   void kernel(const int32_t *sums, const uint8_t *constants, uint8_t *out, int64_t unused);
//
// that computes, for m < rows and n < stored (rule R8 of docs/spec.md),
//
//   out[m * rowStride + n] =
//       clamp(round(fma(float(sums[m * columns + n] + correction[n]), multiplier[n], bias[n])) + offset, low, high)
//
// The addition of the correction wraps modulo 2^32. Rounds as mxcsr says, which compiled code sets to nearest, ties to
// even. Right if the result of the fma is between -2^31 and 2^31 - 128, for which the caller vouches. `constants` is
// what packRequantize makes; no operand needs any alignment.
//
// A kernel reads only constants and sums that are wanted and writes only the named bytes of out; all else is as
// Kernels.h says of dot kernels.
#ifndef NIBBLE_COMPILER_KERNELS_REQUANTIZE_H
#define NIBBLE_COMPILER_KERNELS_REQUANTIZE_H

#include "compiler/Kernels/Kernels.h"

namespace nibble::kernels {

using RequantizeFn = void (*)(const int32_t *sums, const uint8_t *constants, uint8_t *out, int64_t unused);

inline constexpr int requantizeStep = 8; ///< Columns are multiples of it.
inline constexpr int requantizeMaxColumns = 16;
inline constexpr int requantizeMaxRows = 64;

/// What is baked into the code.
struct RequantizeParams {
  int rows = 1;                        ///< 1..requantizeMaxRows
  int columns = 8;                     ///< Of sums: 8 or 16,
  int stored = 8;                      ///< of which so many are wanted: 8 or 16.
  int64_t rowStride = 0;               ///< Of out, in bytes: 0..maxByteStride; unused with one row.
  bool hasCorrection = true;           ///< Else it is 0, and not in the constants.
  int offset = 0, low = 0, high = 255; ///< |offset| <= 1024, 0 <= low <= high <= 255.
};

struct RequantizeKernelInfo;
using RequantizeGenerateFn = Emitted (*)(const RequantizeParams &params, std::span<uint8_t> buffer);

struct RequantizeKernelInfo {
  std::string_view name;
  std::string_view features; ///< Separated by commas.
  RequantizeGenerateFn emit;
};

/// All of them, in the order of Requantize.def: one, which every machine for which sums are made by kernels can run.
std::span<const RequantizeKernelInfo> requantizeKernels();

/// The kernel of that name, or null.
const RequantizeKernelInfo *findRequantizeKernel(std::string_view name);

/// Why there is no code for `params`; empty if there is.
std::string requantizeRefusal(const RequantizeParams &params);

/// Bytes of the constants of a column.
constexpr int64_t requantizeColumnBytes(bool hasCorrection) { return (hasCorrection ? 3 : 2) * int64_t(sizeof(float)); }

/// The constants of a layer: for each block of `columns`, as many as the sums of a call have, its corrections,
/// multipliers and biases. All have the same length, or `correction` has none; what is behind the last is 0.
std::vector<uint8_t> packRequantize(int columns, std::span<const int32_t> correction, std::span<const float> multiplier,
                                    std::span<const float> bias);

/// Generates `kernel` for `params`, with a buffer that grows from `initialBytes` as needed. Safe from several threads.
MachineCode generate(const RequantizeKernelInfo &kernel, const RequantizeParams &params, size_t initialBytes = 2048);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_REQUANTIZE_H
