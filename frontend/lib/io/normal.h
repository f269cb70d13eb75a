// The quantile function of the normal distribution, the same bits everywhere.
#ifndef NIBBLE_IO_NORMAL_H
#define NIBBLE_IO_NORMAL_H

namespace nibble::io {

// The natural logarithm of a positive normal double, from + - * / only; relative error below 1e-15.
double portableLog(double x);

// z with P(Z < z) = p, for 0 < p < 1; relative error about 1e-15. normalQuantile(1 - p) == -normalQuantile(p) where 1 -
// p is exact.
double normalQuantile(double p);

} // namespace nibble::io

#endif // NIBBLE_IO_NORMAL_H
