// The software fma of targets without the instruction against std::fma: every combination of edge cases, and random
// bits.
#include "test/unit/EmitTestSupport.h"
#include <bit>
#include <cmath>
#include <gmock/gmock.h>
#include <limits>
#include <random>

using namespace nibble;
using namespace nibble::test;

namespace {

#if defined(__x86_64__)

// a, b, c, out: 64 values a call, the first 32 by vectors of 8, the others one by one.
const char *fmaModule = R"(module {
  func.func private @f.run(%arena: memref<1xi8>, %a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %r: memref<64xf32>, %n: index,
                           %begin: index, %end: index, %thread: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    scf.for %i = %c0 to %c32 step %c8 {
      %x = vector.load %a[%i] : memref<64xf32>, vector<8xf32>
      %y = vector.load %b[%i] : memref<64xf32>, vector<8xf32>
      %z = vector.load %c[%i] : memref<64xf32>, vector<8xf32>
      %f = math.fma %x, %y, %z : vector<8xf32>
      vector.store %f, %r[%i] : memref<64xf32>, vector<8xf32>
    }
    scf.for %i = %c32 to %c64 step %c1 {
      %x = memref.load %a[%i] : memref<64xf32>
      %y = memref.load %b[%i] : memref<64xf32>
      %z = memref.load %c[%i] : memref<64xf32>
      %f = math.fma %x, %y, %z : f32
      memref.store %f, %r[%i] : memref<64xf32>
    }
    return
  }
  func.func private @f(%arena: memref<1xi8>, %a: memref<64xf32>, %b: memref<64xf32>, %c: memref<64xf32>, %r: memref<64xf32>, %n: index,
                       %threads: !llvm.ptr) attributes {ukr.entry = "f", ukr.batch = 1 : i64, ukr.arguments = [
      {name = "a", direction = "in", elements = 64 : i64, type = f32}, {name = "b", direction = "in", elements = 64 : i64, type = f32},
      {name = "c", direction = "in", elements = 64 : i64, type = f32}, {name = "r", direction = "out", elements = 64 : i64, type = f32}]} {
    ukr.parallel @f.run[%n] with %threads : !llvm.ptr (%arena, %a, %b, %c, %r, %n
      : memref<1xi8>, memref<64xf32>, memref<64xf32>, memref<64xf32>, memref<64xf32>, index)
    return
  }
})";

class SoftwareFma : public testing::Test {
protected:
  void SetUp() override {
    lowered = lower(fmaModule, target);
    ASSERT_TRUE(lowered) << lowered.diagnostics;
    auto created = JitModule::create(*lowered.module, target);
    ASSERT_TRUE(created) << created.error();
    module = std::move(*created);
    function = module->function<StepFn>("f");
    ASSERT_TRUE(function);
  }

  void add(float a, float b, float c) {
    // Both halves of a call see each triple once: vectors and scalars.
    values[0][count] = values[0][count + 32] = a;
    values[1][count] = values[1][count + 32] = b;
    values[2][count] = values[2][count + 32] = c;
    if (++count == 32)
      flush();
  }

  void flush() {
    void *arguments[] = {values[0], values[1], values[2], result};
    ASSERT_EQ(function(arguments, nullptr, nullptr), NIBBLE_OK);
    for (size_t i = 0; i < 64 && wrong < 10; ++i) {
      size_t at = i % 32;
      if (at >= count)
        continue;
      float expected = std::fma(values[0][at], values[1][at], values[2][at]);
      bool same = std::isnan(expected) ? std::isnan(result[i])
                                       : std::bit_cast<uint32_t>(expected) == std::bit_cast<uint32_t>(result[i]);
      ++checked;
      if (!same && ++wrong)
        ADD_FAILURE() << std::hexfloat << "fma(" << values[0][at] << ", " << values[1][at] << ", " << values[2][at]
                      << ") = " << expected << ", got " << result[i] << (i < 32 ? " (vector)" : " (scalar)");
    }
    count = 0;
  }

  Target target = Target::baseline(Arch::x86_64);
  Lowered lowered;
  std::unique_ptr<JitModule> module;
  StepFn *function = nullptr;
  float values[3][64] = {}, result[64] = {};
  size_t count = 0;
  int wrong = 0;
  int64_t checked = 0;
};

TEST_F(SoftwareFma, IsReported) {
  EXPECT_THAT(lowered.diagnostics,
              testing::HasSubstr("x86_64-linux-gnu has no fused multiply-add: 2 are computed in software"));
  EXPECT_THAT(lower(fmaModule, Target::parse("x86_64-linux-gnu,+fma").operator*()).diagnostics, "");
}

TEST_F(SoftwareFma, EdgeCases) {
  using limits = std::numeric_limits<float>;
  std::vector<float> edges = {0.0f,
                              1.0f,
                              1.5f,
                              3.0f,
                              0.1f,
                              limits::min(),
                              limits::max(),
                              limits::denorm_min(),
                              limits::infinity(),
                              limits::quiet_NaN(),
                              std::nextafter(1.0f, 2.0f),
                              std::nextafter(1.0f, 0.0f),
                              std::nextafter(limits::min(), 0.0f),
                              0x1p-75f,
                              0x1p-24f,
                              0x1p-12f,
                              0x1p64f,
                              0x1p12f,
                              0x1.000002p-63f,
                              0x1.fffffep63f,
                              0x1.5p-149f,
                              0x1.8p-148f,
                              8388607.0f,
                              16777215.0f,
                              0x1.000006p-74f};
  for (size_t i = edges.size(); i-- > 0;)
    edges.push_back(-edges[i]);
  for (float a : edges)
    for (float b : edges)
      for (float c : edges)
        add(a, b, c);
  flush();
  EXPECT_GE(checked, 2 * 125000);
}

TEST_F(SoftwareFma, RandomBits) {
  std::mt19937 random(7);
  for (int i = 0; i < 1000000; ++i)
    add(std::bit_cast<float>(static_cast<uint32_t>(random())), std::bit_cast<float>(static_cast<uint32_t>(random())),
        std::bit_cast<float>(static_cast<uint32_t>(random())));
  flush();
}

// The addend near minus the product, or near half a unit of it: where two roundings go wrong.
TEST_F(SoftwareFma, RandomNearTies) {
  std::mt19937 random(8);
  auto mantissa = [&] { return std::bit_cast<float>(0x3f800000u | (static_cast<uint32_t>(random()) >> 9)); };
  for (int i = 0; i < 1000000; ++i) {
    float a = mantissa(), b = mantissa();
    int exponent = static_cast<int>(random() % 60) - 30;
    float c = i % 2 ? -a * b * (1 + 0x1p-23f * static_cast<float>(exponent))
                    : std::ldexp(random() % 2 ? 1.0f : mantissa(), exponent);
    int scale = i % 3 == 0 ? -140 + static_cast<int>(random() % 30) : 0; // into the subnormal range
    add(std::ldexp(a, scale / 2), std::ldexp(b, scale - scale / 2), std::ldexp(random() % 2 ? c : -c, scale));
  }
  flush();
}

#endif

} // namespace
