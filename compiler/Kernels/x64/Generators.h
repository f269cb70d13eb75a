// The x86-64 generators that the manifest names. See Kernels.h for what the generated functions compute.
#ifndef NIBBLE_COMPILER_KERNELS_X64_GENERATORS_H
#define NIBBLE_COMPILER_KERNELS_X64_GENERATORS_H

#include "compiler/Kernels/Listed.h"
#include "compiler/Kernels/Requantize.h"

namespace nibble::kernels::x64 {

/// vpmaddubsw + vpmaddwd + vpaddd: right only if no pair a[k] * w[k] + a[k + 1] * w[k + 1], k even in b, leaves 16
/// bits.
Emitted emitDotU8S8Pairs(const DotParams &params, std::span<uint8_t> buffer);

/// Both operands widened to 16 bits, then vpmaddwd + vpaddd: exact for all weights and activations.
Emitted emitDotU8S8Exact(const DotParams &params, std::span<uint8_t> buffer);

/// vpmaddubsw + vpaddw over windows of groups, then vpmaddwd + vpaddd to acc: right only if no window leaves 16 bits.
/// Weights of 4, 2 or 1 bits are unpacked by vpshufb, once for all rows.
Emitted emitDotU8S8Windows(const DotParams &params, std::span<uint8_t> buffer);
Emitted emitDotU8S4(const DotParams &params, std::span<uint8_t> buffer);
Emitted emitDotU8S2(const DotParams &params, std::span<uint8_t> buffer);
Emitted emitDotU8S1(const DotParams &params, std::span<uint8_t> buffer);

/// The same with vectors of 16 columns and 32 registers, for AVX-512 BW; bits: 8, 4, 2, 1.
template <int bits>
Emitted emitDotWindows512(const DotParams &params, std::span<uint8_t> buffer);

/// Listed.h: windows of groups that were put together so that no 16-bit sum overflows; exact for all weights.
Emitted emitListed(const ListedKernelInfo &kernel, const ListedParams &params, std::span<uint8_t> buffer);

/// vpdpbusd: four products a column, added to 32 bits at once; exact for all weights and activations. bits: 8, 4, 2, 1.
template <int bits> ///< AVX-512 VNNI and BW: vectors of 16 columns, 32 registers.
Emitted emitDotVnni512(const DotParams &params, std::span<uint8_t> buffer);
template <int bits> ///< AVX-VNNI: vectors of 8 columns, 16 registers.
Emitted emitDotVnni256(const DotParams &params, std::span<uint8_t> buffer);
/// The code of emitDotVnni256 with the other encoding of vpdpbusd, of AVX-512 VNNI and VL: tests run it where a CPU has
/// that one only.
template <int bits>
Emitted emitDotVnni256Evex(const DotParams &params, std::span<uint8_t> buffer);

/// Requantize.h: bytes of the sums of another kernel, with AVX2 and FMA.
Emitted emitRequantizeBytes(const RequantizeParams &params, std::span<uint8_t> buffer);

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_GENERATORS_H
