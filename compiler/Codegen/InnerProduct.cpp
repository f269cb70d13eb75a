// Inner loops over (ky, kx, c): f32 by sequential fused multiply-adds (R9), integers by pairs of 16 bits, binary by xor
// and population count.
#include "compiler/Codegen/InnerProduct.h"
#include "compiler/Codegen/Elementwise.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <cmath>

using namespace mlir;

namespace nibble::codegen {

using Values = SmallVector<Value>;

namespace {

/// The cache that prefetched weights are to reach, as llvm.prefetch counts them; the first level is in use.
constexpr int secondLevel = 2;

class Tile {
public:
  Tile(Region &r, const ConvShape &s, const ContractionOperands &ops, const TileTaps &taps, int64_t pixelStride)
      : r(r), s(s), ops(ops), t(taps), pixelStride(pixelStride), channels(s.channelsPerGroup()),
        rows(static_cast<int64_t>(taps.base.size())), wide(ops.input.elem == Elem::F32 ? taps.lanes : lanes),
        parts(tileColumns / wide) {}

  /// For each block and row two vectors of 8.
  Values run() {
    Values sums = sum(), halves;
    if (parts > 1)
      return sums;
    for (Value both : sums)
      for (int64_t first : {int64_t(0), lanes})
        halves.push_back(vector::ShuffleOp::create(r, both, both, llvm::to_vector(llvm::seq(first, first + lanes))));
    return halves;
  }

private:
  Values sum() {
    switch (ops.input.elem) {
    case Elem::F32:
      if (ops.group)
        return ops.weights.elem == Elem::F32
                   ? groups([&](Value w, Value a, Value g) { return floatGroup(w, a, g); }, channels * tileColumns)
                   : groups([&](Value w, Value a, Value g) { return unpackedGroup(w, a, g); },
                            channels / fieldsOfByte() * tileColumns);
      return ops.exactChunk
                 ? exact()
                 : taps(
                       zerosF(),
                       [&](Value w, Value a, Values acc) { return runF32(w, a, r.idx(0), r.idx(channels), acc); },
                       channels * tileColumns);
    case Elem::Bits:
      return binary();
    default:
      if (ops.group)
        return groups([&](Value w, Value a, Value g) { return integerGroup(w, a, g); }, tapBytes());
      return taps(
          zerosI(), [&](Value w, Value a, Values acc) { return runIntegers(w, a, r.idx(0), r.idx(tapBlocks()), acc); },
          tapBytes());
    }
  }

  Values zerosF() { return Values(parts * rows * t.width, r.cf(0, wide)); }
  Values zerosI() { return Values(parts * rows * t.width, r.ci(0, wide)); }

  /// The first of the accumulators of a block and row.
  int64_t at(int64_t block, int64_t row) const { return parts * (block * rows + row); }
  /// Successive vectors, one for each accumulator of a block and row.
  Values vectorsAt(Value memory, Value first) {
    Values found;
    for (int64_t p = 0; p < parts; ++p)
      found.push_back(r.load(memory, r.add(first, p * wide), wide));
    return found;
  }
  /// The weights of a block that follows the first, if each block has `perTap` of them for a tap.
  Value ofBlock(Value weight, int64_t block, int64_t perTap) {
    return block ? r.add(weight, block * s.KH * s.KW * perTap) : weight;
  }

  /// Loops over the taps; `inner` gets the weight offset and the input offset (to add to each row's base) of the tap.
  Values taps(Values init, llvm::function_ref<Values(Value, Value, Values)> inner, int64_t weightsPerTap) {
    return r.loop(t.ky0, t.ky1, 1, init,
                  [&](Value ky, ValueRange accY) { return row(ky, Values(accY), inner, weightsPerTap); });
  }
  Values row(Value ky, Values init, llvm::function_ref<Values(Value, Value, Values)> inner, int64_t weightsPerTap) {
    Value tapRow = r.mul(r.add(r.mul(t.block, s.KH), ky), s.KW);
    Value inRow = r.mul(ky, s.DH * s.W);
    return r.loop(t.kx0, t.kx1, 1, init, [&](Value kx, ValueRange acc) {
      return inner(r.mul(r.add(tapRow, kx), weightsPerTap), r.mul(r.add(inRow, r.mul(kx, s.DW)), pixelStride),
                   Values(acc));
    });
  }

  Values rowBases(Value tapOffset) {
    Values bases;
    for (Value b : t.base)
      bases.push_back(r.add(b, tapOffset));
    return bases;
  }

