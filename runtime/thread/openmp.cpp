// parallel_for on an OpenMP team.
#include "runtime/thread/split.h"

#include <nibble/openmp.h>

#include <cfenv>
#include <omp.h>

namespace {

void parallelFor(void *pool, int64_t count, nibble_task task, void *context) {
  if (count <= 0)
    return;
  auto threads = static_cast<int32_t>(reinterpret_cast<intptr_t>(pool));
  auto parts = static_cast<int32_t>(count < threads ? count : threads);
  if (parts == 1)
    return task(context, 0, count, 0);
#pragma omp parallel num_threads(parts)
  {
    // The team may be smaller than asked for, so the split follows its real size.
    int32_t team = omp_get_num_threads(), thread = omp_get_thread_num();
    if (thread != 0)
      std::fesetenv(FE_DFL_ENV);
    task(context, nibble::runtime::rangeBegin(count, team, thread),
         nibble::runtime::rangeBegin(count, team, thread + 1), thread);
  }
}

} // namespace

nibble_parallel nibble_openmp(int32_t threads) {
  if (threads < 1)
    threads = 1;
  // The handle is the number of threads itself, never dereferenced. NOLINTNEXTLINE(performance-no-int-to-ptr)
  return {reinterpret_cast<void *>(static_cast<intptr_t>(threads)), threads, parallelFor};
}
