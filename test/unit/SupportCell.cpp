// Small frozen models of one layer.
#include "test/unit/SupportCell.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include <cmath>
#include <random>

using namespace mlir;

namespace nibble::test {

Format Format::of(const std::string &name) {
  if (name == "f32")
    return {};
  if (name == "binary")
    return {Binary, name, 1};
  if (name == "ternary")
    return {Ternary, name, 2};
  Format f{Uniform, name, 0, name[0] == 'i'};
  f.bits = static_cast<unsigned>(std::stoi(name.substr(1)));
  f.narrow = name.back() == 'n';
  if (name.back() == 'z')
    f.zero = f.isSigned ? -3 : (1 << f.bits) / 3;
  return f;
}

const char *nameOf(Granularity granularity) {
  switch (granularity) {
  case Granularity::Tensor:
    return "per tensor";
  case Granularity::WeightChannel:
    return "per output channel";
  case Granularity::ActivationChannel:
    return "activations per channel";
  }
  return "";
}

const char *nameOf(Layer layer) {
  switch (layer) {
  case Layer::Conv3x3:
    return "conv 3x3";
  case Layer::Strided:
    return "conv 3x3, stride 2";
  case Layer::Dilated:
    return "conv 3x3, dilation 2";
  case Layer::Conv1x1:
    return "conv 1x1";
  case Layer::Depthwise:
    return "depthwise 3x3";
  case Layer::Grouped:
    return "conv 3x3, groups";
  case Layer::Linear:
    return "linear";
  }
  return "";
}

const char *nameOf(Ending ending) {
  switch (ending) {
  case Ending::Scaled:
    return "to f32 by the scales";
  case Ending::Affine:
    return "to f32";
  case Ending::U8:
    return "to u8";
  case Ending::U4:
    return "to u4";
  case Ending::U2:
    return "to u2";
  case Ending::Sign:
    return "to binary";
  }
  return "";
}

std::string Cell::text() const {
  std::string s = x.name + " x " + w.name + ", " + nameOf(granularity) + ", " + nameOf(layer) + ", " +
                  std::to_string(channels) + " -> " + std::to_string(outputs) + " channels, " + nameOf(ending);
  if (layer == Layer::Grouped && groups != 2)
    s += ", " + std::to_string(groups) + " groups";
  if (group)
    s += ", groups of " + std::to_string(group);
  if (layer != Layer::Linear)
    s += ", image " + std::to_string(height) + " x " + std::to_string(width) + (padded ? "" : ", no padding");
  if (padding != PadValue::Zero)
    s += padding == PadValue::PlusOne ? ", padding +1" : ", padding -1";
  if (residual)
    s += ", residual " + residual->name;
  if (second)
    s += ", then 1x1 with " + second->name;
  return given.empty() ? s : s + ", kernel " + given;
}

namespace {

using Shape = std::vector<int64_t>;

class Builder {
public:
  Builder(ModuleOp module, StringRef name, const Cell &cell, uint64_t seed)
      : cell(cell), context(module.getContext()), builder(context), random(static_cast<uint32_t>(seed)) {
    builder.setInsertionPointToEnd(module.getBody());
    line = 1;
    Shape image = imageShape();
    SmallVector<Type> inputs{f32Tensor(image, context)};
    if (cell.residual)
      inputs.push_back(f32Tensor(layer().result, context));
    function = func::FuncOp::create(builder, at(), name, builder.getFunctionType(inputs, {}));
    builder.setInsertionPointToEnd(function.addEntryBlock());
    function.setArgAttr(0, "nibble.name", builder.getStringAttr("x"));
  }

