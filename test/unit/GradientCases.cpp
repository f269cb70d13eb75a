// The cases of GradientTest: every differentiable op, in each form that has a derivative of its own.
#include "test/unit/GradientCases.h"

namespace nibble::test {

/// "%y = nibble.OP %operands {attributes} : (types) -> type".
static std::string op(const std::string &result, const std::string &name,
                      const std::vector<std::pair<std::string, std::string>> &operands, const std::string &attributes,
                      const std::string &type) {
  std::string names, types;
  for (const auto &[operand, operandType] : operands) {
    names += (names.empty() ? "" : ", ") + operand;
    types += (types.empty() ? "" : ", ") + operandType;
  }
  return result + " = nibble." + name + " " + names + (attributes.empty() ? "" : " {" + attributes + "}") + " : (" +
         types + ") -> " + type + "\n";
}

static std::string t(const std::string &shape) { return "tensor<" + (shape.empty() ? "" : shape + "x") + "f32>"; }
static std::string grid(const std::string &shape, const std::string &element) {
  return "tensor<" + shape + "xf32, #nibble.grid<" + element + ">>";
}
static std::string constant(const std::string &name, const std::string &value, const std::string &shape) {
  return name + " = nibble.constant dense<" + value + "> : " + t(shape) + " : " + t(shape) + "\n";
}
static std::string same(const std::string &from, const std::string &shape) {
  return op("%y", "reshape", {{from, t(shape)}}, "", t(shape));
}

static void addElementwise(std::vector<GradientCase> &cases) {
  cases.push_back({"relu", {{"x", "3x4"}}, "3x4", op("%y", "relu", {{"%x", t("3x4")}}, "", t("3x4"))});
  cases.push_back({"clip",
                   {{"x", "3x8"}},
                   "3x8",
                   op("%y", "clip", {{"%x", t("3x8")}}, "lo = -0.125 : f32, hi = 0.25 : f32", t("3x8"))});
  for (std::string name : {"add", "mul"})
    for (std::string rhs : {"2x3x4", "4", "1", ""})
      cases.push_back({name + "_" + (rhs.empty() ? "scalar" : rhs),
                       {{"a", "2x3x4"}, {"b", rhs, true, 0.5}},
                       "2x3x4",
                       op("%y", name, {{"%a", t("2x3x4")}, {"%b", t(rhs)}}, "", t("2x3x4"))});
  cases.push_back(
      {"mul_of_itself", {{"a", "2x3"}}, "2x3", op("%y", "mul", {{"%a", t("2x3")}, {"%a", t("2x3")}}, "", t("2x3"))});
  cases.push_back({"several_uses",
                   {{"a", "2x3"}},
                   "2x3",
                   op("%r", "relu", {{"%a", t("2x3")}}, "", t("2x3")) +
                       op("%m", "mul", {{"%a", t("2x3")}, {"%r", t("2x3")}}, "", t("2x3")) +
                       op("%y", "add", {{"%m", t("2x3")}, {"%a", t("2x3")}}, "", t("2x3"))});
  cases.push_back({"softmax", {{"x", "3x5"}}, "3x5", op("%y", "softmax", {{"%x", t("3x5")}}, "", t("3x5"))});
  cases.push_back({"softmax_cross_entropy",
                   {{"x", "3x5"}},
                   "",
                   "%labels = nibble.constant dense<[4, 0, 2]> : tensor<3xi32> : tensor<3xi32>\n" +
                       op("%y", "softmax_cross_entropy", {{"%x", t("3x5")}, {"%labels", "tensor<3xi32>"}}, "", t(""))});
}

static void addLayers(std::vector<GradientCase> &cases) {
  cases.push_back({"linear",
                   {{"x", "3x5"}, {"w", "4x5"}},
                   "3x4",
                   op("%y", "linear", {{"%x", t("3x5")}, {"%w", t("4x5")}}, "", t("3x4"))});
  auto conv = [&](const std::string &name, const std::string &x, const std::string &w, const std::string &y,
                  const std::string &attributes) {
    cases.push_back(
        {name, {{"x", x}, {"w", w}}, y, op("%y", "conv2d", {{"%x", t(x)}, {"%w", t(w)}}, attributes, t(y))});
  };
  conv("conv2d", "2x4x5x3", "2x3x2x3", "2x2x4x2", "strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>");
  conv("conv2d_strided", "2x5x6x2", "3x3x3x2", "2x3x3x3",
       "strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 0>");
  conv("conv2d_strides_differ", "1x4x7x1", "2x2x2x1", "1x3x3x2",
       "strides = array<i64: 1, 3>, padding = #nibble.padding<0, 1, 0, 1>");
  conv("conv2d_dilated", "2x5x6x2", "3x2x3x2", "2x2x3x3",
       "strides = array<i64: 2, 1>, dilations = array<i64: 3, 2>, padding = #nibble.padding<1, 0, 1, 1>");
  conv("conv2d_dilated_groups", "1x4x5x4", "6x2x2x2", "1x3x3x6",
       "strides = array<i64: 1, 1>, dilations = array<i64: 1, 2>, padding = #nibble.padding<0, 0, 0, 0>, groups = 2 : "
       "i64");
  conv("conv2d_groups", "1x3x3x4", "6x2x2x2", "1x2x2x6",
       "strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 2 : i64");
  conv("conv2d_depthwise", "2x3x4x3", "3x3x3x1", "2x3x4x3",
       "strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, groups = 3 : i64");

  std::string window = "window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>";
  std::string overlap = "window = array<i64: 3, 2>, strides = array<i64: 2, 1>, padding = #nibble.padding<1, 0, 1, 1>";
  cases.push_back({"max_pool2d",
                   {{"x", "1x4x4x2"}},
                   "1x2x2x2",
                   op("%y", "max_pool2d", {{"%x", t("1x4x4x2")}}, window, t("1x2x2x2"))});
  cases.push_back({"max_pool2d_overlap",
                   {{"x", "2x5x4x2"}},
                   "2x3x4x2",
                   op("%y", "max_pool2d", {{"%x", t("2x5x4x2")}}, overlap, t("2x3x4x2"))});
  cases.push_back({"avg_pool2d",
                   {{"x", "1x4x4x2"}},
                   "1x2x2x2",
                   op("%y", "avg_pool2d", {{"%x", t("1x4x4x2")}}, window, t("1x2x2x2"))});
  cases.push_back({"avg_pool2d_overlap",
                   {{"x", "1x4x3x2"}},
                   "1x2x2x2",
                   op("%y", "avg_pool2d", {{"%x", t("1x4x3x2")}},
                      "window = array<i64: 3, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>",
                      t("1x2x2x2"))});
  cases.push_back({"global_avg_pool",
                   {{"x", "2x3x2x4"}},
                   "2x4",
                   op("%y", "global_avg_pool", {{"%x", t("2x3x2x4")}}, "", t("2x4"))});
  cases.push_back({"reshape", {{"x", "2x3x4"}}, "4x6", op("%y", "reshape", {{"%x", t("2x3x4")}}, "", t("4x6"))});
  cases.push_back(
      {"concat",
       {{"a", "2x2x3"}, {"b", "2x1x3", false}, {"c", "2x3x3"}},
       "2x6x3",
       op("%y", "concat", {{"%a", t("2x2x3")}, {"%b", t("2x1x3")}, {"%c", t("2x3x3")}}, "axis = 1 : i64", t("2x6x3"))});
  cases.push_back({"pad",
                   {{"x", "2x2x3"}},
                   "2x5x4",
                   op("%y", "pad", {{"%x", t("2x2x3")}},
                      "low = array<i64: 0, 1, 0>, high = array<i64: 0, 2, 1>, value = 3.0 : f32", t("2x5x4"))});

  std::string c = t("3"), x = t("2x2x2x3");
  std::vector<std::pair<std::string, std::string>> norm = {{"%x", x}, {"%g", c}, {"%b", c}, {"%m", c}, {"%v", c}};
  std::vector<GradientArgument> arguments = {
      {"x", "2x2x2x3"}, {"g", "3", true, 1}, {"b", "3"}, {"m", "3", false}, {"v", "3", false, 1}};
  cases.push_back({"batch_norm", arguments, "2x2x2x3", op("%y", "batch_norm", norm, "epsilon = 0.0078125 : f32", x)});
  cases.push_back({"batch_norm_train", arguments, "2x2x2x3",
                   op("%y, %nm, %nv, %bm, %bs", "batch_norm_train", norm, "epsilon = 0.0078125 : f32",
                      "(" + x + ", " + c + ", " + c + ", " + c + ", " + c + ")")});
}

static void addQuantisers(std::vector<GradientCase> &cases) {
  auto clip = [](const std::string &lo, const std::string &hi) {
    return op("%y", "clip", {{"%x", t("4x8")}}, "lo = " + lo + " : f32, hi = " + hi + " : f32", t("4x8"));
  };
  auto add = [&](const std::string &name, const std::string &body, const std::string &surrogate,
                 const std::string &element) {
    cases.push_back({name, {{"x", "4x8"}}, "4x8", body, surrogate, grid("4x8", element)});
  };
  auto fakeQuant = [&](const std::string &attributes, const std::string &element) {
    return op("%y", "fake_quant", {{"%x", t("4x8")}}, attributes, grid("4x8", element));
  };
  // Ranges whose scale is a power of two: clips to [-7/16, 7/16], [0, 15/32] and, with z = 4, to [-1/8, 11/32].
  auto ranged = [&](const std::string &range, const std::string &quantizer, const std::string &element) {
    return constant("%r", range, "3") +
           op("%y", "fake_quant", {{"%x", t("4x8")}, {"%r", t("3")}}, "quantizer = " + quantizer, grid("4x8", element));
  };
  add("fake_quant_range",
      ranged("[-0.4375, 0.25, 1.0]", "#nibble.quantizer<bits = 4, isSigned = true, narrow = true>",
             "!quant.any<i4<-7:7>:f32>"),
      clip("-0.4375", "0.4375"), "!quant.any<i4<-7:7>:f32>");
  add("fake_quant_range_unsigned",
      ranged("[0.0, 0.46875, 1.0]", "#nibble.quantizer<bits = 4, isSigned = false>", "!quant.any<u4:f32>"),
      clip("0.0", "0.46875"), "!quant.any<u4:f32>");
  add("fake_quant_range_asymmetric",
      ranged("[-0.125, 0.34375, 1.0]", "#nibble.quantizer<bits = 4, isSigned = false, symmetric = false>",
             "!quant.any<u4:f32>"),
      clip("-0.125", "0.34375"), "!quant.any<u4:f32>");
  add("fake_quant_identity",
      ranged("[-0.4375, 0.25, 1.0]",
             "#nibble.quantizer<bits = 4, isSigned = true, narrow = true, estimator = identity>",
             "!quant.any<i4<-7:7>:f32>"),
      same("%x", "4x8"), "!quant.any<i4<-7:7>:f32>");
  add("fake_quant_weights",
      fakeQuant("quantizer = #nibble.quantizer<bits = 3, isSigned = true, narrow = true, axis = 0>",
                "!quant.any<i3<-3:3>:f32>"),
      same("%x", "4x8"), "!quant.any<i3<-3:3>:f32>");
  add("fake_quant_frozen",
      fakeQuant("quantizer = #nibble.quantizer<bits = 3, isSigned = true, narrow = true>, scales = array<f32: 0.125>",
                "!quant.uniform<i3<-3:3>:f32, 0.125>"),
      clip("-0.375", "0.375"), "!quant.uniform<i3<-3:3>:f32, 0.125>");
  add("fake_quant_frozen_zero",
      fakeQuant("quantizer = #nibble.quantizer<bits = 3, isSigned = false, symmetric = false>, scales = array<f32: "
                "0.0625>, zero_points = array<i64: 3>",
                "!quant.uniform<u3:f32, 0.0625:3>"),
      clip("-0.1875", "0.25"), "!quant.uniform<u3:f32, 0.0625:3>");
  std::string scales = "!quant.uniform<i3<-3:3>:f32:0, {0.125, 0.0625, 0.03125, 1.0}>";
  // Per channel: x / s, clipped, times s. Broadcasts run along the last dimension, so s along dimension 0 is a full
  // tensor.
  auto fill = [](std::initializer_list<const char *> rows) {
    std::string text = "[";
    for (const char *row : rows) {
      text += text.size() > 1 ? ", [" : "[";
      for (int i = 0; i < 8; ++i)
        text += std::string(i ? ", " : "") + row;
      text += "]";
    }
    return text + "]";
  };
  std::string perChannel = constant("%s", fill({"0.125", "0.0625", "0.03125", "1.0"}), "4x8") +
                           constant("%i", fill({"8.0", "16.0", "32.0", "1.0"}), "4x8") +
                           op("%u", "mul", {{"%x", t("4x8")}, {"%i", t("4x8")}}, "", t("4x8"));
  auto scaled = [&](const std::string &bound) {
    return perChannel +
           op("%k", "clip", {{"%u", t("4x8")}}, "lo = -" + bound + " : f32, hi = " + bound + " : f32", t("4x8")) +
           op("%y", "mul", {{"%k", t("4x8")}, {"%s", t("4x8")}}, "", t("4x8"));
  };
  add("fake_quant_frozen_channels",
      fakeQuant("quantizer = #nibble.quantizer<bits = 3, isSigned = true, narrow = true, axis = 0>, scales = "
                "array<f32: 0.125, 0.0625, 0.03125, 1.0>",
                scales),
      scaled("3.0"), scales);

  auto quantiser = [&](const std::string &name, const std::string &attributes, const std::string &element) {
    return op("%y", name, {{"%x", t("4x8")}}, attributes, grid("4x8", element));
  };
  cases.push_back({"sign",
                   {{"x", "4x8", true, 0, 0.125}},
                   "4x8",
                   quantiser("sign", "", "!nibble.binary"),
                   clip("-1.0", "1.0"),
                   grid("4x8", "!nibble.binary")});
  add("sign_identity", quantiser("sign", "estimator = #nibble.estimator<identity>", "!nibble.binary"),
      same("%x", "4x8"), "!nibble.binary");
  add("ternarize", quantiser("ternarize", "", "!nibble.ternary"), same("%x", "4x8"), "!nibble.ternary");
  // |x| is 1/64, 3/64, ... 31/64, each twice: mean 1/4.
  add("ternarize_clipped_mean", quantiser("ternarize", "estimator = #nibble.estimator<clipped>", "!nibble.ternary"),
      clip("-0.25", "0.25"), "!nibble.ternary");
  std::string fixed = "rule = #nibble.ternary_rule<fixed>, axis = 0 : i64, scales = array<f32: 0.125, 0.0625, 0.03125, "
                      "1.0>, estimator = #nibble.estimator<clipped>";
  add("ternarize_clipped_channels", quantiser("ternarize", fixed, "!nibble.ternary<0 : 0.125, 0.0625, 0.03125, 1.0>"),
      scaled("1.0"), "!nibble.ternary<0 : 0.125, 0.0625, 0.03125, 1.0>");
  // A binary input padded with +1 is the surrogate padded with 1.0.
  std::string image = "1x3x3x2", weights = "2x2x2x2",
              strides = "strides = array<i64: 1, 1>, padding = #nibble.padding<";
  cases.push_back(
      {"conv2d_plus_one",
       {{"x", image, false, 0, 2}, {"w", weights}},
       "1x4x4x2",
       op("%b", "sign", {{"%x", t(image)}}, "", grid(image, "!nibble.binary")) +
           op("%y", "conv2d", {{"%b", grid(image, "!nibble.binary")}, {"%w", t(weights)}},
              strides + "1, 1, 1, 1, plus_one>", t("1x4x4x2")),
       op("%b", "clip", {{"%x", t(image)}}, "lo = -1.0 : f32, hi = 1.0 : f32", t(image)) +
           op("%p", "pad", {{"%b", t(image)}},
              "low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 1.0 : f32", t("1x5x5x2")) +
           op("%y", "conv2d", {{"%p", t("1x5x5x2")}, {"%w", t(weights)}}, strides + "0, 0, 0, 0>", t("1x4x4x2"))});
}

/// Frozen layers: integer accumulators and one requantisation, against the same formula on real values.
static void addFrozen(std::vector<GradientCase> &cases) {
  const std::string x8 = "!quant.uniform<i8<-127:127>:f32, 0.0625>",
                    w8 = "!quant.uniform<i8<-127:127>:f32:0, {0.0625, 0.125, 0.03125, 0.0625}>";
  const std::string u4 = "!quant.uniform<u4:f32, 0.125:5>", narrow = "bits = 8, isSigned = true, narrow = true";
  // The values of x and w lie on their grids: odd multiples of 1/16, and of 1/8.
  std::vector<GradientArgument> arguments = {
      {"x", "3x5", true, 0, 0.125}, {"w", "4x5", true, 0, 0.25}, {"r", "3x4", true, 0, 0.125}};
  auto quantise = [&](const std::string &r, const std::string &name, const std::string &shape,
                      const std::string &scales, const std::string &axis, const std::string &element) {
    return op(r, "fake_quant", {{name, t(shape)}},
              "quantizer = #nibble.quantizer<" + narrow + axis + ">, scales = array<f32: " + scales + ">",
              grid(shape, element));
  };
  std::string acc =
      quantise("%xq", "%x", "3x5", "0.0625", "", x8) +
      quantise("%wq", "%w", "4x5", "0.0625, 0.125, 0.03125, 0.0625", ", axis = 0", w8) +
      op("%acc", "linear", {{"%xq", grid("3x5", x8)}, {"%wq", grid("4x5", w8)}}, "accumulate", "tensor<3x4xi32>");
  std::string sum = op("%s", "linear", {{"%x", t("3x5")}, {"%w", t("4x5")}}, "", t("3x4"));
  auto requantize = [&](const std::string &input, const std::string &inputType, const std::string &residual,
                        const std::string &constants, const std::string &type) {
    std::vector<std::pair<std::string, std::string>> operands = {{input, inputType}};
    if (!residual.empty())
      operands.push_back({"%rq", grid("3x4", x8)});
    return op("%y", "requantize", operands, constants + residual, type);
  };
  // sx * sw = 1/256, 1/128, 1/512, 1/256; M = 1/32, -1/32, 1/64, 1/16, so y = sum * (8, -4, 8, 16) + B.
  std::string m = "multiplier = array<f32: 0.03125, -0.03125, 0.015625, 0.0625>, ",
              factors = constant("%f", "[8.0, -4.0, 8.0, 16.0]", "4");
  std::string bias = "bias = array<f32: 5.3, 4.1, 6.2, 5.4>, ";
  std::string value = factors + constant("%c", "[5.3, 4.1, 6.2, 5.4]", "4") +
                      op("%m", "mul", {{"%s", t("3x4")}, {"%f", t("4")}}, "", t("3x4")) +
                      op("%v", "add", {{"%m", t("3x4")}, {"%c", t("4")}}, "", t("3x4"));
  // Real value of the clamped y on the grid u4: (y - 5) / 8.
  auto toReal = [&](const std::string &from, const std::string &lo) {
    return op("%k", "clip", {{from, t("3x4")}}, "lo = " + lo + " : f32, hi = 15.0 : f32", t("3x4")) +
           constant("%z", "-5.0", "") + op("%d", "add", {{"%k", t("3x4")}, {"%z", t("")}}, "", t("3x4")) +
           constant("%o", "0.125", "") + op("%y", "mul", {{"%d", t("3x4")}, {"%o", t("")}}, "", t("3x4"));
  };
  auto two = std::vector<GradientArgument>(arguments.begin(), arguments.begin() + 2);
  cases.push_back({"requantize", two, "3x4",
                   acc + requantize("%acc", "tensor<3x4xi32>", "",
                                    m + bias + "lo = array<f32: 5.0>, hi = array<f32: 15.0>", grid("3x4", u4)),
                   sum + value + toReal("%v", "5.0"), grid("3x4", u4)});
  // Residual: q_r = r * 16, R = 1/4: y + 4 r.
  cases.push_back({"requantize_residual", arguments, "3x4",
                   acc + quantise("%rq", "%r", "3x4", "0.0625", "", x8) +
                       requantize("%acc", "tensor<3x4xi32>", ", residual_multiplier = 0.25 : f32",
                                  m + bias + "lo = array<f32: 0.0>, hi = array<f32: 15.0>", grid("3x4", u4)),
                   sum + value + constant("%q", "4.0", "") +
                       op("%rs", "mul", {{"%r", t("3x4")}, {"%q", t("")}}, "", t("3x4")) +
                       op("%vr", "add", {{"%v", t("3x4")}, {"%rs", t("3x4")}}, "", t("3x4")) + toReal("%vr", "0.0"),
                   grid("3x4", u4)});
  std::string wide = "lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>",
              y = op("%y", "reshape", {{"%v", t("3x4")}}, "", t("3x4"));
  cases.push_back({"requantize_float_result", two, "3x4",
                   acc + requantize("%acc", "tensor<3x4xi32>", "", m + bias + wide, t("3x4")), sum + value + y});
  cases.push_back({"requantize_float_input", two, "3x4",
                   sum + requantize("%s", t("3x4"), "",
                                    "multiplier = array<f32: 8.0, -4.0, 8.0, 16.0>, " + bias +
                                        "lo = array<f32: 5.0>, hi = array<f32: 15.0>",
                                    grid("3x4", u4)),
                   sum + value + toReal("%v", "5.0"), grid("3x4", u4)});
  // A binary result: the window of sign, with factors so small that values lie inside it and outside.
  cases.push_back({"requantize_binary", two, "3x4",
                   acc + requantize("%acc", "tensor<3x4xi32>", "",
                                    "multiplier = array<f32: 0.00390625, -0.0078125, 0.001953125, 0.00390625>, bias = "
                                    "array<f32: 0.3, -0.2, 0.1, 0.15>, lo = array<f32: -1.0>, hi = array<f32: 1.0>",
                                    grid("3x4", "!nibble.binary")),
                   sum + constant("%f", "[1.0, -1.0, 1.0, 1.0]", "4") + constant("%c", "[0.3, -0.2, 0.1, 0.15]", "4") +
                       op("%m", "mul", {{"%s", t("3x4")}, {"%f", t("4")}}, "", t("3x4")) +
                       op("%v", "add", {{"%m", t("3x4")}, {"%c", t("4")}}, "", t("3x4")) +
                       op("%y", "clip", {{"%v", t("3x4")}}, "lo = -1.0 : f32, hi = 1.0 : f32", t("3x4")),
                   grid("3x4", "!nibble.binary")});
}

std::vector<GradientCase> gradientCases() {
  std::vector<GradientCase> cases;
  addElementwise(cases);
  addLayers(cases);
  addQuantisers(cases);
  addFrozen(cases);
  return cases;
}

} // namespace nibble::test
