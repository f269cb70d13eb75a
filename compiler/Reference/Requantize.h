// Rules R6 and R8: from an accumulator to the next value.
#pragma once
#include "compiler/Reference/Quantize.h"
#include "compiler/Support/Result.h"

#include <cstdint>

namespace nibble::reference {

/// R8.1: fma(f32(acc), M, B).
float scaleAccumulator(int64_t acc, float multiplier, float offset);

/// R8.2: fma(residual, R, fma(f32(acc), M, B)); the residual is an f32 value or the exact f32 of q - z.
float scaleAccumulator(int64_t acc, float multiplier, float offset, float residual, float residualMultiplier);

/// R8.3: clamp(roundHalfEven(v), lo, hi) as an integer; lo <= hi lie on the grid.
int32_t toGrid(float v, Grid bounds);

/// R8.4: clamp(sign(v), lo, hi); the bounds are -1 or +1 and differ from {-1, +1} only behind a clip that decides the
/// sign.
int32_t toSign(float v, Grid bounds = {-1, 1});

/// R8.1 then R8.3: the quantised form.
int32_t requantize(int64_t acc, float multiplier, float offset, Grid bounds);

/// R6.2: a multiplier mantissa * 2^(shift - 31), |mantissa| in [2^30, 2^31) or 0.
struct FixedMultiplier {
  int32_t mantissa = 0;
  int32_t shift = 0;
};

/// R6.2: the nearest fixed multiplier (mantissa rounded half away from zero). Fails unless |multiplier| < 2^30 and it
/// is finite.
Result<FixedMultiplier> fixedMultiplier(double multiplier);

/// R6.3: clamp(((acc * mantissa + 2^(30 - shift)) >> (31 - shift)) + z, lo, hi): halves towards +inf.
int32_t requantizeFixed(int32_t acc, FixedMultiplier multiplier, int32_t zeroPoint, Grid bounds);

} // namespace nibble::reference
