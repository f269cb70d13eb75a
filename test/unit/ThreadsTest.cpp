// Compiled code called by several threads at once: models of this process and an object, with 1, 2 and 4 threads each,
// on pools of their own, on one pool for all, and through the callback of a caller; compilations at the same time. The
// preset tsan runs this under ThreadSanitizer.
#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Kernels.h"
#include "test/unit/ExecuteTestNets.h"

#include <nibble/runtime.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <thread>
#include <unistd.h>

using namespace nibble;

namespace {

constexpr int callers = 3, rounds = 8, images = 37;

struct Net {
  Graph frozen;
  Weights weights;
  Array input, expected; ///< The bits of the evaluation of the frozen graph.
};

/// The network of a precision after a few steps on two threads; made once.
const Net &net(const std::string &precision) {
  static std::map<std::string, std::unique_ptr<Net>> cache;
  auto &made = cache[precision];
  if (!made) {
    Graph graph = test::tinyNet(precision);
    Trainer trainer(graph, {.batch = 16, .rate = 0.01f, .seed = 1, .threads = 2});
    for (std::uint64_t i = 0; i < 4; ++i) {
      auto [batch, labels] = test::makeImages(16, 100 + i);
      trainer.step(batch, labels);
    }
    Weights weights = trainer.weights();
    Graph frozen = freeze(graph, weights);
    Array input = test::makeImages(images, 7).images;
    Array expected = Evaluator(frozen, weights, {.batch = 16, .threads = 2}).run(input);
    made = std::make_unique<Net>(Net{frozen, weights, input, expected});
  }
  return *made;
}

/// Calls job(0) .. job(callers - 1), all at once, and gives how many returned false.
int together(const std::function<bool(int)> &job) {
  std::atomic<int> ready = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller)
    threads.emplace_back([&, caller] {
      for (++ready; ready < callers;)
        std::this_thread::yield();
      if (!job(caller))
        ++wrong;
    });
  for (std::thread &thread : threads)
    thread.join();
  return wrong;
}

class ThreadsTest : public testing::TestWithParam<std::string> {};

TEST_P(ThreadsTest, ModelsOfTheirOwnAtOnce) {
  const Net &n = net(GetParam());
  for (int threads : {1, 2, 4}) {
    std::vector<Model> models;
    for (int caller = 0; caller < callers; ++caller)
      models.push_back(compile(n.frozen, n.weights, {.threads = threads, .batch_tile = 8}));
    EXPECT_EQ(together([&](int caller) {
                bool same = true;
                for (int round = 0; round < rounds; ++round)
                  same &= models[static_cast<std::size_t>(caller)].run(n.input) == n.expected;
                return same;
              }),
              0)
        << threads << " threads";
  }
}

TEST_P(ThreadsTest, OneModelForAllCallers) {
  const Net &n = net(GetParam());
  for (int threads : {1, 2, 4}) {
    Model model = compile(n.frozen, n.weights, {.threads = threads});
    EXPECT_EQ(together([&](int) {
                bool same = true;
                for (int round = 0; round < rounds; ++round)
                  same &= model.run(n.input) == n.expected;
                return same;
              }),
              0)
        << threads << " threads";
  }
}

struct Pool {
  explicit Pool(int threads) {
    EXPECT_EQ(nibble_thread_pool_create(threads, &pool), NIBBLE_OK);
    parallel = nibble_thread_pool_parallel(pool);
  }
  ~Pool() { nibble_thread_pool_destroy(pool); }
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;
  nibble_thread_pool *pool = nullptr;
  nibble_parallel parallel{};
};

/// A parallel_for of a caller: a new thread for each range, the last range first, numbers the other way round.
void spawn(void *pool, std::int64_t count, nibble_task task, void *context) {
  const std::int64_t parts = std::min<std::int64_t>(count, *static_cast<const int *>(pool));
  std::vector<std::thread> threads;
  for (std::int64_t part = parts; part-- > 0;)
    threads.emplace_back([=] {
      task(context, count * part / parts, count * (part + 1) / parts, static_cast<std::int32_t>(parts - 1 - part));
    });
  for (std::thread &thread : threads)
    thread.join();
}

