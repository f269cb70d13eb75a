// Microkernels: the list of them, and the machine code of one for a given shape.
//
// A kernel is a function of the System V x86-64 ABI,
//
//   void kernel(const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer);
//
// that computes, for m < rows and n < 16,
//
//   acc[m * 16 + n] = sum over o < outer, k < run of a[m * aRowStride + o * aOuterStride + k] * w[o][k][n]
//
// and overwrites acc (outer <= 0 gives zeros). The sum wraps modulo 2^32: it is exact whenever the final value fits,
// which rule R5 of docs/spec.md has proved beforehand. b holds w as [outer][ceil(run / 4)][16][4], contiguous: byte
// ((o * ceil(run / 4) + k / 4) * 16 + n) * 4 + k % 4, with zeros where k >= run. No operand needs any alignment.
//
// A kernel reads only the named bytes of a (nothing between two runs, nothing behind the last), writes only the
// rows * 16 words of acc, keeps the callee-saved registers and mxcsr, clears the upper vector halves, uses no stack,
// and neither allocates nor calls anything. Its code is position independent; align the function to 64 bytes for speed.
#ifndef NIBBLE_COMPILER_KERNELS_KERNELS_H
#define NIBBLE_COMPILER_KERNELS_KERNELS_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nibble::kernels {

using DotFn = void (*)(const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer);

inline constexpr int dotMaxRows = 6;
inline constexpr int dotColumns = 16;
inline constexpr int dotGroup = 4; ///< k values that lie together in b.

/// What is baked into the code of a dot kernel. Strides are in bytes and may be any number, negative ones included.
struct DotParams {
  int rows = dotMaxRows;    ///< Rows of a and acc, 1..6.
  int64_t aRowStride = 0;   ///< From a row to the next; unused with one row.
  int64_t aOuterStride = 0; ///< From a run to the next of the same row.
  int64_t run = 0;          ///< Contiguous k values per outer step, >= 1.
};

/// Bytes of b for `outer` steps of `run` values and one tile of 16 columns.
constexpr int64_t packedBytes(int64_t outer, int64_t run) {
  return outer * ((run + dotGroup - 1) / dotGroup) * dotColumns * dotGroup;
}

/// What one run of a generator reports. Exactly one holds: size > 0, tooSmall, or an error message.
struct Emitted {
  size_t size = 0;       ///< Bytes written at the start of the buffer.
  bool tooSmall = false; ///< The buffer's content is worthless; try again with a larger one.
  std::string error;
};

/// Writes the code into `buffer`. The bytes do not depend on the buffer's address or earlier content.
using GenerateFn = Emitted (*)(const DotParams &params, std::span<uint8_t> buffer);

/// Whether a kernel needs the proof that no adjacent pair of products exceeds 16 bits (pairSaturates in Select.h).
enum class PairRule { MustNotSaturate, AnyWeights };

struct KernelInfo {
  std::string_view name;
  std::string_view features; ///< Separated by commas.
  PairRule pairRule;
  GenerateFn emit;
};

/// All kernels, fastest first.
std::span<const KernelInfo> allKernels();

/// The kernel of that name, or null.
const KernelInfo *findKernel(std::string_view name);

/// Code, or the reason why there is none.
struct MachineCode {
  std::vector<uint8_t> bytes;
  std::string error;
  explicit operator bool() const { return error.empty(); }
};

/// Generates `kernel` for `params`, with a buffer that grows from `initialBytes` as needed. Safe from several threads.
MachineCode generate(const KernelInfo &kernel, const DotParams &params, size_t initialBytes = 8192);

/// The assembler text (`.byte` lines) that stands for `bytes`: the body of a naked function in LLVM's inline assembly.
std::string bytesToAsm(std::span<const uint8_t> bytes);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_KERNELS_H
