// Elementwise recipes and the loops that evaluate them.
#include "compiler/Codegen/Elementwise.h"

using namespace mlir;

namespace nibble::codegen {

static Value flatIndex(Region &r, const Coord &at) { return r.add(r.mul(at.row, at.cols), at.col); }

/// Integers of narrower storage, widened to i32.
static Value widen(Region &r, Value v, bool isSigned) {
  Type type = r.i32(Code::widthOf(v));
  return isSigned ? Value(arith::ExtSIOp::create(r, type, v)) : Value(arith::ExtUIOp::create(r, type, v));
}

/// 0, step, 2 * step, .. in `width` lanes.
static Value laneSteps(Region &r, int64_t width, int64_t step) {
  SmallVector<int32_t> steps;
  for (int64_t i = 0; i < width; ++i)
    steps.push_back(static_cast<int32_t>(i * step));
  return arith::ConstantOp::create(r, DenseElementsAttr::get(cast<ShapedType>(r.i32(width)), ArrayRef<int32_t>(steps)));
}

Value fieldsOfTwoBits(Region &r, Value values) {
  Value fields = arith::AndIOp::create(r, values, r.ci(3, lanes));
  return vector::ReductionOp::create(r, vector::CombiningKind::OR,
                                     arith::ShLIOp::create(r, fields, laneSteps(r, lanes, 2)));
}

Expr leaf(const Buffer &buffer, int64_t zero, int64_t channels) {
  Expr e;
  e.integral = buffer.elem != Elem::F32 && buffer.elem != Elem::I32;
  if (const int64_t width = packedBits(buffer.elem)) {
    // Field c of a row's words. One lane at a time or a whole vector out of one word.
    e.flat = false;
    e.eval = [=](Region &r, const Coord &at) {
      Value word = r.load(r.ref(buffer), r.add(r.mul(at.row, wordsOf(channels, width)), r.div(at.col, 32 / width)));
      Value shift = arith::IndexCastOp::create(r, r.getI32Type(), r.mul(r.rem(at.col, 32 / width), width));
      Value fields = arith::ShRUIOp::create(r, word, shift);
      if (at.width)
        fields = arith::ShRUIOp::create(r, r.splat(fields, at.width), laneSteps(r, at.width, width));
      if (buffer.elem == Elem::Fields)
        return r.ashr(r.shl(fields, 30), 30);
      if (buffer.elem == Elem::U2) {
        Value q = arith::AndIOp::create(r, fields, r.ci(3, at.width));
        return zero ? r.isub(q, r.ci(static_cast<int32_t>(zero), at.width)) : q;
      }
      Value bit = arith::AndIOp::create(r, fields, r.ci(1, at.width)); // 0 stands for +1
      return r.isub(r.ci(1, at.width), r.shl(bit, 1));
    };
    return e;
  }
  e.eval = [=](Region &r, const Coord &at) {
    Value v = r.load(r.ref(buffer), flatIndex(r, at), at.width);
    if (buffer.elem == Elem::I16)
      return widen(r, v, true);
    if (buffer.elem == Elem::U8) {
      Value q = widen(r, v, false);
      return zero ? r.isub(q, r.ci(static_cast<int32_t>(zero), at.width)) : q;
    }
    return v;
  };
  return e;
}

Expr perColumn(const Buffer &buffer) {
  Expr e;
  e.flat = buffer.elements == 1;
  e.eval = [=](Region &r, const Coord &at) {
    if (buffer.elements == 1)
      return r.splat(r.load(r.ref(buffer), r.idx(0)), at.width);
    return r.load(r.ref(buffer), at.col, at.width);
  };
  return e;
}
Expr perRow(const Buffer &buffer) {
  Expr e;
  e.flat = buffer.elements == 1;
  e.eval = [=](Region &r, const Coord &at) {
    return r.splat(r.load(r.ref(buffer), buffer.elements == 1 ? r.idx(0) : at.row), at.width);
  };
  return e;
}
Expr perGroup(const Buffer &buffer, int64_t group) {
  Expr e;
  e.eval = [=](Region &r, const Coord &at) {
    return r.splat(r.load(r.ref(buffer), r.div(flatIndex(r, at), group)), at.width);
  };
  return e;
}
Expr constant(float value) {
  Expr e;
  e.eval = [=](Region &r, const Coord &at) { return r.cf(value, at.width); };
  return e;
}

Expr map(const Expr &a, std::function<Value(Region &, Value)> f, bool integral) {
  return {[=](Region &r, const Coord &at) { return f(r, a.eval(r, at)); }, a.flat, integral, a.cost + 1};
}
Expr map(const Expr &a, const Expr &b, std::function<Value(Region &, Value, Value)> f, bool integral) {
  return {[=](Region &r, const Coord &at) {
            Value x = a.eval(r, at);
            return f(r, x, b.eval(r, at));
          },
          a.flat && b.flat, integral, a.cost + b.cost + 1};
}
Expr map(const Expr &a, const Expr &b, const Expr &c, std::function<Value(Region &, Value, Value, Value)> f,
         bool integral) {
  return {[=](Region &r, const Coord &at) {
            Value x = a.eval(r, at), y = b.eval(r, at);
            return f(r, x, y, c.eval(r, at));
          },
          a.flat && b.flat && c.flat, integral, a.cost + b.cost + c.cost + 1};
}

void storeElements(Region &r, Value value, const Buffer &buffer, Value index, int64_t zero) {
  int64_t w = Code::widthOf(value);
  if (buffer.elem == Elem::F32 && !isa<FloatType>(getElementTypeOrSelf(value.getType())))
    value = r.toFloat(value);
  if (buffer.elem == Elem::I16)
    value = arith::TruncIOp::create(r, r.vec(r.getIntegerType(16), w), value);
  if (buffer.elem == Elem::U8)
    value = arith::TruncIOp::create(r, r.vec(r.getI8Type(), w),
                                    zero ? r.iadd(value, r.ci(static_cast<int32_t>(zero), w)) : value);
  r.store(value, r.ref(buffer), index);
}

/// Whole words of one row: 32 or 16 values of the recipe become one word (fewer in the last word, whose other bits are
/// 0).
static void storePacked(Region &r, const StoreTo &s, Value row, int64_t cols) {
  const int64_t width = packedBits(s.buffer.elem), fields = 32 / width;
  int64_t words = wordsOf(cols, width);
  Value base = r.mul(row, words);
  auto negative = [&](Value v) {
    return isa<FloatType>(getElementTypeOrSelf(v.getType()))
               ? r.cmp(arith::CmpFPredicate::OLT, v, r.cf(0, Code::widthOf(v)))
               : r.cmp(arith::CmpIPredicate::slt, v, r.ci(0, Code::widthOf(v)));
  };
  auto integer = [&](Value v) {
    if (isa<FloatType>(getElementTypeOrSelf(v.getType())))
      v = r.toInt(v);
    return s.zero ? r.iadd(v, r.ci(static_cast<int32_t>(s.zero), Code::widthOf(v))) : v;
  };
  // The lowest bits of an i32.
  auto eight = [&](Value v) -> Value {
    if (width == 2)
      return fieldsOfTwoBits(r, integer(v));
    Value byte = vector::BitCastOp::create(r, VectorType::get({1}, r.getIntegerType(lanes)), negative(v));
    return arith::ExtUIOp::create(r, r.getI32Type(), vector::ExtractOp::create(r, byte, ArrayRef<int64_t>{0}));
  };
  auto one = [&](Value v) -> Value {
    if (width == 2)
      return arith::AndIOp::create(r, integer(v), r.ci(3));
    return arith::ExtUIOp::create(r, r.getI32Type(), negative(v));
  };
  auto word = [&](Value firstColumn, int64_t count) {
    Value bits = r.ci(0);
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      Value part = eight(s.expr.eval(r, {row, r.add(firstColumn, i), cols, lanes}));
      bits = arith::OrIOp::create(r, bits, r.shl(part, static_cast<int32_t>(i * width)));
    }
    for (; i < count; ++i) {
      Value part = one(s.expr.eval(r, {row, r.add(firstColumn, i), cols, 0}));
      bits = arith::OrIOp::create(r, bits, r.shl(part, static_cast<int32_t>(i * width)));
    }
    return bits;
  };
  if (int64_t whole = cols / fields)
    r.loop(r.idx(0), r.idx(whole), 1,
           [&](Value k) { r.store(word(r.mul(k, fields), fields), r.ref(s.buffer), r.add(base, k)); });
  if (cols % fields)
    r.store(word(r.idx(cols / fields * fields), cols % fields), r.ref(s.buffer), r.add(base, words - 1));
}

