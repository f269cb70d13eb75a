// How a loop is split into ranges: contiguous, as equal as possible, the longer ones first.
#ifndef NIBBLE_RUNTIME_THREAD_SPLIT_H
#define NIBBLE_RUNTIME_THREAD_SPLIT_H

#include <stdint.h>

namespace nibble::runtime {

// First index of range `part` of `parts` over [0, count); part == parts gives count. Does not overflow.
inline int64_t rangeBegin(int64_t count, int32_t parts, int32_t part) {
  int64_t quotient = count / parts, rest = count % parts;
  return quotient * part + (part < rest ? part : rest);
}

} // namespace nibble::runtime

#endif // NIBBLE_RUNTIME_THREAD_SPLIT_H
