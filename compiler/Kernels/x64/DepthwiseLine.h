// The x86-64 generator of depthwise kernels. See Depthwise.h for what the generated functions compute.
#ifndef NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H
#define NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H

#include "compiler/Kernels/Depthwise.h"

namespace nibble::kernels::x64 {

/// The products of kernel.products: with AVX-512 registers and their encoding for Quads, else with AVX2.
Emitted emitDepthwise(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, std::span<uint8_t> buffer);

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_DEPTHWISELINE_H
