// Index arithmetic, loops and vectors for emitted code.
#include "compiler/Codegen/Code.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace nibble::codegen {

static std::optional<int64_t> constantOf(Value v) {
  llvm::APInt c;
  if (matchPattern(v, m_ConstantInt(&c)))
    return c.getSExtValue();
  return std::nullopt;
}

Value Code::idx(int64_t v) { return arith::ConstantIndexOp::create(*this, v); }

Value Code::add(Value a, Value b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return idx(*x + *y);
  if (x && *x == 0)
    return b;
  if (y && *y == 0)
    return a;
  return arith::AddIOp::create(*this, a, b);
}
Value Code::sub(Value a, Value b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return idx(*x - *y);
  if (y && *y == 0)
    return a;
  return arith::SubIOp::create(*this, a, b);
}
Value Code::mul(Value a, Value b) {
  auto x = constantOf(a), y = constantOf(b);
  if (x && y)
    return idx(*x * *y);
  if ((x && *x == 0) || (y && *y == 0))
    return idx(0);
  if (x && *x == 1)
    return b;
  if (y && *y == 1)
    return a;
  return arith::MulIOp::create(*this, a, b);
}
Value Code::div(Value a, int64_t b) {
  if (b == 1)
    return a;
  if (auto x = constantOf(a))
    return idx(*x / b);
  return arith::DivUIOp::create(*this, a, idx(b));
}
Value Code::rem(Value a, int64_t b) {
  if (b == 1)
    return idx(0);
  if (auto x = constantOf(a))
    return idx(*x % b);
  return arith::RemUIOp::create(*this, a, idx(b));
}
Value Code::min(Value a, Value b) {
  auto x = constantOf(a), y = constantOf(b);
  return x && y ? idx(std::min(*x, *y)) : Value(arith::MinSIOp::create(*this, a, b));
}
Value Code::max(Value a, Value b) {
  auto x = constantOf(a), y = constantOf(b);
  return x && y ? idx(std::max(*x, *y)) : Value(arith::MaxSIOp::create(*this, a, b));
}

void Code::loop(Value lo, Value hi, int64_t step, llvm::function_ref<void(Value)> body) {
  auto op = scf::ForOp::create(*this, lo, hi, idx(step));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.getBody());
  body(op.getInductionVar());
}

SmallVector<Value> Code::loop(Value lo, Value hi, int64_t step, ValueRange inits,
                              llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(*this, lo, hi, idx(step), inits);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(*this, next);
  return SmallVector<Value>(op.getResults());
}

void Code::when(Value condition, llvm::function_ref<void()> then) {
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  then();
}
void Code::when(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise) {
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  then();
  setInsertionPointToStart(op.elseBlock());
  otherwise();
}

Type Code::vec(Type element, int64_t width) { return width ? Type(VectorType::get({width}, element)) : element; }

Value Code::splat(Value scalar, int64_t width) {
  return width ? Value(vector::BroadcastOp::create(*this, VectorType::get({width}, scalar.getType()), scalar)) : scalar;
}
Value Code::cf(float v, int64_t width) {
  if (!width)
    return arith::ConstantOp::create(*this, getF32FloatAttr(v));
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(cast<ShapedType>(f32(width)), v));
}
Value Code::ci(int32_t v, int64_t width) {
  if (!width)
    return arith::ConstantOp::create(*this, getI32IntegerAttr(v));
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(cast<ShapedType>(i32(width)), v));
}

Value Code::load(Value memref, Value index, int64_t width) {
  if (!width)
    return memref::LoadOp::create(*this, memref, ValueRange{index});
  auto element = cast<MemRefType>(memref.getType()).getElementType();
  return vector::LoadOp::create(*this, VectorType::get({width}, element), memref, ValueRange{index});
}
void Code::store(Value value, Value memref, Value index) {
  if (isa<VectorType>(value.getType()))
    vector::StoreOp::create(*this, value, memref, ValueRange{index});
  else
    memref::StoreOp::create(*this, value, memref, ValueRange{index});
}

int64_t Code::widthOf(Value v) {
  auto vector = dyn_cast<VectorType>(v.getType());
  return vector ? vector.getNumElements() : 0;
}

Value Code::like(Value v, double constant) {
  Type type = v.getType();
  Type element = getElementTypeOrSelf(type);
  TypedAttr scalar = isa<FloatType>(element) ? TypedAttr(FloatAttr::get(element, constant))
                                             : TypedAttr(IntegerAttr::get(element, static_cast<int64_t>(constant)));
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(*this, DenseElementsAttr::get(vector, Attribute(scalar)));
  return arith::ConstantOp::create(*this, scalar);
}

Value Code::fma(Value a, Value b, Value c) { return math::FmaOp::create(*this, a, b, c); }
Value Code::fabs(Value a) { return math::AbsFOp::create(*this, a); }
Value Code::fsqrt(Value a) { return math::SqrtOp::create(*this, a); }
Value Code::shl(Value a, int32_t bits) { return bits ? Value(arith::ShLIOp::create(*this, a, like(a, bits))) : a; }
Value Code::ashr(Value a, int32_t bits) { return bits ? Value(arith::ShRSIOp::create(*this, a, like(a, bits))) : a; }
Value Code::lshr(Value a, int32_t bits) { return bits ? Value(arith::ShRUIOp::create(*this, a, like(a, bits))) : a; }

Value Code::fclamp(Value x, Value lo, Value hi) {
  Value y = select(cmp(arith::CmpFPredicate::OGT, x, lo), x, lo);
  return select(cmp(arith::CmpFPredicate::OLT, y, hi), y, hi);
}
Value Code::toFloat(Value i) { return arith::SIToFPOp::create(*this, f32(widthOf(i)), i); }
Value Code::toInt(Value f) { return arith::FPToSIOp::create(*this, i32(widthOf(f)), f); }
Value Code::roundToInt(Value x) {
  int64_t w = widthOf(x);
  Value shifted = fadd(x, cf(12582912.0f, w)); // 1.5 * 2^23: the sum's unit in the last place is 1
  return isub(bitcastTo(i32(w), shifted), ci(0x4B400000, w));
}
Value Code::bitcastTo(Type type, Value v) {
  if (isa<VectorType>(type))
    return vector::BitCastOp::create(*this, cast<VectorType>(type), v);
  return arith::BitcastOp::create(*this, type, v);
}

} // namespace nibble::codegen
