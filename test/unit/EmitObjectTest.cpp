// Objects and headers: deterministic, self-contained, and right when linked into C programs for this machine and
// others.
#include "test/unit/EmitTestSupport.h"
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

using namespace nibble;
using namespace nibble::test;
using testing::HasSubstr;
using testing::Not;

namespace {

Target parse(const char *text) { return Target::parse(text).operator*(); }

std::string object(const char *target) {
  Lowered lowered = lower(twoRegions(), parse(target));
  EXPECT_TRUE(lowered) << lowered.diagnostics;
  if (!lowered)
    return "";
  auto bytes = emitObject(*lowered.module, parse(target));
  EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error());
  return bytes ? *bytes : "";
}

/// A folder of its own for one test.
class Folder {
public:
  Folder() {
    path = std::filesystem::path(testing::TempDir()) /
           ("nibble_emit_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string &name, const std::string &content) const {
    std::ofstream(path / name, std::ios::binary) << content;
    return (path / name).string();
  }
  std::string read(const std::string &name) const {
    std::ifstream file(path / name, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  /// Runs a shell command in the folder; its output goes to the file `log`.
  int run(const std::string &command) const {
    return std::system(("cd '" + path.string() + "' && { " + command + " ; } > log 2>&1").c_str());
  }
  std::filesystem::path path;
};

bool hasProgram(const char *name) {
  return std::system(("command -v " + std::string(name) + " > /dev/null 2>&1").c_str()) == 0;
}

/// Runs the model on 33 images and prints the bits of its results, one by one; tries a sequential and a "parallel"
/// call.
const char *program = R"(#include "two_regions.h"
#include <stdio.h>
#include <string.h>
/* Round up, and flush to zero: the compiled code must neither use nor keep it. */
#if defined(__aarch64__)
typedef uint64_t state;
static const state hostile = 1 << 24 | 1 << 22;
static state get(void) { state v; __asm__ volatile("mrs %0, fpcr" : "=r"(v)); return v; }
static void set(state v) { __asm__ volatile("msr fpcr, %0" : : "r"(v)); }
#else
#include <xmmintrin.h>
typedef unsigned state;
static const state hostile = 0x1f80 | 0x8040 | 0x4000;
static state get(void) { return _mm_getcsr(); }
static void set(state v) { _mm_setcsr(v); }
#endif
static unsigned char memory[M_ARENA_BYTES(2) + 64];
static void each(void *pool, int64_t count, nibble_task task, void *context) {
  int64_t i;
  for (i = 0; i < count; ++i)
    task(context, i, i + 1, (int32_t)(i % 2));
}
int main(void) {
  static float image[33 * 8], logits[33 * 8], again[33 * 8];
  void *arena = (void *)(((uintptr_t)memory + 63) / 64 * 64);
  nibble_parallel parallel;
  int i;
  parallel.pool = 0;
  parallel.threads = 2;
  parallel.parallel_for = each;
  FILE *in = fopen("image.bin", "rb");
  if (!in || fread(image, sizeof image, 1, in) != 1)
    return 2;
  if (m(image, logits, 33, arena, 0) != 0 || m(image, again, 33, arena, &parallel) != 0)
    return 3;
  if (memcmp(logits, again, sizeof logits))
    return 4;
  if (m(image, logits, 33, 0, 0) != 1 || m(image, logits, 1, (char *)arena + 4, 0) != 3)
    return 5;
  const state before = get();
  set(hostile);
  const int status = m(image, again, 33, arena, &parallel);
  const state after = get();
  set(before);
  if (status || after != hostile || memcmp(logits, again, sizeof logits))
    return 7;
  for (i = 0; i < 33 * 8; ++i) {
    unsigned bits;
    memcpy(&bits, &logits[i], 4);
    printf("%08x\n", bits);
  }
  return M_BATCH_TILE == 16 && STEP_BATCH == 4 && STEP_ARGUMENTS == 4 ? 0 : 6;
}
)";

std::string expectedOutput(const std::vector<float> &image) {
  std::string text;
  for (float v : referenceModel(image)) {
    char line[16];
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    std::snprintf(line, sizeof line, "%08x\n", bits);
    text += line;
  }
  return text;
}

void linkAndRun(const char *target, const std::string &compiler, const std::string &runner) {
  Folder folder;
  folder.write("two_regions.o", object(target));
  Lowered lowered = lower(twoRegions(), parse(target));
  auto header = emitHeader(lowered.entries, parse(target));
  ASSERT_TRUE(header) << header.error();
  folder.write("two_regions.h", *header);
  folder.write("main.c", program);
  std::vector<float> image = someImages(33);
  folder.write("image.bin", std::string(reinterpret_cast<const char *>(image.data()), image.size() * sizeof(float)));
  ASSERT_EQ(folder.run(compiler + " -std=c11 -Wall -Wextra -Wno-unused-parameter -Werror main.c two_regions.o -o main"),
            0)
      << folder.read("log");
  ASSERT_EQ(folder.run(runner + " ./main"), 0) << folder.read("log");
  EXPECT_EQ(folder.read("log"), expectedOutput(image));
}

TEST(EmitObject, LinksIntoACProgram) {
  if (Target::host().arch() != Arch::x86_64)
    GTEST_SKIP() << "this machine is not x86-64";
  linkAndRun("x86_64-linux-gnu", NIBBLE_TEST_CC, "");
  linkAndRun("native", NIBBLE_TEST_CC, "");
  if (hasProgram("gcc"))
    linkAndRun("native", "gcc", "");
}

TEST(EmitObject, LinksIntoAnAarch64Program) {
  if (!hasProgram("aarch64-linux-gnu-gcc") || !hasProgram("qemu-aarch64-static"))
    GTEST_SKIP() << "no aarch64-linux-gnu-gcc or no qemu-aarch64-static on PATH";
  linkAndRun("aarch64-linux-gnu", "aarch64-linux-gnu-gcc -static", "qemu-aarch64-static");
  linkAndRun("aarch64-linux-gnu,+i8mm", "aarch64-linux-gnu-gcc -static", "qemu-aarch64-static");
}

std::string bytesOf(const std::vector<float> &values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
}

// No C library for this one: the program reads and writes by system calls.
TEST(EmitObject, RunsOnRiscv64) {
  if (!hasProgram("qemu-riscv64-static") || !hasProgram("clang-22") || !hasProgram("ld.lld-22"))
    GTEST_SKIP() << "no qemu-riscv64-static, clang-22 or ld.lld-22 on PATH";
  const char *main = R"(#include "two_regions.h"
static long call(long number, long a, long b, long c) {
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
static float image[33 * 8], logits[33 * 8];
static unsigned char arena[M_ARENA_BYTES(1)] __attribute__((aligned(64)));
void _start(void) {
  long frm = 3; /* round up */
  if (call(63, 0, (long)image, sizeof image) != sizeof image)
    call(93, 2, 0, 0);
  __asm__ volatile("csrw frm, %0" : : "r"(frm));
  if (m(image, logits, 33, arena, 0))
    call(93, 3, 0, 0);
  __asm__ volatile("csrr %0, frm" : "=r"(frm));
  if (frm != 3)
    call(93, 4, 0, 0);
  call(64, 1, (long)logits, sizeof logits);
  call(93, 0, 0, 0);
}
)";
  for (const char *target : {"riscv64-linux-gnu", "riscv64-linux-gnu,+v,+zvl256b"}) {
    Folder folder;
    folder.write("two_regions.o", object(target));
    folder.write("two_regions.h", *emitHeader(lower(twoRegions(), parse(target)).entries, parse(target)));
    folder.write("main.c", main);
    std::vector<float> image = someImages(33);
    folder.write("image.bin", bytesOf(image));
    ASSERT_EQ(
        folder.run(
            "clang-22 --target=riscv64-linux-gnu -march=rv64gc -O1 -ffreestanding -nostdlib -static -fuse-ld=lld main.c"
            " two_regions.o -o main"),
        0)
        << folder.read("log");
    ASSERT_EQ(folder.run("qemu-riscv64-static -cpu rv64,v=true,vlen=256 ./main < image.bin > out.bin"), 0)
        << folder.read("log");
    EXPECT_TRUE(folder.read("out.bin") == bytesOf(referenceModel(image))) << target;
  }
}

// 32-bit pointers, and no fused multiply-add.
TEST(EmitObject, RunsAsWasm) {
  if (!hasProgram("node") || !hasProgram("wasm-ld-22"))
    GTEST_SKIP() << "no node or no wasm-ld-22 on PATH";
  for (const char *target : {"wasm32", "wasm32,+simd128"}) {
    Folder folder;
    folder.write("two_regions.o", object(target));
    Lowered lowered = lower(twoRegions(), parse(target));
    std::vector<float> image = someImages(33);
    folder.write("image.bin", bytesOf(image));
    folder.write("main.js", R"(const fs = require('fs');
const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync('m.wasm')));
const image = fs.readFileSync('image.bin'), { m, memory, __heap_base } = instance.exports;
memory.grow(4);
const arena = (__heap_base.value + 63) & ~63, input = arena + )" +
                                std::to_string(lowered.entries[0].arenaBytes(1)) + R"(, output = input + image.length;
new Uint8Array(memory.buffer).set(image, input);
if (m(input, output, 33n, arena, 0) !== 0 || m(input, output, 33n, 0, 0) !== 1) process.exit(3);
fs.writeFileSync('out.bin', new Uint8Array(memory.buffer, output, image.length));
)");
    ASSERT_EQ(
        folder.run("wasm-ld-22 --no-entry --export=m --export=__heap_base two_regions.o -o m.wasm && node main.js"), 0)
        << folder.read("log");
    EXPECT_TRUE(folder.read("out.bin") == bytesOf(referenceModel(image))) << target;
  }
}