  bool run() {
    line = 2;
    Value x = quantizeActivation(function.getArgument(0), cell.x);
    line = 3;
    Sizes sizes = layer();
    Value w = x ? quantizeWeight(sizes.weight, cell.w, cell.group) : Value();
    line = 4;
    Value y = w ? contract(x, w, sizes) : Value();
    if (y && !cell.given.empty())
      y.getDefiningOp()->setAttr("nibble.given_kernel", builder.getStringAttr(cell.given));
    line = 5;
    y = y ? requantize(y, sizes) : Value();
    if (y && cell.second)
      y = secondLayer(y, sizes.result.back(),
                      cell.ending == Ending::Sign ? Format::of("binary")
                      : cell.ending == Ending::U2 ? Format::of("u2")
                                                  : Format(),
                      *cell.second);
    SmallVector<Value> results{y};
    if (y && added && cell.residual->bits <= 2) {
      const bool isUniform = cell.residual->kind == Format::Uniform;
      results.push_back(
          secondLayer(added, sizes.result.back(), *cell.residual, isUniform ? Format::of("i2") : *cell.residual));
    }
    line = 7;
    if (llvm::is_contained(results, Value()))
      return false;
    func::ReturnOp::create(builder, at(), results);
    function.setType(builder.getFunctionType(function.getArgumentTypes(), ValueRange(results).getTypes()));
    for (unsigned i = 0; i < results.size(); ++i)
      function.setResultAttr(i, "nibble.name", builder.getStringAttr(i ? "z" : "y"));
    return succeeded(mlir::verify(function));
  }

private:
  struct Sizes {
    Shape weight, result;
    int64_t stride = 1, groups = 1, depth = 1;
    int64_t dilation[2] = {1, 1}, pad[2] = {0, 0}; ///< Of rows and columns.
  };

  Location at() { return FileLineColLoc::get(context, cellFile, static_cast<unsigned>(line), 1); }

  int64_t groups() const { return cell.layer == Layer::Grouped ? cell.groups : 1; }
  Shape imageShape() {
    int64_t channels = cell.channels * groups();
    return cell.layer == Layer::Linear ? Shape{ShapedType::kDynamic, channels}
                                       : Shape{ShapedType::kDynamic, cell.height, cell.width, channels};
  }
  Sizes layer() {
    int64_t c = cell.channels, o = cell.outputs;
    switch (cell.layer) {
    case Layer::Linear:
      return {{o, c}, {ShapedType::kDynamic, o}, 1, 1, c};
    case Layer::Conv1x1:
      return {{o, 1, 1, c}, {ShapedType::kDynamic, cell.height, cell.width, o}, 1, 1, c};
    case Layer::Depthwise:
      return window(c, 1, c);
    case Layer::Grouped:
      return window(cell.groups * o, c, cell.groups);
    case Layer::Conv3x3:
    case Layer::Strided:
    case Layer::Dilated:
      break;
    }
    return window(o, c, 1);
  }
  Sizes window(int64_t outputs, int64_t inputs, int64_t groups) {
    Sizes sizes{
        {outputs, 3, 3, inputs}, {ShapedType::kDynamic}, cell.layer == Layer::Strided ? 2 : 1, groups, 9 * inputs};
    for (int i : {0, 1}) {
      int64_t size = i ? cell.width : cell.height;
      if (cell.layer == Layer::Dilated && (cell.padded || size >= 5) && (i == 0 || inputs % 2))
        sizes.dilation[i] = 2;
      sizes.pad[i] = cell.padded ? sizes.dilation[i] : 0;
      sizes.result.push_back((size + 2 * sizes.pad[i] - 2 * sizes.dilation[i] - 1) / sizes.stride + 1);
    }
    sizes.result.push_back(outputs);
    return sizes;
  }

  float uniform(float lo, float hi) { return lo + (hi - lo) * static_cast<float>(random() >> 8) * 0x1p-24f; }

  /// Scales of `format`, random around one that spreads its grid over [-4, 4].
  std::vector<float> scales(const Format &format, int64_t count) {
    float top = format.kind == Format::Ternary
                    ? 1.0f
                    : static_cast<float>((1 << (format.bits - format.isSigned)) - 1 + (format.bits == format.isSigned));
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(uniform(2.5f, 4.5f) / top);
    return values;
  }

