// Convolutions with groups of channels: every family of kernels, groups that fill their blocks and groups that do not,
// for each instruction set that this machine has.
#include "test/unit/SupportRun.h"

using namespace nibble;
using namespace nibble::test;

namespace {

class SupportConvGroups : public SupportTest {};

TEST_P(SupportConvGroups, EveryFamilyEndingAndTail) {
  const std::pair<const char *, const char *> operands[] = {
      {"f32", "f32"}, {"u8", "i8n"}, {"u8z", "i4n"},         {"i16", "i4n"},        {"u4", "ternary"},
      {"u1", "i2"},   {"i4", "u8"},  {"ternary", "ternary"}, {"binary", "ternary"}, {"binary", "binary"}};
  // Groups, and the input and output channels of each.
  const std::array<int64_t, 3> shapes[] = {{2, 5, 3},   {4, 1, 2},  {2, 8, 8},  {3, 4, 20}, {2, 32, 16}, {3, 64, 33},
                                           {2, 16, 40}, {5, 2, 16}, {8, 8, 17}, {2, 33, 1}, {2, 40, 136}};
  size_t n = 0;
  for (auto [x, w] : operands) {
    CellRun run(target->str());
    for (auto [groups, channels, outputs] : shapes)
      for (const bool isLast : {true, false}) {
        ++n;
        Cell cell{.x = Format::of(x), .w = Format::of(w), .layer = Layer::Grouped};
        cell.granularity = n % 3 ? Granularity::WeightChannel : Granularity::Tensor;
        cell.groups = groups, cell.channels = channels, cell.outputs = outputs;
        cell.ending = usualEndings[n % 5];
        cell.padded = n % 4 != 0;
        if (cell.x.kind == Format::Binary)
          cell.padding = n % 2 ? PadValue::PlusOne : PadValue::MinusOne;
        if (n % 4 == 1 && cell.ending != Ending::Scaled)
          cell.residual = Format::of(n % 8 == 1 ? "f32" : "u8z");
        // What reads the result decides how it is stored: signs in bits for the second layer.
        if (!isLast) {
          cell.ending = cell.x.kind == Format::Binary ? Ending::Sign : Ending::U4;
          cell.second = Format::of(cell.x.kind == Format::Binary ? "binary" : "i4n");
        }
        if (!cell.x.onGrid() && cell.second)
          continue;
        expectAdded(run, cell);
      }
    expectExact(run);
  }
  if (target->has("fma") && target->has("avx2")) {
    auto isUsed = [&](const char *family) {
      return llvm::any_of(generated, [&](auto &kernel) { return kernel.first.starts_with(family); });
    };
    EXPECT_TRUE(isUsed("dot_")) << "no group was computed by a dot kernel";
    const char *binary = target->has("avx512vpopcntdq") ? "count_b1b1" : "lookup_b1b1";
    EXPECT_TRUE(isUsed(binary)) << "no group was computed by a kernel " << binary;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, SupportConvGroups,
                         testing::Values("native", "x86_64-linux-gnu,+avx2,+fma", "x86_64-linux-gnu"), targetName);

} // namespace
