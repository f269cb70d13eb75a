// Convolutions with groups of channels: every family of kernels, groups that fill their blocks and groups that do not,
// for each instruction set that this machine has.
#include "compiler/Target/Target.h"
#include "test/unit/SupportRun.h"

using namespace nibble;
using namespace nibble::test;

namespace {

class SupportConvGroups : public testing::TestWithParam<const char *> {};

TEST_P(SupportConvGroups, EveryFamilyEndingAndTail) {
  auto target = Target::parse(GetParam());
  ASSERT_TRUE(target);
  if (!target->runsOnHost())
    GTEST_SKIP() << target->whyNotOn(Target::host());
  const std::pair<const char *, const char *> operands[] = {
      {"f32", "f32"}, {"u8", "i8n"}, {"u8z", "i4n"},         {"i16", "i4n"},        {"u4", "ternary"},
      {"u1", "i2"},   {"i4", "u8"},  {"ternary", "ternary"}, {"binary", "ternary"}, {"binary", "binary"}};
  // Groups, and the input and output channels of each.
  const std::array<int64_t, 3> shapes[] = {{2, 5, 3},   {4, 1, 2},  {2, 8, 8},  {3, 4, 20}, {2, 32, 16}, {3, 64, 33},
                                           {2, 16, 40}, {5, 2, 16}, {8, 8, 17}, {2, 33, 1}, {2, 40, 136}};
  std::map<std::string, int> generated;
  size_t n = 0;
  for (auto [x, w] : operands) {
    CellRun run(target->str());
    int cells = 0;
    for (auto [groups, channels, outputs] : shapes)
      for (const bool isLast : {true, false}) {
        ++n;
        Cell cell{.x = Format::of(x), .w = Format::of(w), .layer = Layer::Grouped};
        cell.granularity = n % 3 ? Granularity::WeightChannel : Granularity::Tensor;
        cell.groups = groups, cell.channels = channels, cell.outputs = outputs;
        cell.ending = allEndings[n % 5];
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
    auto isUsed = [&](const char *family) {
      return llvm::any_of(generated, [&](auto &kernel) { return kernel.first.starts_with(family); });
    };
    EXPECT_TRUE(isUsed("dot_")) << "no group was computed by a dot kernel";
    EXPECT_TRUE(isUsed("lookup_b1b1")) << "no group was computed by a look-up kernel";
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, SupportConvGroups,
                         testing::Values("native", "x86_64-linux-gnu,+avx2,+fma", "x86_64-linux-gnu"),
                         [](const auto &info) {
                           std::string name;
                           for (char c : std::string(info.param))
                             if (std::isalnum(static_cast<unsigned char>(c)))
                               name += c;
                           return name;
                         });

} // namespace