  /// A quantiser of `value`: with one scale, one for each index of `axis`, or one for each `group` neighbours.
  Value quantize(Value value, const Format &format, int64_t axis, int64_t group = 0) {
    auto type = cast<RankedTensorType>(value.getType());
    if (format.kind == Format::Float)
      return value;
    if (format.kind == Format::Binary)
      return SignOp::create(builder, at(), f32Tensor(type.getShape(), context, BinaryType::get(context)), value,
                            Estimator::Clipped);
    std::vector<float> s = scales(format, group      ? type.getNumElements() / group
                                          : axis < 0 ? 1
                                                     : type.getDimSize(static_cast<unsigned>(axis)));
    SmallVector<double> exact(s.begin(), s.end());
    if (format.kind == Format::Ternary) {
      Type grid = TernaryType::get(context, axis, DenseF64ArrayAttr::get(context, exact));
      return TernarizeOp::create(builder, at(), f32Tensor(type.getShape(), context, grid), value, TernaryRule::Fixed,
                                 axis < 0 ? IntegerAttr() : builder.getI64IntegerAttr(axis),
                                 builder.getDenseF32ArrayAttr(s), Estimator::Identity);
    }
    auto quantizer = QuantizerAttr::getChecked([&] { return emitError(at()); }, context, format.bits, format.isSigned,
                                               format.narrow, format.zero == 0, axis, Estimator::Clipped, group);
    if (!quantizer)
      return {};
    SmallVector<int64_t> zeros;
    if (format.zero)
      zeros.assign(s.size(), format.zero);
    return FakeQuantOp::create(
        builder, at(), f32Tensor(type.getShape(), context, quantizer.getScaledType(exact, zeros, type.getShape())),
        value, Value(), quantizer, builder.getDenseF32ArrayAttr(s),
        zeros.empty() ? DenseI64ArrayAttr() : builder.getDenseI64ArrayAttr(zeros));
  }

  Value quantizeActivation(Value x, const Format &format) {
    auto rank = cast<RankedTensorType>(x.getType()).getRank();
    return quantize(x, format, cell.granularity == Granularity::ActivationChannel ? rank - 1 : -1);
  }

  /// Random weights that reach both ends of the grid.
  Value quantizeWeight(const Shape &shape, const Format &format, int64_t group = 0) {
    auto type = RankedTensorType::get(shape, builder.getF32Type());
    std::vector<float> values;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      values.push_back(random() % 8 ? uniform(-4.0f, 4.0f) : random() % 2 ? 5.0f : -5.0f);
    Value constant = ConstantOp::create(builder, at(), type, DenseElementsAttr::get(type, ArrayRef(values)));
    return quantize(constant, format, cell.granularity == Granularity::WeightChannel && !group ? 0 : -1, group);
  }

  Value contract(Value x, Value w, const Sizes &sizes) {
    bool accumulate = cell.x.onGrid() && cell.w.onGrid() && cell.ending != Ending::Scaled && !cell.group;
    auto type = RankedTensorType::get(sizes.result, accumulate ? Type(builder.getI32Type()) : builder.getF32Type());
    UnitAttr flag = accumulate ? builder.getUnitAttr() : UnitAttr();
    if (cell.layer == Layer::Linear)
      return LinearOp::create(builder, at(), type, x, w, flag);
    auto padding = PaddingAttr::get(context, sizes.pad[0], sizes.pad[1], sizes.pad[0], sizes.pad[1], cell.padding);
    return Conv2dOp::create(builder, at(), type, x, w, builder.getDenseI64ArrayAttr({sizes.stride, sizes.stride}),
                            padding, builder.getI64IntegerAttr(sizes.groups), flag,
                            builder.getDenseI64ArrayAttr(sizes.dilation));
  }

  /// The typical size of a sum, so that results reach all of their grid.
  float typicalSum(const Sizes &sizes) {
    auto top = [](const Format &f) {
      return f.kind == Format::Uniform ? static_cast<float>((1 << (f.bits - f.isSigned)) - 1) + 1.0f : 1.0f;
    };
    float each = cell.x.onGrid() && cell.w.onGrid() && !cell.group ? top(cell.x) * top(cell.w) * 0.2f : 2.0f;
    return each * std::sqrt(static_cast<float>(sizes.depth));
  }

