// Layers on generated dot kernels, for each instruction set that this machine has: bit-exact, with tails of channels,
// columns, tiles and pixels, and each width of packed weights is reached by the best kernel.
#include "compiler/Kernels/Kernels.h"
#include "test/unit/SupportRun.h"

using namespace nibble;
using namespace nibble::test;

namespace {

bool hasAll(const Target &target, std::string_view features) {
  for (std::string_view rest = features; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    if (!target.has(rest.substr(0, comma)))
      return false;
    rest.remove_prefix(std::min(rest.size(), comma + 1));
  }
  return true;
}

class SupportDot : public SupportTest {
protected:
  SupportDot() : SupportTest("x86_64-linux-gnu,") {}
};

TEST_P(SupportDot, EveryWidthLayerAndTail) {
  constexpr std::pair<const char *, const char *> pairs[] = {{"u8", "i8n"},     {"u8z", "i4n"},   {"u6", "i6"},
                                                             {"u8", "ternary"}, {"u4", "binary"}, {"i8", "i3n"}};
  constexpr Layer layers[] = {Layer::Conv3x3, Layer::Strided, Layer::Dilated,
                              Layer::Grouped, Layer::Conv1x1, Layer::Linear};
  // Taps must fill whole units of packed weights; a single one may have any length.
  const int64_t taps[] = {32, 8, 64, 16, 4}, lengths[] = {8, 35, 66, 49, 127, 96};
  const int64_t outputs[] = {17, 1, 16, 130, 33, 8, 31, 280};
  const int64_t blocks[] = {8, 16, 24, 40, 136}, few[] = {4, 8, 17, 36, 7, 64};
  const std::pair<int64_t, int64_t> images[] = {{5, 4}, {3, 27}, {14, 3}, {1, 1}, {4, 14}};
  size_t n = 0;
  for (auto [x, w] : pairs) {
    CellRun run(target->str());
    for (Layer layer : layers)
      for (int round = 0; round < 6; ++round, ++n) {
        Cell cell{.x = Format::of(x), .w = Format::of(w), .layer = layer, .ending = usualEndings[n % 5]};
        if (cell.w.kind == Format::Uniform)
          cell.granularity = Granularity::WeightChannel;
        bool windows = layer != Layer::Conv1x1 && layer != Layer::Linear;
        cell.channels = windows ? taps[(n + n / 5) % std::size(taps)] : lengths[n % std::size(lengths)];
        cell.outputs = outputs[(n + n / 8) % std::size(outputs)];
        if (layer == Layer::Grouped) // of each group: blocks of columns, and tails of them
          cell.outputs = blocks[n % std::size(blocks)], cell.channels = few[n % std::size(few)];
        else if (layer == Layer::Dilated && n % 2) // odd: columns are dilated, too
          cell.channels = few[n % std::size(few)] | 1;
        std::tie(cell.height, cell.width) = images[n % std::size(images)];
        cell.padded = n % 3 != 0 || std::min(cell.height, cell.width) < 3;
        expectAdded(run, cell);
      }
    expectExact(run);
  }
  for (int bits : {8, 4, 2, 1})
    for (const kernels::KernelInfo &kernel : kernels::allKernels())
      if (kernel.weightBits == bits && hasAll(*target, kernel.features)) {
        EXPECT_GT(generated[std::string(kernel.name)], 0) << kernel.name << " computed no layer";
        break;
      }
}

// Single rows against more columns than one work item has: the tiles of a call are spread over the matrix, if they
// divide it.
TEST_P(SupportDot, RowsAgainstWideMatrices) {
  constexpr std::pair<const char *, const char *> pairs[] = {
      {"u8", "i8n"}, {"u8z", "i4n"}, {"u8", "ternary"}, {"u4", "binary"}};
  CellRun run(target->str());
  size_t n = 0;
  for (auto [x, w] : pairs)
    for (const int64_t outputs : {256, 272, 500, 8})
      for (const int64_t channels : {515, 1024}) {
        Cell cell{.x = Format::of(x), .w = Format::of(w), .layer = Layer::Linear, .ending = usualEndings[n++ % 5]};
        cell.channels = channels, cell.outputs = outputs;
        expectAdded(run, cell);
      }
  expectExact(run);
}

INSTANTIATE_TEST_SUITE_P(Targets, SupportDot, testing::Values("+avx2", "+avxvnni", "+avx512vnni,+avx512bw"),
                         targetName);

} // namespace
