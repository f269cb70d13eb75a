// The weight table against the parameters of a module.
#include "compiler/Graph/Weights.h"
#include "compiler/Graph/Elements.h"
#include "compiler/Support/Spelling.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace nibble {
namespace {

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, d] : llvm::enumerate(shape))
    text += (i ? ", " : "") + std::to_string(d);
  return text + "]";
}

/// "a, b, c", or the first ten and how many more.
std::string listText(ArrayRef<std::string> names) {
  std::string text = llvm::join(names.take_front(10), ", ");
  return names.size() > 10 ? text + " and " + std::to_string(names.size() - 10) + " more" : text;
}

/// Steele, Lea and Flood 2014 (SplitMix64): the n-th output is a function of seed + n, so it needs no state.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Numbers of one parameter.
class Numbers {
public:
  Numbers(StringRef name, uint64_t seed) : state(mix(seed)) {
    for (unsigned char c : name) // FNV-1a
      state = (state ^ c) * 0x100000001b3u;
  }
  /// Uniform in [0, 1), a multiple of 2^-24.
  double uniform() { return static_cast<double>(mix(state += 0x9e3779b97f4a7c15u) >> 40) * 0x1p-24; }
  /// About normal, mean 0, variance 1: Irwin and Hall's sum of twelve, which needs no logarithm.
  double normal() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i)
      sum += uniform();
    return sum;
  }

private:
  uint64_t state;
};

bool isRange(ParamOp param) {
  return llvm::any_of(param.getResult().getUses(), [&](OpOperand &use) {
    auto quantizer = dyn_cast<FakeQuantOp>(use.getOwner());
    return quantizer && quantizer.getRange() == param.getResult();
  });
}

/// The tensor of this shape that no parameter names and whose name is nearest, or an empty name.
std::string misspelt(StringRef name, ArrayRef<int64_t> shape, const WeightTable &table,
                     const llvm::StringSet<> &known) {
  std::vector<std::string_view> candidates;
  for (const auto &[given, tensor] : table)
    if (!known.contains(given) && ArrayRef<int64_t>(tensor.shape) == shape)
      candidates.push_back(given);
  return std::string(nearestSpelling(name, candidates));
}

} // namespace

LogicalResult checkWeights(ModuleOp module, const WeightTable &table, bool refuseExtra,
                           llvm::function_ref<bool(ParamOp)> wanted) {
  std::vector<std::string> missing, misshapen, extra;
  std::vector<ParamOp> absent;
  llvm::StringSet<> known, listed;
  module.walk([&](ParamOp param) {
    known.insert(param.getName());
    ArrayRef<int64_t> shape = param.getResult().getType().getShape();
    if (!wanted(param) || !listed.insert(param.getName().str() + shapeText(shape)).second)
      return;
    auto found = table.find(param.getName().str());
    if (found == table.end())
      absent.push_back(param);
    else if (shape != ArrayRef<int64_t>(found->second.shape))
      misshapen.push_back(param.getName().str() + " is " + shapeText(found->second.shape) + " but should be " +
                          shapeText(shape));
    else if (static_cast<int64_t>(found->second.values.size()) != param.getResult().getType().getNumElements())
      misshapen.push_back(param.getName().str() + " has " + std::to_string(found->second.values.size()) +
                          " values for the shape " + shapeText(shape));
  });
  if (auto absorbed = module->getAttrOfType<ArrayAttr>(absorbedAttrName))
    for (auto name : absorbed.getAsRange<StringAttr>())
      known.insert(name.getValue());
  for (ParamOp param : absent) {
    ArrayRef<int64_t> shape = param.getResult().getType().getShape();
    std::string near = misspelt(param.getName(), shape, table, known);
    missing.push_back(param.getName().str() + " " + shapeText(shape) + (near.empty() ? "" : " (is it " + near + "?)"));
  }
  if (refuseExtra)
    for (const auto &[name, tensor] : table)
      if (!known.contains(name) && name.find(':') == std::string::npos)
        extra.push_back(name);
  if (missing.empty() && misshapen.empty() && extra.empty())
    return success();
  std::vector<std::string> parts;
  if (!missing.empty())
    parts.push_back("missing: " + listText(missing));
  if (!misshapen.empty())
    parts.push_back("of the wrong shape: " + listText(misshapen));
  if (!extra.empty())
    parts.push_back("unknown to the model: " + listText(extra));
  return module.emitError("the weights do not fit the model; ") << llvm::join(parts, "; ");
}

