// How a lowering finds and stores the values of its function.
#include "compiler/Codegen/Lowering.h"

using namespace mlir;

namespace nibble::codegen {

static int64_t product(ArrayRef<int64_t> shape) {
  int64_t n = 1;
  for (int64_t d : shape)
    n *= d;
  return n;
}

View Lowering::viewOf(const LoweredValue &v) {
  ArrayRef<int64_t> shape = v.type.getShape();
  if (v.batched) {
    int64_t cols = shape.size() > 1 ? shape.back() : 1;
    return {product(shape.drop_front()) / cols, cols, true};
  }
  if (shape.empty())
    return {1, 1, false};
  if (shape.size() == 1)
    return {1, shape[0], false};
  return {shape[0], product(shape.drop_front()), false};
}

int64_t Lowering::elementsOf(const LoweredValue &v) { return product(v.type.getShape()); }

LoweredValue &Lowering::get(Value v) {
  std::unique_ptr<LoweredValue> &l = values[v];
  if (!l)
    l = std::make_unique<LoweredValue>();
  return *l;
}

LoweredValue &Lowering::define(Value v, bool batched) {
  LoweredValue &l = get(v);
  l.type = cast<RankedTensorType>(v.getType());
  l.batched = batched;
  return l;
}

std::string Lowering::nameOf(Operation *op) {
  // The user's line tells which layer it is; the number keeps names apart.
  std::string kind = op->getName().stripDialect().str();
  if (auto named = dyn_cast<NameLoc>(op->getLoc()))
    return named.getName().str() + "." + kind;
  return kind;
}

Buffer Lowering::place(Value v, Elem elem, StringRef suffix) {
  LoweredValue &l = get(v);
  if (elem == Elem::F32 && suffix.empty())
    if (auto it = assigned.find(v); it != assigned.end())
      return it->second;
  int64_t elements = elementsOf(l);
  if (int64_t bits = packedBits(elem)) {
    int64_t cols = l.type.getShape().back();
    elements = elements / cols * wordsOf(cols, bits);
  }
  std::string name = v.getDefiningOp() ? nameOf(v.getDefiningOp()) : "argument";
  return emitter->arena(name + suffix.str(), elem, elements);
}

/// Integers of a grid times its scale: f32(q - z) * s.
Expr Lowering::dequantized(const LoweredValue &v, Expr integers) {
  auto toReal = [](Region &r, Value q, Value s) {
    return r.fmul(isa<FloatType>(getElementTypeOrSelf(q.getType())) ? q : r.toFloat(q), s);
  };
  if (v.scaleGroup)
    return map(integers, perGroup(v.scale, v.scaleGroup), toReal);
  if (v.scale)
    return map(integers, v.batched ? perColumn(v.scale) : perRow(v.scale), toReal);
  auto facts = gridFacts(gridTypeOf(v.type));
  if (facts->binary || (facts->scales.size() == 1 && facts->scales[0] == 1.0f))
    return map(integers,
               [](Region &r, Value q) { return isa<FloatType>(getElementTypeOrSelf(q.getType())) ? q : r.toFloat(q); });
  if (facts->scales.size() == 1)
    return map(integers, constant(facts->scales[0]), toReal);
  Buffer scales = emitter->constantF32("scales", std::vector<float>(facts->scales.begin(), facts->scales.end()));
  if (facts->group)
    return map(integers, perGroup(scales, facts->group), toReal);
  return map(integers, facts->axis == 0 && !v.batched ? perRow(scales) : perColumn(scales), toReal);
}

Expr Lowering::ints(Value value) {
  LoweredValue &v = get(value);
  if (v.grid)
    return leaf(v.grid, storedZero(v.type, v.grid.elem), v.type.getRank() ? v.type.getShape().back() : 1);
  if (v.gridExpr)
    return *v.gridExpr;
  emitError(value.getLoc(), "a value is read as integers here, but has none; give it a layout first");
  return constant(0);
}

Expr Lowering::real(Value value) {
  LoweredValue &v = get(value);
  if (v.real)
    return leaf(v.real);
  if (v.realExpr)
    return *v.realExpr;
  if (v.acc || v.accExpr)
    return map(accumulator(value), [](Region &r, Value a) { return r.toFloat(a); });
  return dequantized(v, ints(value));
}

Expr Lowering::accumulator(Value value) {
  LoweredValue &v = get(value);
  return v.acc ? leaf(v.acc) : *v.accExpr;
}

void Lowering::store(Value value, StringRef suffix, const Expr &expr, const Buffer &target) {
  Operation *op = value.getDefiningOp();
  std::optional<int64_t> reader = emitter->layer;
  if (auto own = numbers.find(op); own != numbers.end())
    emitter->layer = own->second;
  evaluate(*emitter, (op ? nameOf(op) : "argument") + suffix.str(), value.getLoc(), viewOf(get(value)),
           {{expr, target}});
  emitter->layer = reader;
}

Buffer Lowering::realBuffer(Value value) {
  LoweredValue &v = get(value);
  if (v.real)
    return v.real;
  Buffer b = place(value, Elem::F32);
  store(value, ".store", real(value), b);
  get(value).real = b;
  return b;
}

Buffer Lowering::gridBuffer(Value value) {
  LoweredValue &v = get(value);
  if (v.grid)
    return v.grid;
  Buffer b = place(value, Elem::F32, ".q");
  store(value, ".integers", ints(value), b);
  get(value).grid = b;
  return b;
}

void Lowering::setReal(Value result, bool batched, Expr expr) {
  // Short chains of recipes are cheap to recompute for each reader; but one that doubles at every step (x + f(x), again
  // and again) must not grow without end.
  constexpr int64_t longest = 64;
  LoweredValue &l = define(result, batched);
  bool store = assigned.count(result) || expr.cost > longest;
  l.realExpr = std::move(expr);
  if (store)
    realBuffer(result);
}

Expr Lowering::broadcastOperand(Value lhs, Value rhs) {
  auto a = cast<RankedTensorType>(lhs.getType()), b = cast<RankedTensorType>(rhs.getType());
  if (a.getShape() == b.getShape() && get(lhs).batched == get(rhs).batched)
    return real(rhs);
  return perColumn(realBuffer(rhs)); // one per channel, or one value
}

int64_t Lowering::zeroOf(Type type) {
  Type grid = gridTypeOf(type);
  auto facts = grid ? gridFacts(grid) : std::nullopt;
  return facts && facts->known && !facts->zeros.empty() ? facts->zeros[0] : 0;
}

int64_t Lowering::storedZero(Type type) {
  auto facts = gridFacts(gridTypeOf(type));
  return facts ? zeroOf(type) - facts->qmin : 0;
}

int64_t Lowering::storedZero(Type type, Elem elem) {
  return elem == Elem::U8 || elem == Elem::U2 ? storedZero(type) : 0;
}

Elem Lowering::elemOf(RankedTensorType type) {
  if (type.getElementType().isF32())
    return Elem::F32;
  if (type.getElementType().isInteger(32))
    return Elem::I32;
  if (auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding())) {
    if (layout.getLayout().bits == 1)
      return Elem::Bits;
    if (layout.getLayout().bits == 2)
      return layout.getLayout().code == layout::Code::unsigned_ ? Elem::U2 : Elem::Fields;
    if (layout.getLayout().wordBits == 8)
      return Elem::U8;
  }
  return Elem::I16;
}

} // namespace nibble::codegen
