// Memory of the JIT: no page is ever writable and executable at once, neither while code is linked nor while it exists.
#include "test/unit/EmitTestSupport.h"
#include <atomic>
#include <fstream>
#include <sstream>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define NIBBLE_TEST_SANITIZED
#endif
#endif

namespace {

/// What was asked of the system, as far as it concerns code.
std::atomic<int> madeExecutable{0}, madeBoth{0};

void note(int protection) {
  if (!(protection & PROT_EXEC))
    return;
  ++madeExecutable;
  if (protection & PROT_WRITE)
    ++madeBoth;
}

} // namespace

#ifndef NIBBLE_TEST_SANITIZED // sanitizers have functions of these names themselves
// These stand before those of the C library, also for the library that has the JIT.
extern "C" void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
  note(protection);
  // What the system call returns is an address, or -1 as MAP_FAILED is. NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<void *>(syscall(SYS_mmap, address, bytes, protection, flags, file, offset));
}
extern "C" int mprotect(void *address, size_t bytes, int protection) noexcept {
  note(protection);
  return static_cast<int>(syscall(SYS_mprotect, address, bytes, protection));
}
#endif

namespace nibble::test {
namespace {

/// Lines of /proc/self/maps that are writable and executable; of the mapping with `address`, its protection.
struct Maps {
  std::vector<std::string> both;
  std::string protection;
};

Maps readMaps(const void *address = nullptr) {
  Maps maps;
  std::ifstream stream("/proc/self/maps");
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line); // "7f00-7fff r-xp ..."
    uint64_t begin = 0, end = 0;
    char dash = 0;
    std::string protection;
    if (!(words >> std::hex >> begin >> dash >> end >> protection) || protection.size() != 4)
      continue;
    if (protection[1] == 'w' && protection[2] == 'x')
      maps.both.push_back(line);
    if (const auto at = reinterpret_cast<uint64_t>(address); at >= begin && at < end)
      maps.protection = protection;
  }
  return maps;
}

class EmitJitMemory : public testing::Test {
protected:
  void SetUp() override {
    if (!std::ifstream("/proc/self/maps"))
      GTEST_SKIP() << "this system has no /proc/self/maps";
    auto native = Target::parse("native");
    ASSERT_TRUE(native);
    Lowered lowered = lower(twoRegions(), *native);
    ASSERT_TRUE(lowered) << lowered.diagnostics;
    auto made = emitObject(*lowered.module, *native, {});
    ASSERT_TRUE(made) << made.error();
    object = *made;
  }
  std::string object;
};

// The other tests can fail.
TEST(EmitJitMemoryItself, SeesWritableCode) {
  const int before = madeBoth;
  void *page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    GTEST_SKIP() << "this system refuses such pages itself";
  const Maps maps = readMaps(page);
  munmap(page, 4096);
  EXPECT_EQ(maps.both.size(), 1u);
  EXPECT_EQ(maps.protection, "rwxp");
#ifndef NIBBLE_TEST_SANITIZED
  EXPECT_EQ(madeBoth - before, 1);
#endif
}

TEST_F(EmitJitMemory, CodeIsNotWritable) {
  auto module = JitModule::load(object);
  ASSERT_TRUE(module) << module.error();
  void *code = (*module)->lookup("m");
  ASSERT_TRUE(code);
  const Maps maps = readMaps(code);
  EXPECT_EQ(maps.protection, "r-xp");
  EXPECT_TRUE(maps.both.empty()) << maps.both.front();
}

// Many modules are linked while another thread looks at the mappings without a pause; and each request to the system is
// looked at.
TEST_F(EmitJitMemory, IsNeverWritableAndExecutable) {
  std::atomic<bool> ends{false};
  std::atomic<int> looks{0};
  std::string seen;
  std::thread watcher([&] {
    while (!ends) {
      if (const Maps maps = readMaps(); !maps.both.empty())
        seen = maps.both.front();
      ++looks;
    }
  });
  const int executableBefore = madeExecutable, bothBefore = madeBoth;
  for (int i = 0; i < 30 || looks < 30; ++i) {
    auto module = JitModule::load(object);
    EXPECT_TRUE(module) << module.error();
  }
  ends = true;
  watcher.join();
  EXPECT_EQ(seen, "");
#ifndef NIBBLE_TEST_SANITIZED
  EXPECT_GE(madeExecutable - executableBefore, 30) << "the requests are not seen here";
  EXPECT_EQ(madeBoth - bothBefore, 0);
#endif
}

} // namespace
} // namespace nibble::test
