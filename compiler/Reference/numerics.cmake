# The scalar rules of docs/spec.md: plain C++, no MLIR.
nibble_plain_library(nibble_numerics
  Accumulator.cpp
  Freeze.cpp
  Functions.cpp
  Quantize.cpp
  Reduce.cpp
  Requantize.cpp
  Rounding.cpp
  Thresholds.cpp)