std::string nonFinite(std::span<const int64_t> shape, std::span<const float> values) {
  auto bad = llvm::find_if(values, [](float v) { return !std::isfinite(v); });
  if (bad == values.end())
    return {};
  std::vector<int64_t> index(shape.size());
  int64_t rest = bad - values.begin();
  for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
    index[d] = rest % shape[d];
  return std::string(std::isnan(*bad) ? "nan" : *bad > 0 ? "inf" : "-inf") + " at " + shapeText(index);
}

LogicalResult checkFinite(ModuleOp module, const WeightTable &table, llvm::function_ref<bool(ParamOp)> wanted) {
  LogicalResult result = success();
  llvm::StringSet<> seen;
  module.walk([&](ParamOp param) {
    auto found = table.find(param.getName().str());
    if (found == table.end() || !wanted(param) || isRange(param) || !seen.insert(param.getName()).second)
      return;
    std::string bad = nonFinite(param.getResult().getType().getShape(), found->second.values);
    if (bad.empty())
      return;
    result = failure();
    param.emitOpError("@") << param.getName() << " has a value that is no finite number, " << bad
                           << ": such weights cannot be frozen or compiled; take those from before training diverged";
  });
  return result;
}

WeightTable seededWeights(ModuleOp module, uint64_t seed) {
  WeightTable table;
  module.walk([&](ParamOp param) {
    auto type = param.getResult().getType();
    Numbers numbers(param.getName(), seed);
    WeightTensor tensor{type.getShape(), std::vector<float>(type.getNumElements())};
    double deviation = std::sqrt(2.0 * std::max<int64_t>(type.getRank() ? type.getDimSize(0) : 1, 1) /
                                 std::max<int64_t>(type.getNumElements(), 1));
    for (float &v : tensor.values) {
      switch (param.getInit()) {
      case Init::HeNormal:
        v = static_cast<float>(numbers.normal() * deviation);
        break;
      case Init::Ones:
        v = static_cast<float>(0.5 + numbers.uniform());
        break;
      case Init::Zeros:
        v = static_cast<float>(0.5 * numbers.uniform() - 0.25);
        break;
      }
    }
    if (isRange(param) && tensor.values.size() == 3)
      tensor.values = {static_cast<float>(-0.5 - numbers.uniform()), static_cast<float>(1.0 + 2.0 * numbers.uniform()),
                       1.0f};
    table[param.getName().str()] = std::move(tensor);
  });
  return table;
}

std::optional<std::vector<float>> ConstantReader::read(Value value) const {
  Operation *op = value.getDefiningOp();
  if (auto reshape = dyn_cast_or_null<ReshapeOp>(op))
    return read(reshape.getInput());
  if (auto constant = dyn_cast_or_null<ConstantOp>(op))
    return readFloats(constant.getValue());
  auto param = dyn_cast_or_null<ParamOp>(op);
  if (!param || !table)
    return std::nullopt;
  auto found = table->find(param.getName().str());
  if (found == table->end() ||
      static_cast<int64_t>(found->second.values.size()) != param.getResult().getType().getNumElements())
    return std::nullopt;
  return found->second.values;
}

StringRef ConstantReader::nameOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto reshape = dyn_cast_or_null<ReshapeOp>(op))
    return nameOf(reshape.getInput());
  if (auto constant = dyn_cast_or_null<ConstantOp>(op))
    return resourceName(constant.getValue());
  if (auto param = dyn_cast_or_null<ParamOp>(op))
    return param.getName();
  return {};
}

} // namespace nibble
