// Layers whose weights have group scales (rule R7.5): every format of activations with every width of weights, for each
// instruction set that this machine has.
#include "test/unit/SupportRun.h"

using namespace nibble;
using namespace nibble::test;

namespace {

class SupportGroups : public SupportTest {};

TEST_P(SupportGroups, EveryFormatEndingAndTail) {
  const char *activations[] = {"f32", "u8", "i8", "u8z", "i16", "u4", "i3n", "u1", "binary", "ternary"};
  const char *weights[] = {"i8n", "i8", "i7", "u6", "i5n", "i4n", "i4", "u4", "i3n", "i2", "u2", "u1"};
  // Groups and their number; 16 k are half a unit of packed bits.
  const std::pair<int64_t, int64_t> lengths[] = {{16, 1}, {16, 3}, {32, 2}, {48, 1}, {128, 2}, {80, 3}};
  const int64_t outputs[] = {17, 1, 16, 130, 33, 8};
  const std::pair<int64_t, int64_t> images[] = {{3, 4}, {1, 1}, {2, 27}};
  size_t n = 0;
  for (const char *x : activations) {
    CellRun run(target->str());
    for (const char *w : weights) {
      ++n;
      Cell cell{.x = Format::of(x), .w = Format::of(w), .layer = n % 3 ? Layer::Linear : Layer::Conv1x1};
      cell.ending = usualEndings[n % 5];
      const auto [group, count] = lengths[n % std::size(lengths)];
      cell.group = group, cell.channels = group * count;
      cell.outputs = outputs[n / 2 % std::size(outputs)];
      std::tie(cell.height, cell.width) = images[n % std::size(images)];
      if (n % 4 == 0 && cell.ending != Ending::Scaled)
        cell.residual = Format::of(n % 8 ? "f32" : "u8z");
      expectAdded(run, cell);
    }
    expectExact(run);
  }
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
                         targetName);

} // namespace