  Values runF32(Value weight, Value tapOffset, Value c0, Value c1, Values acc) {
    Value A = r.ref(ops.input), W = r.ref(ops.weights);
    Values bases = rowBases(tapOffset);
    return r.loop(c0, c1, 1, acc, [&](Value c, ValueRange in) {
      Value first = r.add(weight, r.mul(c, tileColumns));
      Values out;
      for (int64_t b = 0; b < t.width; ++b) {
        Value w = ofBlock(first, b, channels * tileColumns);
        Values weights = vectorsAt(W, w);
        if (t.ahead)
          memref::PrefetchOp::create(r, W, r.add(w, t.ahead), /*isWrite=*/false, secondLevel, /*isDataCache=*/true);
        for (int64_t m = 0; m < rows; ++m) {
          Value a = r.splat(r.load(A, r.add(bases[m], c)), wide);
          for (int64_t p = 0; p < parts; ++p)
            out.push_back(r.fma(a, weights[p], in[at(b, m) + p]));
        }
      }
      return out;
    });
  }

  /// f32 operands that hold integers: every chunk's sum is below 2^24, so it is exact; chunks are added as i32 (R7).
  Values exact() {
    auto flush = [&](ValueRange total, const Values &chunk) {
      Values out;
      for (auto [t, c] : llvm::zip(total, chunk))
        out.push_back(r.iadd(t, r.toInt(c)));
      return out;
    };
    int64_t perTap = channels * tileColumns, limit = ops.exactChunk;
    auto plain = [&](Value w, Value a, Values acc) { return runF32(w, a, r.idx(0), r.idx(channels), acc); };
    if (s.KH * s.KW * channels <= limit)
      return flush(zerosI(), taps(zerosF(), plain, perTap));
    if (s.KW * channels <= limit)
      return r.loop(t.ky0, t.ky1, 1, zerosI(),
                    [&](Value ky, ValueRange total) { return flush(total, row(ky, zerosF(), plain, perTap)); });
    return taps(
        zerosI(),
        [&](Value w, Value a, Values total) {
          if (channels <= limit)
            return flush(total, plain(w, a, zerosF()));
          return r.loop(r.idx(0), r.idx(channels), limit, total, [&](Value c, ValueRange in) {
            return flush(in, runF32(w, a, c, r.min(r.add(c, limit), r.idx(channels)), zerosF()));
          });
        },
        perTap);
  }

  //===-- Group scales (R7.5): windows are one pixel
  //------------------------------------------------------------------===//

  /// total[n] = fma(f32(sum of the group), scale[n], total[n]) over the groups of k; `sum` gets the offsets of weights
  /// and input and the group's number, and gives integers, in f32 or i32.
  Values groups(llvm::function_ref<Values(Value, Value, Value)> sum, int64_t weightsPerTap) {
    return taps(
        zerosF(),
        [&](Value weight, Value tapOffset, Values acc) {
          return r.loop(r.idx(0), r.idx(channels / ops.group), 1, acc, [&](Value g, ValueRange total) {
            Values sums = sum(weight, tapOffset, g), out;
            for (int64_t b = 0; b < t.width; ++b) {
              Values scales = groupScales(b, g);
              for (int64_t i = at(b, 0); i < at(b + 1, 0); ++i) {
                Value exact = isa<FloatType>(getElementTypeOrSelf(sums[i].getType())) ? sums[i] : r.toFloat(sums[i]);
                out.push_back(r.fma(exact, scales[i % parts], total[i]));
              }
            }
            return out;
          });
        },
        weightsPerTap);
  }
  /// Of the channels of a block.
  Values groupScales(int64_t block, Value group) {
    Value row = r.add(r.mul(block ? r.add(t.block, block) : t.block, channels / ops.group), group),
          T = r.ref(ops.groupScales);
    return vectorsAt(T, r.mul(row, tileColumns));
  }
  Values floatGroup(Value weight, Value tapOffset, Value g) {
    Value c0 = r.mul(g, ops.group);
    return runF32(weight, tapOffset, c0, r.add(c0, ops.group), zerosF());
  }
  Values integerGroup(Value weight, Value tapOffset, Value g) {
    const int64_t perGroup = ops.group / blockSteps();
    Value k0 = r.mul(g, perGroup);
    return runIntegers(weight, tapOffset, k0, r.add(k0, perGroup), zerosI());
  }

  /// Weights in fields of bytes, one channel to a byte, of which f32 numbers are made.
  int64_t fieldsOfByte() const { return 8 / ops.fieldBits; }

