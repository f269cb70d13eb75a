// The x86-64 generators of look-up and counting kernels. See Binary.h for what the generated functions compute.
#ifndef NIBBLE_COMPILER_KERNELS_X64_BINARYLOOKUP_H
#define NIBBLE_COMPILER_KERNELS_X64_BINARYLOOKUP_H

#include "compiler/Kernels/Binary.h"

namespace nibble::kernels::x64 {

/// vpshufb + vpaddb: four bits of the weights of 32 columns select from the 16 sums that belong to four bits of a.
Emitted emitLookup(const LookupKernelInfo &kernel, const LookupParams &params, std::span<uint8_t> buffer);

/// vpxord (vpternlogd of ternary values) + vpopcntd + vpaddd on words of 16 columns.
Emitted emitCount(const LookupKernelInfo &kernel, const LookupParams &params, std::span<uint8_t> buffer);

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_BINARYLOOKUP_H