TEST(EmitObject, IsTheSameTwice) {
  for (const char *target : {"x86_64-linux-gnu,+avx2", "aarch64-linux-gnu"}) {
    std::string first = object(target);
    EXPECT_FALSE(first.empty());
    EXPECT_EQ(first, object(target)) << target;
  }
}

TEST(EmitObject, NeedsNoSymbolAndShowsOnlyEntries) {
  Folder folder;
  for (const char *target :
       {"x86_64-linux-gnu", "x86_64-linux-gnu,+avx2", "x86_64-linux-gnu,+avx512vnni", "aarch64-linux-gnu",
        "riscv64-linux-gnu", "riscv64-linux-gnu,+v", "wasm32", "wasm32,+simd128"}) {
    folder.write("two_regions.o", object(target));
    ASSERT_EQ(
        folder.run(
            NIBBLE_TEST_NM
            " --undefined-only --just-symbol-name two_regions.o | grep -v -x -e memcpy -e memset -e __linear_memory"
            " -e __stack_pointer -e __indirect_function_table || true"),
        0);
    EXPECT_EQ(folder.read("log"), "") << target;
    ASSERT_EQ(folder.run(NIBBLE_TEST_NM " --extern-only --defined-only --just-symbol-name two_regions.o"), 0)
        << folder.read("log");
    std::string names = "m\n";
    for (const Entry &entry : lower(twoRegions(), parse(target)).entries)
      names += linkNameOf(entry) + "\n" + (entry.name == "m" ? "step\n" : "");
    EXPECT_EQ(folder.read("log"), names) << target;
  }
}

