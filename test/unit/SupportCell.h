// One cell of the support matrix: a small frozen model of one layer, built op by op.
#pragma once
#include "dialects/Nibble/IR/Nibble.h"
#include <optional>
#include <string>

namespace nibble::test {

/// A number format as a user names it: "u4", "i8n" (narrow), "u8z" (with a zero point), "binary", "ternary", "f32".
struct Format {
  enum Kind { Float, Uniform, Binary, Ternary } kind = Float;
  std::string name = "f32";
  unsigned bits = 32;
  bool isSigned = true, narrow = false;
  int64_t zero = 0;

  static Format of(const std::string &name);
  bool onGrid() const { return kind != Float; }
};

enum class Granularity { Tensor, WeightChannel, ActivationChannel };
/// Dilated: rows of the window are 2 apart; with odd channels, columns are, too.
enum class Layer { Conv3x3, Strided, Dilated, Conv1x1, Depthwise, Grouped, Linear };
inline constexpr Layer allLayers[] = {Layer::Conv3x3,   Layer::Strided, Layer::Dilated, Layer::Conv1x1,
                                      Layer::Depthwise, Layer::Grouped, Layer::Linear};
/// What follows the contraction.
enum class Ending { Scaled, Affine, U8, U4, U2, Sign };
inline constexpr Ending usualEndings[] = {Ending::Scaled, Ending::Affine, Ending::U8, Ending::U4, Ending::Sign};

const char *nameOf(Granularity granularity);
const char *nameOf(Layer layer);
const char *nameOf(Ending ending);

struct Cell {
  Format x = {}, w = {};
  Granularity granularity = Granularity::Tensor;
  Layer layer = Layer::Conv3x3;
  Ending ending = Ending::Affine;
  int64_t channels = 8, outputs = 17; ///< Of one group; depthwise layers have `channels` of both.
  int64_t height = 5, width = 4;
  int64_t groups = 2; ///< Of grouped layers.
  int64_t group = 0;  ///< Weights have a scale for so many neighbouring channels; `granularity` is not looked at then.
  PadValue padding = PadValue::Zero;
  bool padded = true; ///< Windows of 3 x 3: `height` and `width` are kept, else at least 3.
  /// Added by the requantisation. One of 1 or 2 bits is also read by a 1 x 1 convolution with weights of as many, which
  /// is the second result: that decides how it is stored.
  std::optional<Format> residual = {};
  /// Another layer reads the result, a 1 x 1 convolution with weights of this format.
  std::optional<Format> second = {};
  std::string given = {};     ///< The kernel of the layer, if it is not to be chosen.
  bool packedReaders = false; ///< The layers that read its result and residual have look-up kernels where these can.

  std::string text() const;
};

/// The file that every op of a cell is said to come from; which line says which part of the model it is.
inline constexpr const char *cellFile = "model.cpp";

/// Appends the frozen function `name` to the module. False with an error in the context where it cannot be built.
bool buildCell(mlir::ModuleOp module, llvm::StringRef name, const Cell &cell, uint64_t seed);

} // namespace nibble::test