  Value requantize(Value acc, const Sizes &sizes) {
    if (cell.ending == Ending::Scaled)
      return acc;
    Type grid;
    float lo = -std::numeric_limits<float>::infinity(), hi = -lo, half = 1.0f;
    auto unsignedGrid = [&](unsigned bits, int64_t zero) {
      grid = QuantizerAttr::get(context, bits, false, false, zero == 0, -1, Estimator::Clipped, 0)
                 .getScaledType({0.25}, {zero}, {});
      lo = static_cast<float>(zero), hi = static_cast<float>((1 << bits) - 1), half = hi / 2;
    };
    if (cell.ending == Ending::U8)
      unsignedGrid(8, 5);
    else if (cell.ending == Ending::U4)
      unsignedGrid(4, 0);
    else if (cell.ending == Ending::U2)
      unsignedGrid(2, 1);
    else if (cell.ending == Ending::Sign)
      grid = BinaryType::get(context), lo = -1.0f, hi = 1.0f;
    SmallVector<float> multiplier, bias;
    float typical = typicalSum(sizes);
    for (int64_t c = 0; c < sizes.result.back(); ++c) {
      multiplier.push_back(half / typical * uniform(0.3f, 1.5f) * (random() % 4 ? 1.0f : -1.0f));
      bias.push_back(grid && cell.ending != Ending::Sign ? half + uniform(-0.5f, 0.5f) * half : uniform(-0.5f, 0.5f));
    }
    Value residual;
    FloatAttr factor;
    if (cell.residual) {
      residual = added = quantize(function.getArgument(1), *cell.residual, -1);
      if (!residual)
        return {};
      bool small = cell.residual->kind != Format::Uniform;
      factor = builder.getF32FloatAttr(half * (small ? 0.37f : 0.37f / static_cast<float>(1 << cell.residual->bits)));
    }
    return RequantizeOp::create(builder, at(), f32Tensor(sizes.result, context, grid), acc, residual, multiplier, bias,
                                ArrayRef(lo), ArrayRef(hi), factor, DenseI32ArrayAttr(), DenseI32ArrayAttr());
  }

  /// The look-up kernel for these operands, or none.
  static StringRef lookupFor(const Format &x, const Format &w) {
    auto isSigns = [](const Format &f) { return f.kind == Format::Binary || f.kind == Format::Ternary; };
    if (x.kind == Format::Binary && w.kind == Format::Binary)
      return "lookup_b1b1_avx2";
    if (isSigns(x) && isSigns(w))
      return "lookup_t2t2_avx2";
    return x.kind == Format::Uniform && x.bits == 2 && w.bits <= 2 ? "lookup_u2s2_avx2" : "";
  }

  Value secondLayer(Value y, int64_t channels, const Format &x, const Format &weights) {
    line = 6;
    Value w = quantizeWeight({5, 1, 1, channels}, weights);
    if (!w)
      return {};
    if (cast<RankedTensorType>(y.getType()).getRank() == 2)
      y = ReshapeOp::create(builder, at(),
                            f32Tensor({ShapedType::kDynamic, 1, 1, channels}, context, gridTypeOf(y.getType())), y);
    Shape shape(cast<RankedTensorType>(y.getType()).getShape());
    shape.back() = 5;
    auto layer = Conv2dOp::create(builder, at(), f32Tensor(shape, context), y, w, builder.getDenseI64ArrayAttr({1, 1}),
                                  PaddingAttr::get(context, 0, 0, 0, 0, PadValue::Zero), builder.getI64IntegerAttr(1),
                                  UnitAttr(), builder.getDenseI64ArrayAttr({1, 1}));
    if (StringRef kernel = lookupFor(x, weights); cell.packedReaders && !kernel.empty())
      layer->setAttr("nibble.given_kernel", builder.getStringAttr(kernel));
    return layer;
  }

  const Cell &cell;
  MLIRContext *context;
  OpBuilder builder;
  std::mt19937 random;
  func::FuncOp function;
  int line = 1;
  Value added; ///< The residual.
};

} // namespace

bool buildCell(ModuleOp module, StringRef name, const Cell &cell, uint64_t seed) {
  return Builder(module, name, cell, seed).run();
}

} // namespace nibble::test
