// The x86-64 generator of depthwise kernels. See Depthwise.h for what the generated functions compute.
#ifndef NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H
#define NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H

#include "compiler/Kernels/Depthwise.h"

namespace nibble::kernels::x64 {

/// The products of kernel.products with 16 registers: AVX2, and AVX-VNNI for Quads.
Emitted emitDepthwise(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, std::span<uint8_t> buffer);
/// Quads with 32 registers: AVX-512 VNNI and VL.
Emitted emitDepthwise512(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, std::span<uint8_t> buffer);
/// The code of emitDepthwise for Quads with the other encoding of vpdpbusd, of AVX-512 VNNI and VL: tests run it where
/// a CPU has that one only.
Emitted emitDepthwise256Evex(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params,
                             std::span<uint8_t> buffer);

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H