TEST(EmitObject, HoldsNoPathAndLoadsAgain) {
  std::string bytes = object("native");
  EXPECT_THAT(bytes, Not(HasSubstr(NIBBLE_TEST_INPUTS)));
  auto module = JitModule::load(bytes);
  ASSERT_TRUE(module) << module.error();
  EXPECT_NE((*module)->lookup("m"), nullptr);
}

TEST(EmitText, AssemblyAndLLVMIR) {
  Target target = parse("x86_64-linux-gnu,+avx2");
  Lowered lowered = lower(twoRegions(), target);
  auto assembly = emitAssembly(*lowered.module, target);
  ASSERT_TRUE(assembly) << assembly.error();
  EXPECT_THAT(*assembly, HasSubstr("vfmadd"));
  EXPECT_THAT(*assembly, HasSubstr("ldmxcsr"));
  auto plain = emitLLVMIR(*lowered.module, target, /*optimized=*/false),
       optimized = emitLLVMIR(*lowered.module, target);
  ASSERT_TRUE(plain && optimized);
  EXPECT_THAT(*plain, HasSubstr("call <8 x float> @llvm.fma.v8f32"));
  EXPECT_THAT(*optimized, HasSubstr(" i32 @m(ptr"));
  EXPECT_THAT(*optimized, Not(HasSubstr("fmuladd")));
}

TEST(EmitHeaderText, SaysWhatTheEntriesTake) {
  Target target = parse("x86_64-linux-gnu");
  Lowered lowered = lower(twoRegions(), target);
  auto header = emitHeader(lowered.entries, target);
  ASSERT_TRUE(header) << header.error();
  EXPECT_THAT(*header, HasSubstr("int32_t m(const float *image, float *logits, int64_t batch, void *arena, const "
                                 "nibble_parallel *parallel) NIBBLE_LINK_NAME(\"m_"));
  EXPECT_THAT(*header, HasSubstr("image: float [batch][2][4], read"));
  EXPECT_THAT(*header, HasSubstr("arguments[2] state: float [4], read and written"));
  EXPECT_THAT(
      *header,
      HasSubstr(
          "int32_t step(void *const *arguments, void *arena, const nibble_parallel *parallel) NIBBLE_LINK_NAME("));
}

