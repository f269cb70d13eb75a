// Builds small networks op by op for the tests of freezing and lowering.
#include "test/unit/QuantizeTestNet.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace nibble::test {

Net::Net(const Shape &input) : builder(&context), loc(builder.getUnknownLoc()) {
  context.loadDialect<NibbleDialect, func::FuncDialect, quant::QuantDialect>();
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) { message += diagnostic.str() + "\n"; });
  module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  Shape shape = input;
  shape.insert(shape.begin(), ShapedType::kDynamic);
  function = func::FuncOp::create(builder, loc, "net", builder.getFunctionType({f32Tensor(shape, &context)}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
}

Value Net::param(const Shape &shape, Init init) {
  return ParamOp::create(builder, loc, f32Tensor(shape, &context), "p" + std::to_string(parameters++),
                         ParamKind::Trainable, init);
}

Value Net::act(Value x, unsigned bits, bool isSigned, bool symmetric) {
  if (bits == 1 && isSigned)
    return SignOp::create(builder, loc, x);
  auto quantizer = QuantizerAttr::get(&context, bits, isSigned, false, symmetric, -1, Estimator::Clipped, 0);
  return FakeQuantOp::create(builder, loc, x, param({3}, Init::Zeros), quantizer, DenseF32ArrayAttr(),
                             DenseI64ArrayAttr());
}

Value Net::weight(const Shape &shape, unsigned bits, bool perChannel) {
  Value w = param(shape);
  if (bits == 32)
    return w;
  if (bits == 1)
    return SignOp::create(builder, loc, w);
  if (bits == 0)
    return TernarizeOp::create(builder, loc, w, TernaryRule::Mean,
                               perChannel ? builder.getI64IntegerAttr(0) : IntegerAttr(), DenseF32ArrayAttr());
  auto quantizer = QuantizerAttr::get(&context, bits, true, true, true, perChannel ? 0 : -1, Estimator::Clipped, 0);
  return FakeQuantOp::create(builder, loc, w, Value(), quantizer, DenseF32ArrayAttr(), DenseI64ArrayAttr());
}

Value Net::frozen(Value x, bool isSigned, ArrayRef<float> scales) {
  auto quantizer =
      QuantizerAttr::get(&context, 8, isSigned, isSigned, true, scales.size() == 1 ? -1 : 0, Estimator::Clipped, 0);
  return FakeQuantOp::create(builder, loc, x, Value(), quantizer, builder.getDenseF32ArrayAttr(scales),
                             DenseI64ArrayAttr());
}

Value Net::linear(Value x, Value w) { return LinearOp::create(builder, loc, x, w); }

Value Net::conv(Value x, Value w, int64_t stride, int64_t pad, int64_t groups, PadValue value) {
  auto padding = PaddingAttr::get(&context, pad, pad, pad, pad, value);
  return Conv2dOp::create(builder, loc, x, w, ArrayRef<int64_t>{stride, stride}, padding, groups);
}

Value Net::norm(Value x, bool mixed) {
  int64_t c = channels(x);
  return BatchNormOp::create(builder, loc, x, param({c}, mixed ? Init::Zeros : Init::Ones), param({c}, Init::Zeros),
                             param({c}, Init::Zeros), param({c}, Init::Ones), APFloat(1.0e-5f), APFloat(0.9f));
}

Value Net::maxPool(Value x, int64_t window) {
  int64_t sizes[] = {window, window};
  return MaxPool2dOp::create(builder, loc, x, ArrayRef<int64_t>(sizes), ArrayRef<int64_t>(sizes),
                             PaddingAttr::get(&context, 0, 0, 0, 0, PadValue::Zero));
}

Value Net::averagePool(Value x, int64_t window) {
  int64_t sizes[] = {window, window};
  return AvgPool2dOp::create(builder, loc, x, ArrayRef<int64_t>(sizes), ArrayRef<int64_t>(sizes),
                             PaddingAttr::get(&context, 0, 0, 0, 0, PadValue::Zero));
}

Value Net::flatten(Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  int64_t count = 1;
  for (int64_t d : type.getShape().drop_front())
    count *= d;
  return ReshapeOp::create(
      builder, loc, RankedTensorType::get({type.getDimSize(0), count}, type.getElementType(), type.getEncoding()), x);
}

void Net::finish(Value result) {
  func::ReturnOp::create(builder, loc, result);
  function.setType(builder.getFunctionType(function.getArgumentTypes(), result.getType()));
}

bool Net::run(std::unique_ptr<Pass> pass) {
  PassManager manager(&context);
  manager.addPass(std::move(pass));
  return succeeded(manager.run(*module));
}

bool Net::bind(uint64_t seed) {
  BindWeightsOptions options;
  options.seed = seed;
  return run(createBindWeights(nullptr, options));
}

std::vector<float> Net::evaluate(int64_t rows, uint32_t seed) {
  Shape shape(cast<RankedTensorType>(function.getArgumentTypes()[0]).getShape());
  shape[0] = rows;
  reference::HostTensor image = reference::HostTensor::ofFloats(shape, {});
  std::mt19937 random(seed);
  image.f32.resize(image.size());
  for (float &v : image.f32) // multiples of 1/64 in [-2, 3): ties of many scales among them
    v = static_cast<float>(static_cast<int>(random() % 320) - 128) / 64.0f;
  auto results = reference::interpret(function, image);
  return succeeded(results) ? (*results)[0].f32 : std::vector<float>();
}

} // namespace nibble::test