void evaluate(Emitter &emitter, StringRef name, Location loc, View view, ArrayRef<StoreTo> stores) {
  bool flat = true, packed = false;
  for (const StoreTo &s : stores) {
    packed |= packedBits(s.buffer.elem) != 0;
    flat &= s.expr.flat;
  }
  if (flat && !packed) {
    // Whole images as rows: long inner loops. Unbatched tensors are cut into rows of 1024 where that divides.
    int64_t elements = view.rowsPerImage * view.cols;
    if (view.batched)
      view = {1, elements, true};
    else if (elements % 1024 == 0)
      view = {elements / 1024, 1024, false};
    else
      view = {1, elements, false};
  }
  emitter.region(
      name, loc, [&](Code &c, Value n) { return view.rows(c, n); },
      [&](Region &r) {
        r.loop(r.begin, r.end, 1, [&](Value row) {
          SmallVector<StoreTo> words, elements;
          for (const StoreTo &s : stores)
            (packedBits(s.buffer.elem) ? words : elements).push_back(s);
          for (const StoreTo &s : words)
            storePacked(r, s, row, view.cols);
          if (elements.empty())
            return;
          auto at = [&](Value col, int64_t width) {
            Coord coord{row, col, view.cols, width};
            SmallVector<Value> values;
            for (const StoreTo &s : elements)
              values.push_back(s.expr.eval(r, coord));
            for (auto [s, v] : llvm::zip(elements, values))
              storeElements(r, v, s.buffer, flatIndex(r, coord), s.zero);
          };
          int64_t whole = view.cols / lanes * lanes;
          if (whole)
            r.loop(r.idx(0), r.idx(whole), lanes, [&](Value col) { at(col, lanes); });
          if (whole < view.cols)
            r.loop(r.idx(whole), r.idx(view.cols), 1, [&](Value col) { at(col, 0); });
        });
      });
}

} // namespace nibble::codegen
