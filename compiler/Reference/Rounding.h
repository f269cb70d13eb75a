// Rounding, clamping and fused multiply-add: the primitives of rules R1, R8 and R9.
#pragma once

namespace nibble::reference {

/// R1.1: the nearest integer, a tie to the even one. Keeps NaN, infinities and the sign of zero (IEEE
/// roundToIntegralTiesToEven).
float roundHalfEven(float x);
double roundHalfEven(double x);

/// R1.1: the form that emitted code uses, (x + 1.5 * 2^23) - 1.5 * 2^23. Equal in value to roundHalfEven(x) for |x| <=
/// 2^22.
float roundByMagicConstant(float x);

/// R9.6: v = x > lo ? x : lo, then v < hi ? v : hi. A NaN gives lo.
float clampFloat(float x, float lo, float hi);

/// R9.6: x > 0 ? x : +0. A NaN and -0 give +0.
float relu(float x);

/// R9.1: a * b + c rounded once, computed with f64 operations only, for targets without fma. Equals std::fma in every
/// bit but those of a NaN.
float softwareFma(float a, float b, float c);

} // namespace nibble::reference
