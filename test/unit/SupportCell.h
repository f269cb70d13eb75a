// One cell of the support matrix: a small frozen model of one layer, built op by op.
#pragma once
#include "dialects/Nibble/IR/Nibble.h"
#include "test/unit/CompiledRun.h"

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
enum class Layer { Conv3x3, Strided, Conv1x1, Depthwise, Grouped, Linear };
inline constexpr Layer allLayers[] = {Layer::Conv3x3,   Layer::Strided, Layer::Conv1x1,
                                      Layer::Depthwise, Layer::Grouped, Layer::Linear};
/// What follows the contraction.
enum class Ending { Scaled, Affine, U8, U4, Sign };
inline constexpr Ending allEndings[] = {Ending::Scaled, Ending::Affine, Ending::U8, Ending::U4, Ending::Sign};

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
  PadValue padding = PadValue::Zero;
  bool padded = true;                  ///< Windows of 3 x 3: `height` and `width` are kept, else at least 3.
  std::optional<Format> residual = {}; ///< Added by the requantisation.
  /// Another layer reads the result, a 1 x 1 convolution with weights of this format.
  std::optional<Format> second = {};

  std::string text() const;
};

/// The file that every op of a cell is said to come from; which line says which part of the model it is.
inline constexpr const char *cellFile = "model.cpp";

/// Why a model was refused: the first error, which must name an op and a place of the model and say what to do.
struct Refusal {
  std::string message;
  std::string place; ///< "model.cpp:3", or empty if the error has none.
  /// What is missing of op, place, reason and advice; empty if nothing is.
  std::string flaw() const;
  /// The message without op, types and numbers.
  std::string reason() const;
};

/// Makes a module of one frozen function, or says why it cannot be built.
std::optional<Refusal> buildCell(mlir::ModuleOp module, llvm::StringRef name, const Cell &cell, uint64_t seed);

/// Takes a module of frozen functions to the kernels stage; the refusal if a stage has one. A failure without an error
/// is a refusal with an empty message.
std::optional<Refusal> toKernels(mlir::ModuleOp module, llvm::StringRef target, int64_t batchTile);

/// Cells of one module: each is either refused or compiled, run and compared with the interpreter on the frozen
/// function.
class CellRun {
public:
  explicit CellRun(std::string target = "native", int level = 0) : target(std::move(target)), level(level) {}
  ~CellRun();

  /// Adds a frozen function that is not one of `Cell`, in text form; its name is free.
  void addText(const std::string &what, const std::string &text);
  /// The refusal, if the cell has one.
  std::optional<Refusal> add(const Cell &cell);
  /// Compiles and runs what was not refused: a batch of more images than the tile has, with 1 and 2 threads. Gives the
  /// number of functions that were bit-exact; a test failure for each other one.
  int run();

  static constexpr int64_t tile = 2, batch = 5;

private:
  std::optional<Refusal> lower(mlir::OwningOpRef<mlir::ModuleOp> module, const std::string &what);

  struct Accepted {
    std::string what;
    mlir::OwningOpRef<mlir::ModuleOp> frozen;
  };
  std::string target;
  int level;
  Session session;
  mlir::OwningOpRef<mlir::ModuleOp> kernels;
  std::vector<Accepted> accepted;
};

} // namespace nibble::test
