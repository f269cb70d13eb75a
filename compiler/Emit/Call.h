// How compiled entries are called: the C ABI of runtime/include/nibble/runtime.h.
#ifndef NIBBLE_COMPILER_EMIT_CALL_H
#define NIBBLE_COMPILER_EMIT_CALL_H

#include <cstdint>

// The compiler does without the runtime, so it declares these two like the headers that it generates: where both are
// included, the first declaration counts.
#ifndef NIBBLE_PARALLEL
#define NIBBLE_PARALLEL
using nibble_task = void (*)(void *context, int64_t begin, int64_t end, int32_t thread);
struct nibble_parallel {
  void *pool;
  int32_t threads; ///< At least 1.
  void (*parallel_for)(void *pool, int64_t count, nibble_task task, void *context);
};
#endif

namespace nibble {

/// NAME_packed of a model, for any batch; gives a nibble_status.
using ModelFunction = int32_t(void *const *arguments, int64_t batch, void *arena, const nibble_parallel *parallel);
/// NAME of a training step, whose batch is fixed.
using StepFunction = int32_t(void *const *arguments, void *arena, const nibble_parallel *parallel);

} // namespace nibble

#endif
