// Numbers as people read them.
#pragma once
#include <cstdint>
#include <string>

namespace nibble {

/// 12,345
std::string grouped(std::int64_t n);

/// "12.3 us", three digits.
std::string duration(double nanoseconds);

/// With so many digits behind the point.
std::string fixed(double value, int digits);

} // namespace nibble