// The header of another target or plan is no header of this object: the linker says so.
TEST(EmitHeaderText, OfAnotherObjectDoesNotLink) {
  Folder folder;
  Target native = parse("native");
  Lowered lowered = lower(twoRegions(), native);
  folder.write("two_regions.o", object("native"));
  folder.write("main.c", "#include \"two_regions.h\"\nint main(void) { return m(0, 0, 1, 0, 0) != 1; }\n");
  auto link = [&](const std::vector<Entry> &entries) {
    auto header = emitHeader(entries, native);
    folder.write("two_regions.h", header ? *header : "");
    return folder.run(NIBBLE_TEST_CC " main.c two_regions.o -o main && ./main");
  };
  EXPECT_EQ(link(lowered.entries), 0) << folder.read("log");
  const auto changed = [&](auto change) {
    std::vector<Entry> entries = lowered.entries;
    change(entries[0]);
    return entries;
  };
  const std::vector<std::vector<Entry>> others = {
      changed([](Entry &e) { *e.plannedBytes += 64; }), changed([](Entry &e) { e.scratchBytes += 64; }),
      changed([](Entry &e) { e.batch *= 2; }), changed([](Entry &e) { e.arguments[0].shape.back() += 1; }),
      changed([](Entry &e) { e.arguments[0].name += "2"; })};
  for (const auto &entries : others) {
    EXPECT_NE(link(entries), 0);
    EXPECT_THAT(folder.read("log"), HasSubstr(linkNameOf(entries[0])));
  }
}

// Inputs and outputs may have any name: keywords, macros of compilers and of the header itself, types of the prototype.
TEST(EmitHeaderText, ParametersMeanNothingElse) {
  mlir::MLIRContext context;
  Entry entry;
  entry.name = "net";
  entry.model = true;
  entry.batch = 4;
  entry.plannedBytes = 0;
  for (const char *name : {"x", "float", "linux", "co_await", "batch", "nibble_parallel", "int32_t", "NET_BATCH_TILE"})
    entry.arguments.push_back({name, EntryArgument::Direction::In, mlir::Float32Type::get(&context), 4, true, {4}});
  auto header = emitHeader(std::vector<Entry>{entry}, parse("x86_64-linux-gnu"));
  ASSERT_TRUE(header) << header.error();
  EXPECT_THAT(*header, HasSubstr("int32_t net(const float *x, const float *float_, const float *linux_, "
                                 "const float *co_await_, const float *batch_, const float *nibble_parallel_, "
                                 "const float *int32_t_, const float *NET_BATCH_TILE_, int64_t batch, "));
  Folder folder;
  folder.write("net.h", *header);
  folder.write("net.c", "#include \"net.h\"\n");
  EXPECT_EQ(folder.run(NIBBLE_TEST_CC " -std=gnu11 -fsyntax-only net.c"), 0) << folder.read("log");
  EXPECT_EQ(folder.run(NIBBLE_TEST_CXX " -x c++ -std=gnu++20 -fsyntax-only net.c"), 0) << folder.read("log");
}

// Alone, after and before runtime.h, in C and C++.
TEST(EmitHeaderText, CompilesEverywhere) {
  Folder folder;
  Target target = parse("x86_64-linux-gnu");
  auto header = emitHeader(lower(twoRegions(), target).entries, target);
  ASSERT_TRUE(header) << header.error();
  folder.write("two.h", *header);
  const std::string own = "#include \"two.h\"\n", runtime = "#include <nibble/runtime.h>\n";
  const std::string use = "int f(nibble_parallel *p);\nint f(nibble_parallel *p) { return m(0, 0, "
                          "M_ARENA_BYTES(p->threads), 0, p) + step(0, 0, p); }\n";
  const std::string include = " -I" NIBBLE_TEST_RUNTIME_INCLUDE;
  int number = 0;
  for (const std::string &compiler :
       {std::string(NIBBLE_TEST_CC " -std=c99 -pedantic"), std::string(NIBBLE_TEST_CC " -std=c11"),
        std::string(NIBBLE_TEST_CXX " -x c++ -std=c++11")})
    for (const auto &[text, flags] :
         {std::pair{own + own + use, std::string()}, std::pair{own + use, include},
          std::pair{own + runtime + use, include}, std::pair{runtime + own + use, include},
          std::pair{own + "#include \"" NIBBLE_TEST_RUNTIME_INCLUDE "/nibble/runtime.h\"\n" + use, std::string()}}) {
      std::string file = folder.write("t" + std::to_string(number++) + ".c", text);
      EXPECT_EQ(folder.run(compiler + " -Wall -Wextra -Werror -fsyntax-only" + flags + " " + file), 0)
          << compiler << flags << "\n"
          << text << folder.read("log");
    }
}

} // namespace
