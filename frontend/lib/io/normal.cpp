// Wichura's PPND16 (Algorithm AS 241, Applied Statistics 37(3), 1988) without libm: sqrt is exact in IEEE 754, and the
// logarithm is our own. Multiplications and additions are not fused (-ffp-contract=off).
#include "frontend/lib/io/normal.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace nibble::io {

double portableLog(double x) {
  // x = m * 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.1716.
  auto bits = std::bit_cast<std::uint64_t>(x);
  auto e = static_cast<int>(bits >> 52) - 1022;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffff) | 0x3fe0000000000000); // [1/2, 1)
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    --e;
  }
  double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
  for (int k = 21; k >= 3; k -= 2) // s^2k / (2k + 1): the next term is below 2^-56
    sum = (sum + 1.0 / k) * s2;
  double ln2High = 0x1.62e42fefa38p-1, ln2Low = 0x1.ef35793c7673p-45;
  return e * ln2High + (e * ln2Low + 2 * s * sum + 2 * s);
}

template <std::size_t N>
static double horner(const double (&coefficients)[N], double x) {
  double value = 0;
  for (double c : coefficients)
    value = value * x + c;
  return value;
}

// Numerators and denominators, highest power first, for |p - 1/2| <= 0.425, then for r = sqrt(-log p) up to 5 and
// above.
static constexpr double a[] = {2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
                               4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
                               1.3314166789178437745e2, 3.3871328727963666080e0};
static constexpr double b[] = {
    5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
    5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0};
static constexpr double c[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                               1.27045825245236838258e0,  3.64784832476320460504e0,  5.76949722146069140550e0,
                               4.63033784615654529590e0,  1.42343711074968357734e0};
static constexpr double d[] = {
    1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
    6.89767334985100004550e-1, 1.67638483018380384940e0,  2.05319162663775882187e0,  1.0};
static constexpr double f[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                               2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
                               5.46378491116411436990e0,  6.65790464350110377720e0};
static constexpr double g[] = {
    2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
    1.48753612908506148525e-2,  1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0};

double normalQuantile(double p) {
  double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    double r = 0.180625 - q * q;
    return q * horner(a, r) / horner(b, r);
  }
  double r = std::sqrt(-portableLog(q < 0 ? p : 1 - p));
  double z = r <= 5 ? horner(c, r - 1.6) / horner(d, r - 1.6) : horner(f, r - 5) / horner(g, r - 5);
  return q < 0 ? -z : z;
}

} // namespace nibble::io
