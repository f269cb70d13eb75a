// parallel_for of both adaptors: coverage, thread numbers, nesting, several callers, the floating-point environment,
// stress.
#include <nibble/openmp.h>
#include <nibble/runtime.h>

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <gtest/gtest.h>
#include <mutex>
#include <sched.h>
#include <thread>

namespace {

struct Range {
  int64_t begin, end;
  int32_t thread;
};

// Runs one loop and returns its ranges in order of their begin.
std::vector<Range> ranges(const nibble_parallel &parallel, int64_t count) {
  struct Context {
    std::mutex mutex;
    std::vector<Range> ranges;
  } context;
  parallel.parallel_for(
      parallel.pool, count,
      [](void *opaque, int64_t begin, int64_t end, int32_t thread) {
        auto &c = *static_cast<Context *>(opaque);
        std::lock_guard lock(c.mutex);
        c.ranges.push_back({begin, end, thread});
      },
      &context);
  std::sort(context.ranges.begin(), context.ranges.end(), [](Range a, Range b) { return a.begin < b.begin; });
  return context.ranges;
}

void checkContract(const nibble_parallel &parallel, int32_t threads) {
  EXPECT_EQ(parallel.threads, threads);
  for (int64_t count : {-5, 0, 1, 2, 3, 4, 5, 7, 100, 1001}) {
    std::vector<Range> r = ranges(parallel, count);
    if (count <= 0) {
      EXPECT_TRUE(r.empty());
      continue;
    }
    ASSERT_LE(r.size(), static_cast<size_t>(threads));
    int64_t next = 0;
    std::vector<bool> used(static_cast<size_t>(threads));
    for (const Range &x : r) {
      EXPECT_EQ(x.begin, next);
      EXPECT_LT(x.begin, x.end);
      next = x.end;
      ASSERT_TRUE(x.thread >= 0 && x.thread < threads);
      EXPECT_FALSE(used[static_cast<size_t>(x.thread)]) << "thread number used twice";
      used[static_cast<size_t>(x.thread)] = true;
      EXPECT_LE(x.end - x.begin, count / static_cast<int64_t>(r.size()) + 1) << "ranges should be equal";
    }
    EXPECT_EQ(next, count);
  }
}

// The largest counts must not overflow.
void checkHugeCount(const nibble_parallel &parallel) {
  std::vector<Range> r = ranges(parallel, INT64_MAX);
  EXPECT_EQ(r.front().begin, 0);
  EXPECT_EQ(r.back().end, INT64_MAX);
}

struct Pool {
  nibble_thread_pool *pool = nullptr;
  nibble_parallel parallel{};
  explicit Pool(int32_t threads) {
    EXPECT_EQ(nibble_thread_pool_create(threads, &pool), NIBBLE_OK);
    parallel = nibble_thread_pool_parallel(pool);
  }
  ~Pool() { nibble_thread_pool_destroy(pool); }
};

TEST(ThreadPool, contract) {
  for (int32_t threads : {1, 2, 3, 4, 9}) {
    Pool pool(threads);
    checkContract(pool.parallel, threads);
    checkHugeCount(pool.parallel);
    if (threads <= 4)
      EXPECT_EQ(ranges(pool.parallel, 100).size(), static_cast<size_t>(threads)) << "an idle pool uses all its threads";
  }
}

TEST(ThreadPool, arguments) {
  nibble_thread_pool *pool = reinterpret_cast<nibble_thread_pool *>(8);
  EXPECT_EQ(nibble_thread_pool_create(0, &pool), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(pool, nullptr);
  EXPECT_EQ(nibble_thread_pool_create(-1, &pool), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(nibble_thread_pool_create(1 << 20, &pool), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(nibble_thread_pool_create(2, nullptr), NIBBLE_INVALID_ARGUMENT);
  nibble_thread_pool_destroy(nullptr);
  checkContract(nibble_thread_pool_parallel(nullptr), 1);
}

TEST(ThreadPool, createAndDestroyAtOnce) {
  for (int i = 0; i < 200; ++i)
    Pool pool(1 + i % 4);
}

// Plain memory written by the tasks is read by the caller and by the tasks of the next loop: a race would show under
// TSan, and a lost or repeated range in the values.
void stress(const nibble_parallel &parallel, int loops) {
  struct Context {
    std::vector<int64_t> values;
  } context{std::vector<int64_t>(64)};
  for (int loop = 0; loop < loops; ++loop) {
    int64_t count = 1 + loop % 64;
    parallel.parallel_for(
        parallel.pool, count,
        [](void *opaque, int64_t begin, int64_t end, int32_t) {
          auto &values = static_cast<Context *>(opaque)->values;
          for (int64_t i = begin; i < end; ++i)
            values[static_cast<size_t>(i)] += i + 1;
        },
        &context);
    if (loop % 1000 == 999) // lets the workers fall asleep
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  for (int64_t i = 0; i < 64; ++i) {
    int64_t times = 0;
    for (int loop = 0; loop < loops; ++loop)
      times += i < 1 + loop % 64;
    ASSERT_EQ(context.values[static_cast<size_t>(i)], times * (i + 1));
  }
}

TEST(ThreadPool, stress) {
  for (int32_t threads : {1, 2, 3, 4}) {
    Pool pool(threads);
    stress(pool.parallel, 6000);
  }
}

TEST(ThreadPool, severalCallers) {
  Pool pool(3);
  std::vector<std::thread> callers;
  callers.reserve(3);
  for (int i = 0; i < 3; ++i)
    callers.emplace_back([&] { stress(pool.parallel, 2000); });
  for (std::thread &t : callers)
    t.join();
}

TEST(ThreadPool, nestedLoops) {
  Pool pool(4);
  struct Context {
    nibble_parallel parallel;
    std::atomic<int64_t> sum{0};
  } context{pool.parallel};
  pool.parallel.parallel_for(
      pool.parallel.pool, 10,
      [](void *opaque, int64_t begin, int64_t end, int32_t) {
        auto &c = *static_cast<Context *>(opaque);
        for (int64_t i = begin; i < end; ++i)
          c.parallel.parallel_for(
              c.parallel.pool, 10,
              [](void *inner, int64_t b, int64_t e, int32_t thread) {
                EXPECT_EQ(thread, 0);
                static_cast<Context *>(inner)->sum += e - b;
              },
              opaque);
      },
      &context);
  EXPECT_EQ(context.sum, 100);
}

TEST(ThreadPool, workersRoundToNearest) {
  int before = std::fegetround();
  std::fesetround(FE_UPWARD);
  Pool pool(3);
  std::atomic<int> wrong{0};
  pool.parallel.parallel_for(
      pool.parallel.pool, 3,
      [](void *opaque, int64_t, int64_t, int32_t thread) {
        if (thread != 0 && std::fegetround() != FE_TONEAREST)
          ++*static_cast<std::atomic<int> *>(opaque);
      },
      &wrong);
  std::fesetround(before);
  EXPECT_EQ(wrong, 0);
}

#ifdef __linux__
// Whoever calls on the processor of a worker gets it to go, and leaves its affinity as it was.
TEST(ThreadPool, workersLeaveTheirCaller) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  if (CPU_COUNT(&allowed) < 2)
    GTEST_SKIP() << "one CPU";
  Pool pool(2);
  struct Seen {
    int cpu[2];
    cpu_set_t workers;
  } seen;
  const auto look = [&] {
    pool.parallel.parallel_for(
        pool.parallel.pool, 2,
        [](void *opaque, int64_t, int64_t, int32_t thread) {
          Seen &seen = *static_cast<Seen *>(opaque);
          seen.cpu[thread] = sched_getcpu();
          if (thread == 1)
            sched_getaffinity(0, sizeof seen.workers, &seen.workers);
          const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
          while (std::chrono::steady_clock::now() < end) {
          }
        },
        &seen);
  };
  look();
  for (int round = 0; round < 5; ++round) {
    cpu_set_t there;
    CPU_ZERO(&there);
    CPU_SET(seen.cpu[1], &there);
    ASSERT_EQ(sched_setaffinity(0, sizeof there, &there), 0);
    // Other programs may chase it back, hence some patience.
    int loops = 0;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      look();
    } while (seen.cpu[0] == seen.cpu[1] && ++loops < 300);
    EXPECT_NE(seen.cpu[0], seen.cpu[1]) << "in round " << round;
    EXPECT_TRUE(CPU_EQUAL(&seen.workers, &allowed));
    ASSERT_EQ(sched_setaffinity(0, sizeof allowed, &allowed), 0);
  }
}
#endif

// The time of an empty loop is printed, not judged: a busy test machine may be arbitrarily slow.
TEST(ThreadPool, latency) {
  if (nibble_cpu_count() < 2)
    GTEST_SKIP() << "one CPU";
  Pool pool(2);
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i)
      pool.parallel.parallel_for(pool.parallel.pool, 2, [](void *, int64_t, int64_t, int32_t) {}, nullptr);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() * 1e3);
  }
  std::printf("an empty loop on 2 threads: %.2f microseconds\n", best);
  RecordProperty("microseconds", std::to_string(best));
}

// Idle workers must not use the CPU.
TEST(ThreadPool, idleWorkersSleep) {
  Pool pool(4);
  ranges(pool.parallel, 4);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::clock_t before = std::clock(); // of all threads of the process
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 0.1);
}

#ifdef NIBBLE_TEST_OPENMP
TEST(OpenMP, contract) {
  for (int32_t threads : {1, 2, 3, 4}) {
    checkContract(nibble_openmp(threads), threads);
    checkHugeCount(nibble_openmp(threads));
  }
  checkContract(nibble_openmp(-3), 1);
}

TEST(OpenMP, stress) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the OpenMP run-time library is not instrumented";
#endif
#endif
  for (int32_t threads : {1, 2, 4})
    stress(nibble_openmp(threads), 2000);
}
#else
TEST(OpenMP, contract) { GTEST_SKIP() << "built without OpenMP"; }
#endif

} // namespace
