// Lowering of one straight-line function of nibble ops to the kernels stage.
#ifndef NIBBLE_COMPILER_CODEGEN_LOWERING_H
#define NIBBLE_COMPILER_CODEGEN_LOWERING_H

#include "compiler/Codegen/Reduce.h"
#include "compiler/Codegen/Scalar.h"
#include "compiler/Target/Target.h"
#include "llvm/ADT/DenseMap.h"

namespace nibble::codegen {

/// A value of the source function: in memory, or as a recipe. Integers of grids are always "minus zero point" here.
struct LoweredValue {
  mlir::RankedTensorType type;
  bool batched = false; ///< dimension 0 counts images
  Buffer real;          ///< f32 values
  Buffer grid;          ///< integers: I16, U8, Bits, Fields, or F32 (training)
  Buffer acc;           ///< raw i32 accumulators
  std::optional<Expr> realExpr, gridExpr, accExpr;
  Buffer scale;                     ///< f32: one, or one per row or group of the weights; training computes it
  int64_t scaleGroup = 0;           ///< so many neighbours share an element of `scale`; 0: no groups
  mlir::DenseElementsAttr constant; ///< of nibble.constant
};

/// Scale and zero point (f32 buffers) of a quantiser, and its grid.
struct QuantizerValues {
  Buffer scale, zero;
  int64_t qmin, qmax;
  bool perRow;
  int64_t group = 0; ///< So many neighbours share a scale.
  Expr scales() const { return group ? perGroup(scale, group) : perRow ? codegen::perRow(scale) : perColumn(scale); }
};

class Lowering {
public:
  Lowering(mlir::func::FuncOp source, mlir::ModuleOp target, const Target &machine);
  mlir::LogicalResult run();

private:
  // Driver (LowerToKernels.cpp).
  mlir::LogicalResult lower(mlir::Operation *op);
  mlir::LogicalResult signature();
  mlir::LogicalResult results(mlir::func::ReturnOp op);

  // Access to values (LoweringValues.cpp). `View` of a tensor: batched: columns = last dimension; weights: rows =
  // dimension 0.
  View viewOf(const LoweredValue &v);
  int64_t elementsOf(const LoweredValue &v); ///< of the whole tensor
  LoweredValue &get(Value v);
  LoweredValue &define(Value v, bool batched);
  Expr real(Value v);
  Expr ints(Value v);
  Expr accumulator(Value v);
  Buffer realBuffer(Value v);
  Buffer gridBuffer(Value v);
  /// Stores what the op of `v` has left as a recipe; the region counts as that op's, not as its reader's.
  void store(Value v, llvm::StringRef suffix, const Expr &expr, const Buffer &target);
  void setReal(Value result, bool batched, Expr expr);
  Buffer place(Value v, Elem elem, llvm::StringRef suffix = "");
  /// A vector operand of an elementwise op: per channel, single, or the whole tensor.
  Expr broadcastOperand(Value lhs, Value rhs);
  std::string nameOf(mlir::Operation *op);
  Expr dequantized(const LoweredValue &v, Expr integers);

  // Graph ops (LowerGraph.cpp, LowerShapes.cpp, LowerSoftmax.cpp).
  mlir::LogicalResult lowerGraphOp(mlir::Operation *op);
  mlir::LogicalResult lowerContraction(mlir::Operation *op, ConvShape shape, Value x, Value w, bool accumulate,
                                       PadValue padding = PadValue::Zero);
  /// Operands of a contraction with group scales (R7.5), but for the packed weights.
  mlir::LogicalResult lowerGroups(mlir::Operation *op, const ConvShape &shape, Value x, Value w, int64_t group,
                                  ContractionOperands &operands);
  mlir::LogicalResult lowerQuantizer(mlir::Operation *op);
  /// sx * sw of group scales [O, C / group], in blocks of 16 output channels, as a contraction reads them.
  Buffer groupScales(llvm::StringRef name, mlir::Location loc, const ConvShape &shape, const Buffer &input,
                     const Buffer &weights, int64_t group);
  QuantizerValues quantizerValues(mlir::Operation *op, Value input, Value range, QuantizerAttr q,
                                  std::optional<llvm::ArrayRef<float>> scales,
                                  std::optional<llvm::ArrayRef<int64_t>> zeros);
  /// Scales of a ternary quantiser: one, or one per row; nothing after an error.
  std::optional<Buffer> ternaryScales(mlir::Operation *op, Value input, TernaryRule rule, std::optional<uint64_t> axis,
                                      std::optional<llvm::ArrayRef<float>> scales);
  Expr quantizedInts(const Expr &x, const QuantizerValues &q);
  mlir::LogicalResult lowerRequantize(RequantizeOp op);
  mlir::LogicalResult lowerShapeOp(mlir::Operation *op);
  mlir::LogicalResult lowerSoftmaxOp(mlir::Operation *op);
  /// Copies a window of `size` from `source` (element type of the buffers) to `target`; both row-major with these
  /// shapes.
  void copyWindow(llvm::StringRef name, mlir::Location loc, const Buffer &source, llvm::ArrayRef<int64_t> sourceShape,
                  llvm::ArrayRef<int64_t> sourceOffset, const Buffer &target, llvm::ArrayRef<int64_t> targetShape,
                  llvm::ArrayRef<int64_t> targetOffset, llvm::ArrayRef<int64_t> size, bool batched);
  /// Sets every storage element (word of Bits) of a buffer seen as [rows, cols] to `raw`; the last word of a Bits row
  /// to `lastRaw`.
  void fill(llvm::StringRef name, mlir::Location loc, const Buffer &target, int64_t rows, int64_t cols, int64_t raw,
            int64_t lastRaw, bool batched);