  /// Field `f` of the lowest byte of each lane of 32 bits, as f32. In the mantissa of 2^(23 - position) the field
  /// counts units, and a subtraction leaves its value: exact, and two operations where the target masks and flips at
  /// once.
  Value fieldToFloat(Value bytes, int64_t f) {
    const int position = static_cast<int>(f) * ops.fieldBits, mask = ((1 << ops.fieldBits) - 1) << position;
    const bool isSigned = ops.code != layout::Code::unsigned_;
    const int sign = isSigned ? 1 << (position + ops.fieldBits - 1) : 0; // flipped, it is a bias of half the range
    const int32_t one = (127 + 23 - position) << 23;
    const float zero = std::ldexp(1.0f, 23 - position) + (isSigned ? static_cast<float>(1 << (ops.fieldBits - 1)) : 0);
    Value bits = ops.fieldBits == 8 ? bytes : Value(arith::AndIOp::create(r, bytes, r.ci(mask, wide)));
    bits = arith::XOrIOp::create(r, bits, r.ci(one | sign, wide));
    return r.fsub(r.bitcastTo(r.f32(wide), bits), r.cf(zero, wide));
  }

  Values unpackedGroup(Value weight, Value tapOffset, Value g) {
    Value A = r.ref(ops.input), W = r.ref(ops.weights);
    const int64_t fields = fieldsOfByte(), perGroup = ops.group / fields;
    Values bases = rowBases(tapOffset);
    Value k0 = r.mul(g, perGroup);
    return r.loop(k0, r.add(k0, perGroup), 1, zerosF(), [&](Value k, ValueRange in) {
      Values out(in.begin(), in.end());
      for (int64_t b = 0; b < t.width; ++b) {
        Value first = r.add(ofBlock(weight, b, channels / fields * tileColumns), r.mul(k, tileColumns));
        Values bytes;
        for (Value packed : vectorsAt(W, first))
          bytes.push_back(arith::ExtUIOp::create(r, r.i32(wide), packed));
        // Each activation serves all columns at once: it would wait in a register for the others.
        for (int64_t f = 0; f < fields; ++f) {
          Values weights;
          for (Value packed : bytes)
            weights.push_back(fieldToFloat(packed, f));
          for (int64_t m = 0; m < rows; ++m) {
            Value a = r.splat(r.load(A, r.add(r.add(bases[m], r.mul(k, fields)), f)), wide);
            for (int64_t p = 0; p < parts; ++p) {
              Value &sum = out[at(b, m) + p];
              sum = r.fma(a, weights[p], sum);
            }
          }
        }
      }
      return out;
    });
  }

  //===-- Integers
  //------------------------------------------------------------------------------------------------------===//

  /// Field `f` of the lowest byte of each lane of `width` bits, with its sign; of sign bits 0 or -1.
  Value field(Value bytes, int64_t f, int width) {
    const int b = ops.fieldBits;
    Value up = r.shl(bytes, width - b * (static_cast<int>(f) + 1));
    return ops.code == layout::Code::unsigned_ ? r.lshr(up, width - b) : r.ashr(up, width - b);
  }

  /// 16 fields of `fieldBits` out of each 16-bit lane, as i16 values: vector f holds elements 16f .. 16f + 15 of the
  /// block.
  Values unpackWeights(Value byteOffset) {
    Value W = r.ref(ops.weights);
    int b = ops.fieldBits;
    bool isUnsigned = ops.code == layout::Code::unsigned_;
    Type wide = r.vec(r.getIntegerType(16), 16);
    Values fields;
    if (b == 8) {
      for (int64_t i : {0, 16}) {
        Value bytes = r.load(W, r.add(byteOffset, i), 16);
        fields.push_back(isUnsigned ? Value(arith::ExtUIOp::create(r, wide, bytes))
                                    : Value(arith::ExtSIOp::create(r, wide, bytes)));
      }
      return fields;
    }
    Value bytes = arith::ExtUIOp::create(r, wide, r.load(W, byteOffset, 16));
    for (int f = 0; f < 8 / b; ++f) {
      Value v = field(bytes, f, 16);
      if (ops.code == layout::Code::sign) // 0 -> +1, -1 -> -1
        v = arith::OrIOp::create(
            r, v,
            arith::ConstantOp::create(
                r, DenseElementsAttr::get(cast<ShapedType>(wide), r.getI16IntegerAttr(1).getValue())));
      fields.push_back(v);
    }
    return fields;
  }

  /// acc[n] += a0 * w[n][0] + a1 * w[n][1]: the shape that x86 has vpmaddwd for.
  Value multiplyPairs(Value acc, Value pair, Value weights) {
    Type wide = r.vec(r.getI32Type(), 16);
    Value product = r.imul(arith::ExtSIOp::create(r, wide, pair), arith::ExtSIOp::create(r, wide, weights));
    auto split = vector::DeinterleaveOp::create(r, product);
    return r.iadd(acc, r.iadd(split.getRes1(), split.getRes2()));
  }

