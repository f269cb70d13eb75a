// The packed weights that kernels read are those that compiler/Layout declares.
#include "test/unit/KernelDotSupport.h"

#include "compiler/Layout/Layout.h"

using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

class KernelLayout : public KernelTest {};

TEST_P(KernelLayout, IsTheDotTile) {
  for (const int64_t run : {1, 4, 30, 32, 67, 200})
    for (const int tiles : {1, 3}) {
      constexpr int64_t outer = 2;
      DotParams params{1, 0, 0, run};
      params.tiles = tiles;
      params.bTileStride = outer * stepBytes(kernel(), run);
      params.widenEvery = kernel().accumulation == Accumulation::Windows16 ? 8 : 0;
      Operands operands(kernel(), params, outer);
      operands.fill(Operands::Values::Random, 17);
      std::vector<int64_t> values; // [channel][outer][run]
      for (int tile = 0; tile < tiles; ++tile)
        for (int n = 0; n < kernel().columns; ++n)
          for (int64_t o = 0; o < outer; ++o)
            for (int64_t k = 0; k < run; ++k)
              values.push_back(operands.weight(tile, o, k, n));
      const int64_t shape[] = {int64_t(tiles) * kernel().columns, outer, run};
      const auto layout = nibble::layout::dotTile(3, kernel().weightBits, kernel().columns);
      const auto bytes = nibble::layout::pack(layout, values, shape);
      ASSERT_TRUE(bytes) << bytes.error();
      std::vector<int8_t> packed = operands.packB();
      ASSERT_EQ(packed.size(), bytes->size());
      // Of one-bit fields behind the run each side makes something else: only the others must agree.
      const auto back =
          nibble::layout::unpack(layout, {reinterpret_cast<uint8_t *>(packed.data()), packed.size()}, shape);
      ASSERT_TRUE(back) << back.error();
      EXPECT_EQ(values, *back);
      if (kernel().weightBits > 1)
        EXPECT_EQ(std::vector<int8_t>(bytes->begin(), bytes->end()), packed);
    }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelLayout, ::testing::ValuesIn(testedKernels()), kernelName);

} // namespace
