// The default thread pool: one mailbox per worker, a short active wait, then a condition variable.
//
// A loop writes its description, then raises the ticket in the mailbox of each worker that takes part; the last one to
// finish wakes the caller. Workers that do not take part read nothing, so a slow one can never see a half-written loop.
// Lost wake-ups are impossible because each side publishes first (ticket or `asleep`, sequentially consistent), looks
// at the other's flag second, and signals under the mutex that the sleeper holds from its last look until it waits.
#include "runtime/thread/split.h"

#include <nibble/runtime.h>

#include <atomic>
#include <cfenv>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <time.h>

namespace {

constexpr int64_t spinNanoseconds = 20'000;
constexpr int64_t moveNanoseconds = 10'000'000;
constexpr int32_t maxThreads = 1024;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

int64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * int64_t{1'000'000'000} + t.tv_nsec;
}

int32_t currentCpu() {
#ifdef __linux__
  return sched_getcpu();
#else
  return -1;
#endif
}

// Takes the calling thread off `cpu`, if it may run elsewhere. A worker that was started or woken on the caller's
// processor may be left there for seconds: it sleeps too often for the scheduler to see two busy threads.
void leave([[maybe_unused]] int32_t cpu) {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2)
    return;
  cpu_set_t others = allowed;
  CPU_CLR(cpu, &others);
  if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0)
    sched_setaffinity(0, sizeof allowed, &allowed);
#endif
}

// Something that one thread waits for.
class Signal {
public:
  // Waits until ready() holds: actively for a moment, then asleep. ready() must be a sequentially consistent load.
  template <typename Ready>
  void wait(Ready ready) {
    for (int64_t end = 0;;) {
      for (int i = 0; i < 64; ++i) {
        if (ready())
          return;
        relax();
      }
      // The scheduler may have put the thread that we wait for on this very CPU: let it run at once.
      sched_yield();
      int64_t time = now();
      if (end == 0)
        end = time + spinNanoseconds;
      else if (time >= end)
        break;
    }
    pthread_mutex_lock(&mutex);
    asleep.store(true);
    while (!ready())
      pthread_cond_wait(&condition, &mutex);
    asleep.store(false);
    pthread_mutex_unlock(&mutex);
  }

  // Wakes the waiter; what it waits for has been stored before, sequentially consistent.
  void notify() {
    if (!asleep.load())
      return;
    pthread_mutex_lock(&mutex);
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
  }

  ~Signal() {
    pthread_cond_destroy(&condition);
    pthread_mutex_destroy(&mutex);
  }

private:
  std::atomic<bool> asleep{false};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
};

struct alignas(128) Worker {
  std::atomic<uint32_t> ticket{0};
  Signal wake;
  nibble_thread_pool *pool = nullptr;
  int32_t thread = 0;
  pthread_t handle{};
};

} // namespace

struct nibble_thread_pool {
  // The loop that runs now; written by its caller while no worker reads it.
  nibble_task task = nullptr;
  void *context = nullptr;
  int64_t count = 0;
  int32_t parts = 0;
  int32_t cpu = -1; // of the caller

  int32_t threads = 1;
  int32_t started = 0; // workers whose thread exists
  std::atomic<bool> stopping{false};
  Worker *workers = nullptr; // threads - 1 of them
  alignas(128) std::atomic<bool> busy{false};
  alignas(128) std::atomic<int32_t> pending{0};
  Signal done;
};

using nibble::runtime::rangeBegin;

static void runPart(const nibble_thread_pool &pool, int32_t part) {
  pool.task(pool.context, rangeBegin(pool.count, pool.parts, part), rangeBegin(pool.count, pool.parts, part + 1), part);
}

static void *workerMain(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  nibble_thread_pool &pool = *worker.pool;
  std::fesetenv(FE_DFL_ENV); // a thread inherits its creator's rounding mode
  int64_t moved = now() - moveNanoseconds;
  for (uint32_t seen = 0;; ++seen) {
    worker.wake.wait([&] { return worker.ticket.load() != seen; });
    if (pool.stopping.load())
      return nullptr;
    // Where there are more threads than processors it helps nothing, so it must not cost much.
    if (const int32_t cpu = currentCpu(); cpu >= 0 && cpu == pool.cpu && now() - moved >= moveNanoseconds) {
      leave(cpu);
      moved = now();
    }
    runPart(pool, worker.thread);
    if (pool.pending.fetch_sub(1) == 1)
      pool.done.notify();
  }
}

static void parallelFor(void *opaque, int64_t count, nibble_task task, void *context) {
  if (count <= 0)
    return;
  if (!opaque)
    return task(context, 0, count, 0);
  auto &pool = *static_cast<nibble_thread_pool *>(opaque);
  auto parts = static_cast<int32_t>(count < pool.threads ? count : pool.threads);
  // A busy pool belongs to another caller or to the task that we are in: waiting could be for ever.
  if (parts == 1 || pool.busy.exchange(true, std::memory_order_acquire))
    return task(context, 0, count, 0);
  pool.task = task;
  pool.context = context;
  pool.count = count;
  pool.parts = parts;
  pool.cpu = currentCpu();
  pool.pending.store(parts - 1);
  for (int32_t i = 0; i < parts - 1; ++i) {
    pool.workers[i].ticket.fetch_add(1);
    pool.workers[i].wake.notify();
  }
  runPart(pool, 0);
  pool.done.wait([&] { return pool.pending.load() == 0; });
  pool.busy.store(false, std::memory_order_release);
}

int32_t nibble_thread_pool_create(int32_t threads, nibble_thread_pool **result) {
  if (!result)
    return NIBBLE_INVALID_ARGUMENT;
  *result = nullptr;
  if (threads < 1 || threads > maxThreads)
    return NIBBLE_INVALID_ARGUMENT;
  auto *pool = new (std::nothrow) nibble_thread_pool;
  if (!pool)
    return NIBBLE_OUT_OF_MEMORY;
  pool->threads = threads;
  pool->workers = new (std::nothrow) Worker[threads - 1];
  if (!pool->workers) {
    delete pool;
    return NIBBLE_OUT_OF_MEMORY;
  }
  for (int32_t i = 0; i < threads - 1; ++i) {
    Worker &worker = pool->workers[i];
    worker.pool = pool;
    worker.thread = i + 1;
    if (pthread_create(&worker.handle, nullptr, workerMain, &worker) != 0) {
      nibble_thread_pool_destroy(pool);
      return NIBBLE_SYSTEM_ERROR;
    }
    ++pool->started;
  }
  *result = pool;
  return NIBBLE_OK;
}

void nibble_thread_pool_destroy(nibble_thread_pool *pool) {
  if (!pool)
    return;
  pool->stopping.store(true);
  for (int32_t i = 0; i < pool->started; ++i) {
    pool->workers[i].ticket.fetch_add(1);
    pool->workers[i].wake.notify();
  }
  for (int32_t i = 0; i < pool->started; ++i)
    pthread_join(pool->workers[i].handle, nullptr);
  delete[] pool->workers;
  delete pool;
}

nibble_parallel nibble_thread_pool_parallel(nibble_thread_pool *pool) {
  return {pool, pool ? pool->threads : 1, parallelFor};
}
