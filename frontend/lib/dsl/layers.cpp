// Layers with windows or weights, and elementwise ops.
#include "frontend/lib/dsl/state.h"

#include <nibble/ops.h>

#include <algorithm>

namespace nibble {

namespace {
struct Amounts {
  std::int64_t before = 0, after = 0;
};

/// TensorFlow's SAME: output = ceil(input / stride). Nonsense sizes give none; inference reports them.
Amounts same_amounts(std::int64_t input, std::int64_t window, std::int64_t stride, std::int64_t dilation) {
  constexpr std::int64_t most = std::int64_t(1) << 40; // as the elements of a tensor
  if (input < 1 || window < 1 || stride < 1 || dilation < 1 || window > most || dilation > most / window)
    return {};
  std::int64_t output = (input - 1) / stride + 1, reach = (window - 1) * dilation + 1;
  std::int64_t total = std::max<std::int64_t>((output - 1) * stride + reach - input, 0);
  return {total / 2, total - total / 2};
}

/// The padding of a window over an NHWC image of this shape.
PaddingSpec resolve(const Pad &pad, const Shape &image, Size2d window, Size2d stride, Size2d dilation = 1) {
  int value = pad.fill() == PadFill::zero ? 0 : pad.fill() == PadFill::plus_one ? 1 : -1;
  if (!pad.is_same())
    return {pad.top(), pad.left(), pad.bottom(), pad.right(), value};
  if (image.size() != 4)
    return {.value = value};
  Amounts rows = same_amounts(image[1], window.height, stride.height, dilation.height);
  Amounts columns = same_amounts(image[2], window.width, stride.width, dilation.width);
  return {rows.before, columns.before, rows.after, columns.after, value};
}

std::vector<std::int64_t> pair(Size2d size) { return {size.height, size.width}; }

Tensor unary(const char *name, const Tensor &x, const std::source_location &where) {
  Call call(name, {x}, where);
  return call ? call.create(name) : call.poison();
}

Tensor binary(const char *name, const Tensor &x, const Tensor &y, const std::source_location &where) {
  Call call(name, {x, y}, where);
  return call ? call.create(name) : call.poison();
}

/// The weights of a layer are known before any input is: the batch in their shape is a mistake of its own.
bool is_weight(const Call &call) { return !call.builder().isActivation(call.operand(1)); }
Tensor refuse_weight(const Call &call, const std::string &name) {
  return call.error(name +
                    " takes weights made of parameters or constants as its second operand; this tensor depends on "
                    "an input (are the two exchanged?)");
}

Tensor binary(const char *name, const Tensor &x, float y, const std::source_location &where) {
  Call call(name, {x}, where);
  if (!call)
    return call.poison();
  return call.create(name, {call.operand(0), call.builder().constant(call.place(), {}, {y})}, {});
}

Tensor pool(const char *name, const Tensor &x, const PoolOptions &options, const std::source_location &where) {
  Call call(name, {x}, where);
  if (!call)
    return call.poison();
  if (options.pad.fill() != PadFill::zero)
    return call.error(std::string(name) + " skips padded taps, so they have no value: use Pad::same");
  Size2d stride = options.stride == Size2d(0) ? options.window : options.stride;
  return call.create(name, {{"window", pair(options.window)},
                            {"strides", pair(stride)},
                            {"padding", resolve(options.pad, call.shape(0), options.window, stride)}});
}
} // namespace

Tensor conv2d(const Tensor &x, const Tensor &weight, const Conv2dOptions &options, std::source_location where) {
  Call call("conv2d", {x, weight}, where);
  if (!call)
    return call.poison();
  if (!is_weight(call))
    return refuse_weight(call, "conv2d");
  Shape w = call.shape(1);
  Size2d window = w.size() == 4 ? Size2d(w[1], w[2]) : Size2d(0);
  return call.create("conv2d",
                     {{"strides", pair(options.stride)},
                      {"padding", resolve(options.pad, call.shape(0), window, options.stride, options.dilation)},
                      {"groups", options.groups},
                      {"dilations", pair(options.dilation)}});
}

Tensor linear(const Tensor &x, const Tensor &weight, std::source_location where) {
  Call call("linear", {x, weight}, where);
  if (!call)
    return call.poison();
  return is_weight(call) ? call.create("linear") : refuse_weight(call, "linear");
}
Tensor linear(const Tensor &x, const Tensor &weight, const Tensor &bias, std::source_location where) {
  Call call("linear", {linear(x, weight, where), bias}, where);
  if (!call)
    return call.poison();
  const Shape out = call.shape(0), given = call.shape(1);
  const bool one = std::all_of(given.begin(), given.end(), [](std::int64_t d) { return d == 1; });
  if (!one && given != out && given != Shape{out.back()})
    return call.error("linear has " + std::to_string(out.back()) + " outputs, but its bias has shape " +
                      to_string(given) + ": give one value per output");
  return call.create("add");
}

Tensor batch_norm(const Tensor &x, std::string_view name, const BatchNormOptions &options, std::source_location where) {
  Call call("batch_norm", {x}, where);
  if (!call)
    return call.poison();
  const std::string layer(name);
  GraphBuilder &builder = call.builder();
  if (const SourcePlace *first = builder.findParam(layer + ".mean"))
    return call.error("batch_norm \"" + layer +
                          "\" exists already: two layers cannot share running statistics, give this one another name",
                      {{*first, "first used here"}});
  Shape shape = call.shape(0);
  if (shape.size() < 2)
    return call.error("batch_norm normalises over the last dimension of a batch; this tensor has " +
                      std::to_string(shape.size()) + " dimensions");
  Shape channels = {shape.back()};
  auto param = [&](const char *part, ParamRole role, InitialValue init) {
    return builder.param(call.place(), {layer + part, channels, role, init});
  };
  // In order, and no further after a mistake: a bad name is reported once.
  std::vector<Call::Value> operands = {call.operand(0), param(".gamma", ParamRole::Trainable, InitialValue::Ones)};
  if (operands.back() == GraphBuilder::poison)
    return call.poison();
  operands.push_back(param(".beta", ParamRole::Trainable, InitialValue::Zeros));
  operands.push_back(param(".mean", ParamRole::State, InitialValue::Zeros));
  operands.push_back(param(".variance", ParamRole::State, InitialValue::Ones));
  return call.create("batch_norm", operands, {{"epsilon", options.epsilon}, {"momentum", options.momentum}});
}

Tensor relu(const Tensor &x, std::source_location where) { return unary("relu", x, where); }

Tensor clip(const Tensor &x, float lo, float hi, std::source_location where) {
  Call call("clip", {x}, where);
  return call ? call.create("clip", {{"lo", lo}, {"hi", hi}}) : call.poison();
}

Tensor add(const Tensor &x, const Tensor &y, std::source_location where) { return binary("add", x, y, where); }
Tensor add(const Tensor &x, float y, std::source_location where) { return binary("add", x, y, where); }
Tensor mul(const Tensor &x, const Tensor &y, std::source_location where) { return binary("mul", x, y, where); }
Tensor mul(const Tensor &x, float y, std::source_location where) { return binary("mul", x, y, where); }

Tensor max_pool2d(const Tensor &x, const PoolOptions &options, std::source_location where) {
  return pool("max_pool2d", x, options, where);
}
Tensor avg_pool2d(const Tensor &x, const PoolOptions &options, std::source_location where) {
  return pool("avg_pool2d", x, options, where);
}
Tensor global_avg_pool2d(const Tensor &x, std::source_location where) { return unary("global_avg_pool", x, where); }
Tensor softmax(const Tensor &x, std::source_location where) { return unary("softmax", x, where); }

} // namespace nibble
