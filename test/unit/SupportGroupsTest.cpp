// Layers whose weights have group scales (rule R7.5): every format of activations with every width of weights, for each
// instruction set that this machine has.
#include "compiler/Kernels/Kernels.h"
#include "compiler/Target/Target.h"
#include "test/unit/SupportRun.h"

using namespace nibble;
using namespace nibble::test;

namespace {

class SupportGroups : public testing::TestWithParam<const char *> {};

TEST_P(SupportGroups, EveryFormatEndingAndTail) {
  auto target = Target::parse(GetParam());
  ASSERT_TRUE(target);
  if (!target->runsOnHost())
    GTEST_SKIP() << target->whyNotOn(Target::host());
  const char *activations[] = {"f32", "u8", "i8", "u8z", "i16", "u4", "i3n", "u1", "binary", "ternary"};
  const char *weights[] = {"i8n", "i8", "i7", "u6", "i5n", "i4n", "i4", "u4", "i3n", "i2", "u2", "u1"};
  // Groups and their number; 16 k are half a unit of packed bits.
  const std::pair<int64_t, int64_t> lengths[] = {{16, 1}, {16, 3}, {32, 2}, {48, 1}, {128, 2}, {80, 3}};
  const int64_t outputs[] = {17, 1, 16, 130, 33, 8};
  const std::pair<int64_t, int64_t> images[] = {{3, 4}, {1, 1}, {2, 27}};
  std::map<std::string, int> generated;
  size_t n = 0;
  for (const char *x : activations) {
    CellRun run(target->str());
    int cells = 0;
    for (const char *w : weights) {
      ++n;
      Cell cell{.x = Format::of(x), .w = Format::of(w), .layer = n % 3 ? Layer::Linear : Layer::Conv1x1};
      cell.ending = allEndings[n % 5];
      const auto [group, count] = lengths[n % std::size(lengths)];
      cell.group = group, cell.channels = group * count;
      cell.outputs = outputs[n / 2 % std::size(outputs)];
      std::tie(cell.height, cell.width) = images[n % std::size(images)];
      if (n % 4 == 0 && cell.ending != Ending::Scaled)
        cell.residual = Format::of(n % 8 ? "f32" : "u8z");
      auto refusal = run.add(cell);
      EXPECT_FALSE(refusal) << cell.text() << ": " << refusal->message;
      cells += !refusal;
    }
    for (const auto &[name, count] : run.generatedKernels())
      generated[name] += count;
    EXPECT_EQ(run.run(), cells);
  }
  for (const auto &[name, count] : generated)
    std::printf("%5d pieces of machine code from %s\n", count, name.c_str());
  if (target->has("fma") && target->has("avx2")) {
    EXPECT_FALSE(generated.empty()) << "no layer was computed by a generated kernel";
  }
}

TEST(SupportGroups, RefusesWhatCannotBeRight) {
  Cell cell{.x = Format::of("u8"), .w = Format::of("i4n"), .channels = 32};
  cell.group = 16;
  CellRun run("native");
  auto refusal = run.add(cell);
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->message.find("only without padding"), std::string::npos) << refusal->message;
  cell.padded = false;
  refusal = run.add(cell);
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->message.find("the channels of one pixel"), std::string::npos) << refusal->message;
}

INSTANTIATE_TEST_SUITE_P(Targets, SupportGroups,
                         testing::Values("native", "x86_64-linux-gnu,+avx2,+fma", "x86_64-linux-gnu,+avx2",
                                         "x86_64-linux-gnu"),
                         [](const auto &info) {
                           std::string name;
                           for (char c : std::string(info.param))
                             if (std::isalnum(static_cast<unsigned char>(c)))
                               name += c;
                           return name;
                         });

} // namespace
