// Kernels-stage modules through nibble-to-llvm and the JIT: results, status codes, threads, floating-point state.
#include "compiler/Kernels/Kernels.h"
#include "test/unit/EmitTestSupport.h"
#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <gmock/gmock.h>
#include <random>
#include <thread>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace nibble;
using namespace nibble::test;
using testing::HasSubstr;

namespace {

std::unique_ptr<JitModule> jit(Lowered &lowered, const Target &target, int level = 3) {
  EXPECT_TRUE(lowered) << lowered.diagnostics;
  if (!lowered)
    return nullptr;
  auto module = JitModule::create(*lowered.module, target, {level});
  EXPECT_TRUE(module) << (module ? "" : module.error());
  return module ? std::move(*module) : nullptr;
}

struct Pool {
  nibble_thread_pool *pool = nullptr;
  explicit Pool(int32_t threads) { EXPECT_EQ(nibble_thread_pool_create(threads, &pool), NIBBLE_OK); }
  ~Pool() { nibble_thread_pool_destroy(pool); }
};

class EmitJit : public testing::TestWithParam<const char *> {
protected:
  Target target = Target::parse(GetParam()).operator*();
};

TEST_P(EmitJit, ModelGivesReferenceBitsForAllBatchesAndThreads) {
  Lowered lowered = lower(twoRegions(), target);
  auto module = jit(lowered, target);
  ASSERT_TRUE(module);
  auto *model = module->function<ModelFn>("m");
  ASSERT_TRUE(model);
  const Entry &entry = lowered.entries.front();
  Pool pool(2);
  nibble_parallel two = nibble_thread_pool_parallel(pool.pool);
  for (int64_t batch : {0, 1, 7, 16, 17, 33}) {
    std::vector<float> image = someImages(batch), expected = referenceModel(image);
    image.push_back(0), expected.push_back(42); // a guard, which keeps the vectors from being empty
    for (const nibble_parallel *parallel :
         {static_cast<const nibble_parallel *>(nullptr), static_cast<const nibble_parallel *>(&two)}) {
      std::vector<float> logits(expected.size(), 42);
      Arena arena(entry.arenaBytes(parallel ? 2 : 1));
      ASSERT_EQ(model(image.data(), logits.data(), batch, arena.get(), parallel), NIBBLE_OK);
      EXPECT_TRUE(sameBits(logits, expected)) << "batch " << batch << (parallel ? ", two threads" : "");
    }
  }
}

TEST_P(EmitJit, EveryLevelGivesTheSameBits) {
  std::vector<float> image = someImages(5), expected = referenceModel(image);
  for (int level : {0, 1, 2, 3}) {
    Lowered lowered = lower(twoRegions(), target);
    auto module = jit(lowered, target, level);
    ASSERT_TRUE(module);
    Arena arena(lowered.entries.front().arenaBytes(1));
    std::vector<float> logits(expected.size());
    ASSERT_EQ(module->function<ModelFn>("m")(image.data(), logits.data(), 5, arena.get(), nullptr), NIBBLE_OK);
    EXPECT_TRUE(sameBits(logits, expected)) << "level " << level;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, EmitJit,
#if defined(__x86_64__)
                         testing::Values("native", "x86_64-linux-gnu", "x86_64-linux-gnu,+sse4.1"),
#else
                         testing::Values("native"),
#endif
                         [](const auto &info) { return std::to_string(info.index); });

class EmitJitNative : public testing::Test {
protected:
  void SetUp() override {
    lowered = lower(twoRegions(), target, /*packed=*/true);
    module = jit(lowered, target);
    ASSERT_TRUE(module);
  }
  Target target = Target::host();
  Lowered lowered;
  std::unique_ptr<JitModule> module;
};

TEST_F(EmitJitNative, RefusesBadArguments) {
  auto *model = module->function<ModelFn>("m");
  Arena arena(lowered.entries[0].arenaBytes(1) + 64);
  float x[8] = {}, y[8] = {};
  EXPECT_EQ(model(x, y, 1, arena.get(), nullptr), NIBBLE_OK);
  EXPECT_EQ(model(nullptr, y, 1, arena.get(), nullptr), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(model(x, nullptr, 1, arena.get(), nullptr), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(model(x, y, -1, arena.get(), nullptr), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(model(x, y, 1, nullptr, nullptr), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(model(x, y, 1, arena.get() + 32, nullptr), NIBBLE_MISALIGNED);
  nibble_parallel threads = {nullptr, 2, nullptr};
  EXPECT_EQ(model(x, y, 1, arena.get(), &threads), NIBBLE_INVALID_ARGUMENT);
  threads = nibble_thread_pool_parallel(nullptr);
  EXPECT_EQ(model(x, y, 1, arena.get(), &threads), NIBBLE_OK);
  threads.threads = 0;
  EXPECT_EQ(model(x, y, 1, arena.get(), &threads), NIBBLE_INVALID_ARGUMENT);
}

TEST_F(EmitJitNative, PackedEntryTakesAnArray) {
  auto *packed = module->function<PackedModelFn>("m_packed");
  ASSERT_TRUE(packed);
  std::vector<float> image = someImages(20), expected = referenceModel(image), logits(expected.size());
  Arena arena(lowered.entries[0].arenaBytes(1));
  void *arguments[] = {image.data(), logits.data()};
  EXPECT_EQ(packed(arguments, 20, arena.get(), nullptr), NIBBLE_OK);
  EXPECT_TRUE(sameBits(logits, expected));
  arguments[1] = nullptr;
  EXPECT_EQ(packed(arguments, 20, arena.get(), nullptr), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(packed(nullptr, 20, arena.get(), nullptr), NIBBLE_INVALID_ARGUMENT);
}

TEST_F(EmitJitNative, TrainingStepUpdatesItsState) {
  auto *step = module->function<StepFn>("step");
  ASSERT_TRUE(step);
  EXPECT_EQ(module->lookup("step_packed"), nullptr);
  float gradient[4] = {0.1f, 0.2f, 0.3f, 0.4f}, rate = 0.3f, state[4] = {1, 2, 3, 4}, loss = 0;
  void *arguments[] = {gradient, &rate, state, &loss};
  // This entry has no buffers, so its arena may be NULL.
  ASSERT_EQ(lowered.entries[1].arenaBytes(4), 0);
  Pool pool(2);
  nibble_parallel two = nibble_thread_pool_parallel(pool.pool);
  ASSERT_EQ(step(arguments, nullptr, &two), NIBBLE_OK);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(state[i], std::fma(rate, gradient[i], static_cast<float>(i + 1)));
  EXPECT_EQ(loss, state[0] * state[0]);
  arguments[3] = nullptr;
  EXPECT_EQ(step(arguments, nullptr, nullptr), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(step(nullptr, nullptr, nullptr), NIBBLE_INVALID_ARGUMENT);
}

TEST_F(EmitJitNative, ShowsOnlyEntries) {
  EXPECT_EQ(module->lookup("m.body"), nullptr);
  EXPECT_EQ(module->lookup("m.hidden"), nullptr);
  EXPECT_EQ(module->lookup("memcpy"), nullptr);
}

#if defined(__x86_64__)
// Flush to zero, denormals are zero, round up: what some caller, or some thread of its pool, may have set.
constexpr unsigned hostileMxcsr = 0x1f80 | 0x8000 | 0x0040 | 0x4000;

void hostileParallelFor(void *, int64_t count, nibble_task task, void *context) {
  for (int64_t i = 0; i < count; ++i)
    std::thread([=] {
      _mm_setcsr(hostileMxcsr);
      task(context, i, i + 1, 1);
      if (_mm_getcsr() != hostileMxcsr)
        std::abort();
    }).join();
}

TEST_F(EmitJitNative, IgnoresAndKeepsTheCallersFloatState) {
  auto *model = module->function<ModelFn>("m");
  std::vector<float> image = someImages(33), expected = referenceModel(image);
  nibble_parallel hostile = {nullptr, 2, hostileParallelFor};
  for (const nibble_parallel *parallel :
       {static_cast<const nibble_parallel *>(nullptr), static_cast<const nibble_parallel *>(&hostile)}) {
    std::vector<float> logits(expected.size());
    Arena arena(lowered.entries[0].arenaBytes(2));
    unsigned before = _mm_getcsr();
    _mm_setcsr(hostileMxcsr);
    int32_t status = model(image.data(), logits.data(), 33, arena.get(), parallel);
    unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    EXPECT_EQ(status, NIBBLE_OK);
    EXPECT_EQ(after, hostileMxcsr);
    EXPECT_TRUE(sameBits(logits, expected));
  }
}

std::string kernelModule(const kernels::MachineCode &code) {
  std::string bytes;
  for (uint8_t byte : code.bytes)
    bytes += (bytes.empty() ? ": " : ", ") + std::to_string(static_cast<int8_t>(byte));
  return R"(module {
    ukr.kernel @dot {generator = "dot_u8s8_6x16_avx2_exact", rows = 2 : i64, columns = 16 : i64, run = 7 : i64, row_stride = 21 : i64,
                     outer_stride = 7 : i64, code = array<i8)" +
         bytes + R"(>}
    func.func private @k.run(%arena: memref<1xi8>, %a: memref<42xi8>, %b: memref<384xi8>, %acc: memref<48xi32>, %n: index,
                             %begin: index, %end: index, %thread: index) {
      %c0 = arith.constant 0 : index
      %c3 = arith.constant 3 : index
      %c16 = arith.constant 16 : index
      ukr.call @dot(%a[%c0], %b[%c0], %acc[%c16]) outer %c3 : memref<42xi8>, memref<384xi8>, memref<48xi32>
      return
    }
    func.func private @k(%arena: memref<1xi8>, %a: memref<42xi8>, %b: memref<384xi8>, %acc: memref<48xi32>, %n: index, %threads: !llvm.ptr)
        attributes {ukr.entry = "k", ukr.batch = 1 : i64, ukr.arguments = [
          {name = "a", direction = "in", elements = 42 : i64, type = ui8}, {name = "b", direction = "in", elements = 384 : i64, type = i8},
          {name = "acc", direction = "out", elements = 48 : i64, type = i32}]} {
      ukr.parallel @k.run[%n] with %threads : !llvm.ptr
        (%arena, %a, %b, %acc, %n : memref<1xi8>, memref<42xi8>, memref<384xi8>, memref<48xi32>, index)
      return
    }
  })";
}

TEST(EmitKernel, RunsInTheJit) {
  if (!Target::host().has(Feature::avx2))
    GTEST_SKIP() << "the processor has no AVX2";
  const kernels::KernelInfo *info = kernels::findKernel("dot_u8s8_6x16_avx2_exact");
  ASSERT_TRUE(info);
  kernels::MachineCode code = kernels::generate(*info, {.rows = 2, .aRowStride = 21, .aOuterStride = 7, .run = 7});
  ASSERT_TRUE(code) << code.error;
  Target target = Target::parse("x86_64-linux-gnu,+avx2").operator*();
  Lowered lowered = lower(kernelModule(code), target);
  auto module = jit(lowered, target);
  ASSERT_TRUE(module);
  std::mt19937 random(1);
  std::vector<uint8_t> a(42);
  std::vector<int8_t> b(static_cast<size_t>(kernels::packedBytes(3, 7)));
  ASSERT_EQ(b.size(), 384u);
  for (auto &v : a)
    v = static_cast<uint8_t>(random());
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = i / 64 % 2 == 1 && i % 4 == 3 ? 0 : static_cast<int8_t>(random()); // k = 7 is padding
  std::vector<int32_t> acc(48, -7);
  void *arguments[] = {a.data(), b.data(), acc.data()};
  ASSERT_EQ(module->function<StepFn>("k")(arguments, nullptr, nullptr), NIBBLE_OK);
  for (int m = 0; m < 2; ++m)
    for (int n = 0; n < 16; ++n) {
      int32_t sum = 0;
      for (int o = 0; o < 3; ++o)
        for (int k = 0; k < 7; ++k)
          sum += a[m * 21 + o * 7 + k] * b[((o * 2 + k / 4) * 16 + n) * 4 + k % 4];
      EXPECT_EQ(acc[16 + m * 16 + n], sum) << m << ", " << n;
    }
  EXPECT_EQ(acc[0], -7);
}

TEST(EmitKernel, IsRefusedForOtherArchitectures) {
  kernels::MachineCode code;
  code.bytes = {0xc3};
  Lowered lowered = lower(kernelModule(code), Target::baseline(Arch::aarch64));
  EXPECT_FALSE(lowered);
  EXPECT_THAT(lowered.diagnostics, HasSubstr("holds x86-64 code, which aarch64-linux-gnu cannot run"));
}
#endif

TEST(EmitErrors, JitSaysWhyATargetDoesNotRunHere) {
  Arch other = Target::host().arch() == Arch::riscv64 ? Arch::aarch64 : Arch::riscv64;
  Target target = Target::baseline(other);
  Lowered lowered = lower(twoRegions(), target);
  ASSERT_TRUE(lowered) << lowered.diagnostics;
  auto module = JitModule::create(*lowered.module, target);
  ASSERT_FALSE(module);
  EXPECT_THAT(module.error(), HasSubstr("cannot run here: this machine is "));
}

#if defined(__x86_64__)
TEST(EmitErrors, JitKeepsToTheCapOfThisMachine) {
  const char *before = std::getenv("NIBBLE_CPU");
  const std::string saved = before ? before : "";
  Lowered lowered = lower(twoRegions(), Target::baseline(Arch::x86_64));
  ASSERT_TRUE(lowered) << lowered.diagnostics;
  setenv("NIBBLE_CPU", "x86-64", 1);
  auto beyond = JitModule::create(*lowered.module, Target::parse("x86_64-linux-gnu,+avx2").operator*());
  auto within = JitModule::create(*lowered.module, Target::parse("native").operator*());
  setenv("NIBBLE_CPU", "x86-46", 1);
  auto wrong = JitModule::create(*lowered.module, Target::baseline(Arch::x86_64));
  if (before)
    setenv("NIBBLE_CPU", saved.c_str(), 1);
  else
    unsetenv("NIBBLE_CPU");
  EXPECT_TRUE(within) << within.error();
  ASSERT_FALSE(beyond || wrong);
  EXPECT_THAT(beyond.error(), HasSubstr("avx2 (NIBBLE_CPU=x86-64)"));
  EXPECT_THAT(wrong.error(),
              HasSubstr("the environment variable NIBBLE_CPU is not understood: unknown target 'x86-46'"));
}
#endif

TEST(EmitErrors, ObjectNamesForeignSymbols) {
  Lowered lowered;
  Target target = Target::baseline(Arch::x86_64);
  lowered = lower("module {}", target);
  ASSERT_TRUE(lowered);
  mlir::OpBuilder b(lowered.context.get());
  b.setInsertionPointToStart(lowered.module->getBody());
  auto f32 = b.getF32Type();
  auto function =
      mlir::LLVM::LLVMFuncOp::create(b, b.getUnknownLoc(), "f", mlir::LLVM::LLVMFunctionType::get(f32, {f32}));
  mlir::Block *body = function.addEntryBlock(b);
  b.setInsertionPointToStart(body);
  mlir::Value e = mlir::LLVM::ExpOp::create(b, b.getUnknownLoc(), body->getArgument(0));
  mlir::LLVM::ReturnOp::create(b, b.getUnknownLoc(), e);
  auto object = emitObject(*lowered.module, target);
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error(), "the compiled code would need these symbols from a library: expf");
}

TEST(EmitErrors, LoadRefusesWhatIsNoObject) {
  auto module = JitModule::load("hello");
  ASSERT_FALSE(module);
  EXPECT_THAT(module.error(), HasSubstr("the code cannot be loaded"));
}

TEST(EmitErrors, CodeGeneratorErrorsAreReturned) {
  Target target = Target::baseline(Arch::x86_64);
  Lowered lowered = lower("module {}", target);
  ASSERT_TRUE(lowered);
  mlir::OpBuilder b(lowered.context.get());
  b.setInsertionPointToStart(lowered.module->getBody());
  auto none = mlir::LLVM::LLVMVoidType::get(lowered.context.get());
  auto function =
      mlir::LLVM::LLVMFuncOp::create(b, b.getUnknownLoc(), "f", mlir::LLVM::LLVMFunctionType::get(none, {}));
  b.setInsertionPointToStart(function.addEntryBlock(b));
  mlir::LLVM::InlineAsmOp::create(b, b.getUnknownLoc(), mlir::TypeRange{}, mlir::ValueRange{}, "nonsense", "", true,
                                  false, mlir::LLVM::TailCallKind::None, mlir::LLVM::AsmDialectAttr(),
                                  mlir::ArrayAttr());
  mlir::LLVM::ReturnOp::create(b, b.getUnknownLoc(), mlir::ValueRange{});
  auto object = emitObject(*lowered.module, target);
  ASSERT_FALSE(object);
  EXPECT_THAT(object.error(), HasSubstr("LLVM cannot compile the module for x86_64-linux-gnu"));
}

TEST(EmitThreads, CompileForTwoTargetsAtOnce) {
  std::string objects[2][2];
  for (int round = 0; round < 2; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&, i, round] {
        Target target = Target::baseline(i ? Arch::aarch64 : Arch::x86_64);
        Lowered lowered = lower(twoRegions(), target);
        auto object = lowered ? emitObject(*lowered.module, target) : Result<std::string>(Failure{lowered.diagnostics});
        objects[round][i] = object ? *object : object.error();
      });
    for (std::thread &thread : threads)
      thread.join();
  }
  EXPECT_GT(objects[0][0].size(), 1000u) << objects[0][0];
  EXPECT_EQ(objects[0][0], objects[1][0]);
  EXPECT_EQ(objects[0][1], objects[1][1]);
}

TEST(EmitErrors, HeaderNeedsPlannedEntries) {
  Target target = Target::baseline(Arch::x86_64);
  EXPECT_EQ(emitHeader({}, target).error(), "the module has no entry to write a header for");
  Entry entry;
  entry.name = "m";
  EXPECT_THAT(emitHeader({&entry, 1}, target).error(), HasSubstr("'m' has no memory plan"));
}

} // namespace
