// Builds small networks op by op for the tests of freezing and lowering, and runs them through passes and the
// interpreter.
#pragma once
#include "compiler/Graph/Passes.h"
#include "compiler/Quantize/Passes.h"
#include "compiler/Reference/Interpreter.h"
#include "dialects/Nibble/IR/Nibble.h"
#include <random>

namespace nibble::test {

/// One function "net" under construction. Weights come from nibble-bind-weights{seed}.
class Net {
public:
  using Value = mlir::Value;
  using Shape = std::vector<int64_t>;

  explicit Net(const Shape &input);

  Value input() { return function.getArgument(0); }
  Value param(const Shape &shape, Init init = Init::HeNormal);
  /// An activation quantiser with a range of its own, or sign (bits 1 and signed).
  Value act(Value x, unsigned bits, bool isSigned = false, bool symmetric = true);
  /// Weights of this shape: bits 0 ternary, 1 binary, 32 float, else narrow symmetric.
  Value weight(const Shape &shape, unsigned bits, bool perChannel = true);
  /// fake_quant with constant scales, as freezing leaves it: symmetric, of 8 bits; one scale, or one per index of
  /// dimension 0.
  Value frozen(Value x, bool isSigned, llvm::ArrayRef<float> scales);
  Value linear(Value x, Value w);
  Value conv(Value x, Value w, int64_t stride = 1, int64_t pad = 0, int64_t groups = 1,
             PadValue value = PadValue::Zero);
  /// `mixed`: gammas of both signs.
  Value norm(Value x, bool mixed = false);
  Value bias(Value x) { return add(x, param({channels(x)}, Init::Zeros)); }
  Value scale(Value x) { return MulOp::create(builder, loc, x, param({channels(x)}, Init::Zeros)); }
  Value add(Value x, Value y) { return AddOp::create(builder, loc, x, y); }
  Value relu(Value x) { return ReluOp::create(builder, loc, x); }
  Value clip(Value x, float lo, float hi) {
    return ClipOp::create(builder, loc, x, builder.getF32FloatAttr(lo), builder.getF32FloatAttr(hi));
  }
  Value maxPool(Value x, int64_t window);
  Value averagePool(Value x, int64_t window);
  Value globalAverage(Value x) { return GlobalAvgPoolOp::create(builder, loc, x); }
  Value concat(Value x, Value y) {
    return ConcatOp::create(builder, loc, mlir::ValueRange{x, y}, builder.getI64IntegerAttr(3));
  }
  Value flatten(Value x);
  Value softmax(Value x) { return SoftmaxOp::create(builder, loc, x); }
  void finish(Value result);

  /// Runs one pass over the module; the messages of a failure are in `message`.
  bool run(std::unique_ptr<mlir::Pass> pass);
  bool bind(uint64_t seed = 1);
  bool freeze() { return run(createFreeze(nullptr)); }
  bool lower() { return run(createLowerToIntegers()); }
  bool chooseThresholds() { return run(createChooseThresholds()); }
  /// The result for a batch of `rows` random images; empty after a message.
  std::vector<float> evaluate(int64_t rows, uint32_t seed);
  template <typename Op>
  std::vector<Op> all() {
    std::vector<Op> ops;
    function.walk([&](Op op) { ops.push_back(op); });
    return ops;
  }
  template <typename Op>
  int count() {
    return static_cast<int>(all<Op>().size());
  }

  std::string message;

private:
  int64_t channels(Value x) { return mlir::cast<mlir::RankedTensorType>(x.getType()).getShape().back(); }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::OpBuilder builder;
  mlir::Location loc;
  mlir::func::FuncOp function;
  int parameters = 0;
};

} // namespace nibble::test
