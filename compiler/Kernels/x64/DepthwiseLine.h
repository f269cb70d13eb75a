// The x86-64 generators of depthwise kernels. See Depthwise.h for what the generated functions compute.
#ifndef NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H
#define NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H

#include "compiler/Kernels/Depthwise.h"

namespace nibble::kernels::x64 {

/// vpdpbusd with AVX-512 registers: four taps of a channel at a time.
Emitted emitDepthwiseQuads(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, std::span<uint8_t> buffer);

/// vpmaddwd of AVX2: two taps of a channel, widened to 16 bits.
Emitted emitDepthwisePairs(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, std::span<uint8_t> buffer);

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H