  /// Steps of k in a block of weights (kt of layout::weightTile); bytes of a block; blocks and bytes of a tap.
  int64_t blockSteps() const { return ops.fieldBits == 1 ? 8 : ops.fieldBits == 2 ? 4 : 2; }
  int64_t blockBytes() const { return blockSteps() * tileColumns * ops.fieldBits / 8; }
  int64_t tapBlocks() const { return (channels + blockSteps() - 1) / blockSteps(); }
  int64_t tapBytes() const { return tapBlocks() * blockBytes(); }

  /// Blocks [k0, k1) of a tap, added to `acc`.
  Values runIntegers(Value weight, Value tapOffset, Value k0, Value k1, Values acc) {
    Value A = r.ref(ops.input);
    const int64_t steps = blockSteps();
    Values bases = rowBases(tapOffset);
    return r.loop(k0, k1, 1, acc, [&](Value k, ValueRange in) {
      Values out(in.begin(), in.end());
      for (int64_t n = 0; n < t.width; ++n) {
        Values fields = unpackWeights(r.add(ofBlock(weight, n, tapBytes()), r.mul(k, blockBytes())));
        for (int64_t p = 0; p < steps / 2; ++p) {
          // Pairs that lie wholly behind the last channel have zero weights only in the last block: skipped for all
          // blocks when there is just one.
          if (tapBlocks() == 1 && 2 * p >= channels)
            break;
          for (int64_t m = 0; m < rows; ++m) {
            Value index = r.add(r.add(bases[m], r.mul(k, steps)), 2 * p);
            Value two = r.bitcastTo(VectorType::get({1}, r.getI32Type()), r.load(A, index, 2));
            Value both = r.splat(vector::ExtractOp::create(r, two, ArrayRef<int64_t>{0}), lanes);
            Value pair = r.bitcastTo(r.vec(r.getIntegerType(16), 16), both);
            Value &low = out[at(n, m)], &high = out[at(n, m) + 1];
            low = multiplyPairs(low, pair, fields[2 * p]);
            high = multiplyPairs(high, pair, fields[2 * p + 1]);
          }
        }
      }
      return out;
    });
  }

  /// dot = K - 2 * popcount(a xor w) (R3), where K counts the products of the tile's taps.
  Values binary() {
    Value A = r.ref(ops.input), W = r.ref(ops.weights);
    int64_t words = wordsOf(channels);
    Values counts = taps(
        zerosI(),
        [&](Value weight, Value tapOffset, Values acc) {
          Values bases = rowBases(tapOffset);
          return r.loop(r.idx(0), r.idx(words), 1, acc, [&](Value k, ValueRange in) {
            Values out;
            for (int64_t b = 0; b < t.width; ++b) {
              Value w = r.add(ofBlock(weight, b, words * tileColumns), r.mul(k, tileColumns));
              Value half[2] = {r.load(W, w, lanes), r.load(W, r.add(w, lanes), lanes)};
              for (int64_t m = 0; m < rows; ++m) {
                Value a = r.splat(r.load(A, r.add(bases[m], k)), lanes);
                for (int h = 0; h < 2; ++h)
                  out.push_back(
                      r.iadd(in[at(b, m) + h], math::CtPopOp::create(r, arith::XOrIOp::create(r, a, half[h]))));
              }
            }
            return out;
          });
        },
        words * tileColumns);
    Value products = r.ci(static_cast<int32_t>(s.KH * s.KW * channels), lanes);
    if (s.isPadded()) { // by a third value; layers pad with +1 or -1, beforehand
      Value count = r.mul(r.mul(r.sub(t.ky1, t.ky0), r.sub(t.kx1, t.kx0)), channels);
      products = r.splat(arith::IndexCastOp::create(r, r.getI32Type(), count), lanes);
    }
    for (Value &v : counts)
      v = r.isub(products, r.shl(v, 1));
    return counts;
  }

  Region &r;
  const ConvShape &s;
  const ContractionOperands &ops;
  const TileTaps &t;
  const int64_t pixelStride, channels, rows; ///< `channels` are those of a group.
  const int64_t wide, parts;                 ///< Lanes of an accumulator; accumulators of a block and row.
};

} // namespace

Values innerProduct(Region &r, const ConvShape &shape, const ContractionOperands &operands, const TileTaps &taps,
                    int64_t pixelStride) {
  return Tile(r, shape, operands, taps, pixelStride).run();
}

} // namespace nibble::codegen
