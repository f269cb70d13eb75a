// Numbers as people read them.
#pragma once
#include <cstdint>
#include <string>

namespace nibble {

/// 12,345
std::string grouped(std::int64_t n);

/// With so many digits behind the point.
std::string fixed(double value, int digits);

} // namespace nibble