  /// An image with constant values around it, for padding that is not skipped (binary convolutions, R3).
  Buffer withBorder(llvm::StringRef name, mlir::Location loc, const Buffer &source, int64_t images,
                    const ConvShape &shape, float value, bool batched);

  // Training ops (LowerTrain.cpp, LowerGradients.cpp).
  mlir::LogicalResult lowerTrainOp(mlir::Operation *op);
  bool readsParameter(Value value, Value own);
  void storeGradients();
  mlir::LogicalResult lowerGradientOp(mlir::Operation *op);
  Buffer flippedDepthwise(const std::string &name, mlir::Location loc, const Buffer &weights, int64_t taps,
                          int64_t channels);

  // Packed and tiled ops (LowerTile.cpp).
  mlir::LogicalResult lowerPackedOp(mlir::Operation *op);
  mlir::LogicalResult lowerTile(TileOp op);
  /// What kernels that multiply bytes work on.
  struct ByteOperands {
    Buffer input;
    std::vector<int64_t> weights; ///< In the order of their indices.
    int64_t zero, activationMax;  ///< How the input stores 0, and the largest number that it stores.
  };
  /// An error where the input of the tile is not in unsigned bytes, or its weights are not what their layout says.
  mlir::FailureOr<ByteOperands> byteOperandsOf(TileOp op);
  mlir::LogicalResult lowerDotKernel(TileOp op, const ConvShape &shape, const Epilogue &epilogue, const Buffer &output,
                                     bool batched);
  mlir::LogicalResult lowerLookupKernel(TileOp op, const ConvShape &shape, const Epilogue &epilogue,
                                        const Buffer &output, bool batched);
  mlir::LogicalResult lowerListedKernel(TileOp op, const ConvShape &shape, const Epilogue &epilogue,
                                        const Buffer &output, bool batched);
  mlir::LogicalResult lowerDepthwiseKernel(TileOp op, const ConvShape &shape, const Epilogue &epilogue,
                                           const Buffer &output, bool batched);
  Epilogue epilogueOf(TileOp op, llvm::StringRef name);
  Elem elemOf(mlir::RankedTensorType type);
  int64_t zeroOf(mlir::Type type);
  /// How bytes, and unsigned fields of two bits, store 0: they hold q - qmin.
  int64_t storedZero(mlir::Type type);
  /// The same where `elem` is such a storage; else 0.
  int64_t storedZero(mlir::Type type, Elem elem);

  mlir::func::FuncOp source;
  const Target &machine;
  int64_t batch = 1;
  bool dynamicBatch = false;
  std::unique_ptr<Emitter> emitter;
  llvm::DenseMap<Value, std::unique_ptr<LoweredValue>> values; ///< References to them outlive further definitions.
  llvm::DenseMap<Value, Buffer> assigned;                      ///< where a returned value is to be written
  std::vector<std::pair<std::vector<const void *>, QuantizerValues>> quantizerCache;
  const TileShape tile;
  bool updating = false;                              ///< An update of a parameter has been lowered.
  llvm::DenseMap<mlir::Operation *, int64_t> numbers; ///< Of the ops in the body of `source`.
};

} // namespace nibble::codegen

#endif
