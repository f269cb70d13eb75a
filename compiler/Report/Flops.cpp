// Counting multiply-accumulates of contractions.
#include "compiler/Report/Flops.h"
#include "compiler/Pack/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nibble::report {
namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// Taps inside the input along one dimension, summed over all outputs.
int64_t validTaps(int64_t outputs, int64_t input, int64_t window, int64_t stride, int64_t dilation, int64_t before) {
  // Taps that lie below a row.
  auto below = [&](int64_t row) { return std::min(window, row > 0 ? (row + dilation - 1) / dilation : 0); };
  int64_t taps = 0;
  for (int64_t o = 0; o < outputs; ++o) {
    int64_t first = o * stride - before;
    taps += below(input - first) - below(-first);
  }
  return taps;
}

/// `image` [N, H, W, C], `weight` [O, KH, KW, C / groups], `result` [N, OH, OW, O].
int64_t convolution(ArrayRef<int64_t> image, ArrayRef<int64_t> weight, ArrayRef<int64_t> result,
                    ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations, PaddingAttr padding) {
  int64_t rows = validTaps(result[1], image[1], weight[1], strides[0], dilations[0], padding.getTop());
  int64_t columns = validTaps(result[2], image[2], weight[2], strides[1], dilations[1], padding.getLeft());
  return result[0] * rows * columns * weight[3] * weight[0];
}

} // namespace

int64_t multiplyAccumulates(func::FuncOp function) {
  int64_t total = 0;
  function.walk([&](Operation *op) {
    total +=
        llvm::TypeSwitch<Operation *, int64_t>(op)
            .Case([](Conv2dOp c) {
              return convolution(shapeOf(c.getInput()), shapeOf(c.getWeight()), shapeOf(c.getResult()), c.getStrides(),
                                 c.getDilations(), c.getPadding());
            })
            .Case([](Conv2dGradInputOp c) {
              return convolution(shapeOf(c.getResult()), shapeOf(c.getWeight()), shapeOf(c.getGradient()),
                                 c.getStrides(), c.getDilations(), c.getPadding());
            })
            .Case([](Conv2dGradWeightOp c) {
              return convolution(shapeOf(c.getInput()), shapeOf(c.getResult()), shapeOf(c.getGradient()),
                                 c.getStrides(), c.getDilations(), c.getPadding());
            })
            .Case([](LinearOp l) { return shapeOf(l.getInput())[0] * l.getWeight().getType().getNumElements(); })
            .Case([](LinearGradInputOp l) {
              return shapeOf(l.getGradient())[0] * cast<RankedTensorType>(l.getWeight().getType()).getNumElements();
            })
            .Case([](LinearGradWeightOp l) {
              return shapeOf(l.getGradient())[0] * cast<RankedTensorType>(l.getResult().getType()).getNumElements();
            })
            .Default([](Operation *) { return int64_t(0); });
  });
  return total;
}

int64_t multiplyAccumulatesPerImage(TileOp tile) {
  SmallVector<int64_t> result(shapeOf(tile.getResult()));
  result[0] = 1; // of any batch
  auto was = tile->getAttrOfType<DenseI64ArrayAttr>(flattenedAttrName);
  if (was && was.size() == 6 && llvm::all_of(was.asArrayRef().drop_back(), [](int64_t v) { return v > 0; })) {
    const int64_t window[] = {shapeOf(tile.getWeight())[0], shapeOf(tile.getWeight())[1], was[2], was[1]};
    const int64_t rows = shapeOf(tile.getInput())[1];
    PaddingAttr p = tile.getPadding();
    return convolution({1, rows, was[0], was[1]}, window, result, {tile.getStrides()[0], was[3]},
                       {tile.getDilations()[0], was[4]},
                       PaddingAttr::get(tile.getContext(), p.getTop(), was[5], p.getBottom(), 0, p.getValue()));
  }
  return convolution(shapeOf(tile.getInput()), shapeOf(tile.getWeight()), result, tile.getStrides(),
                     tile.getDilations(), tile.getPadding());
}

} // namespace nibble::report
