// Bitwise comparison of an output with what was expected.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_COMPARE_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_COMPARE_H

#include <nibble/array.h>
#include <string>

namespace nibble::tools {

/// Empty if equal, else what is different:
///   "3 of 30 values differ; first at [1, 2]: 0x3f800000 (1), expected 0x3f800001 (1.00000012)"
/// Any NaN equals any other (rule R9.10).
std::string differenceOf(const Array &actual, const Array &expected);

} // namespace nibble::tools

#endif