/// The object of a network as a shared library of this process.
class Loaded {
public:
  explicit Loaded(const Net &n, const std::string &name)
      : code(compile_to_object(n.frozen, n.weights, "native", {.batch_tile = 8})) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(testing::TempDir()) / ("nibble-threads-" + name + std::to_string(getpid()));
    fs::create_directories(folder);
    code.save(folder.string(), "net");
    const std::string at = folder.string(), link = NIBBLE_TEST_CC " -shared -o " + at + "/net.so " + at + "/net.o";
    EXPECT_EQ(std::system(link.c_str()), 0) << link; // NOLINT(bugprone-command-processor): what a user types
    library = dlopen((at + "/net.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    fs::remove_all(folder);
    EXPECT_NE(library, nullptr) << dlerror();
    if (library)
      entry = reinterpret_cast<Entry *>(dlsym(library, "tiny"));
  }
  ~Loaded() {
    if (library)
      dlclose(library);
  }
  Loaded(const Loaded &) = delete;
  Loaded &operator=(const Loaded &) = delete;

  /// Runs all images with memory of its own, marked with `mark`.
  bool run(const Net &n, const nibble_parallel *parallel, int mark) const {
    const auto bytes = static_cast<std::size_t>(code.arena_bytes(parallel ? parallel->threads : 1)) + 63;
    std::unique_ptr<void, decltype(&std::free)> arena(std::aligned_alloc(64, bytes / 64 * 64), &std::free);
    std::memset(arena.get(), mark, bytes / 64 * 64);
    Array output(ElementType::f32, n.expected.shape());
    std::memset(output.bytes().data(), ~mark, output.byte_size());
    const int status = entry(n.input.span<float>().data(), output.span<float>().data(), images, arena.get(), parallel);
    return status == NIBBLE_OK && output == n.expected;
  }
  explicit operator bool() const { return entry != nullptr; }

private:
  using Entry = std::int32_t(const float *, float *, std::int64_t, void *, const nibble_parallel *);
  ObjectCode code;
  void *library = nullptr;
  Entry *entry = nullptr;
};

TEST_P(ThreadsTest, ObjectOnPoolsAndCallbacks) {
  const Net &n = net(GetParam());
  Loaded object(n, GetParam());
  ASSERT_TRUE(object);
  for (int threads : {1, 2, 4}) {
    Pool shared(threads);
    nibble_parallel spawning{&threads, threads, spawn};
    auto all = [&](const std::function<const nibble_parallel *(const Pool &)> &choose) {
      return together([&](int caller) {
        Pool own(threads);
        bool same = true;
        for (int round = 0; round < rounds; ++round)
          same &= object.run(n, choose(own), 0x5a + caller + round);
        return same;
      });
    };
    EXPECT_EQ(all([](const Pool &own) { return &own.parallel; }), 0) << "own pools of " << threads;
    EXPECT_EQ(all([&](const Pool &) { return &shared.parallel; }), 0) << "one pool of " << threads;
    EXPECT_EQ(all([&](const Pool &) { return &spawning; }), 0) << "a callback with " << threads;
    EXPECT_EQ(all([](const Pool &) { return nullptr; }), 0) << "the calling thread alone";
  }
}

TEST_P(ThreadsTest, CompilationsAtOnceGiveTheSameBytes) {
  const Net &n = net(GetParam());
  const ObjectCode alone = compile_to_object(n.frozen, n.weights, "native");
  EXPECT_EQ(together([&](int) {
              const ObjectCode code = compile_to_object(n.frozen, n.weights, "native");
              return code.object == alone.object && code.header == alone.header;
            }),
            0);
}

INSTANTIATE_TEST_SUITE_P(All, ThreadsTest, testing::Values("float", "w8a8", "w4a4", "w1a1"),
                         [](const auto &info) { return info.param; });

TEST(ThreadsKernels, GeneratedAtOnceAreTheSameBytes) {
  auto everything = [] {
    std::vector<kernels::MachineCode> made;
    for (const kernels::KernelInfo &kernel : kernels::allKernels())
      for (int rows : {1, 3, kernel.maxRows})
        // A buffer that is too small first: the error state of the generator is of its thread.
        made.push_back(generate(kernel, {.rows = rows, .aRowStride = 64, .aOuterStride = 640, .run = 48}, 64));
    for (const kernels::LookupKernelInfo &kernel : kernels::lookupKernels())
      made.push_back(generate(kernel, {.rows = 5, .columns = 64, .channels = 33}, 64));
    return made;
  };
  const std::vector<kernels::MachineCode> alone = everything();
  EXPECT_EQ(together([&](int) {
              bool same = true;
              for (int round = 0; round < 4; ++round) {
                const std::vector<kernels::MachineCode> made = everything();
                for (std::size_t i = 0; i < made.size(); ++i)
                  same &= made[i].bytes == alone[i].bytes && made[i].error == alone[i].error;
              }
              return same;
            }),
            0);
}

} // namespace
