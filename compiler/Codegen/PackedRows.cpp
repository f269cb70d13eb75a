// Words of packed rows, shifted to where their elements belong.
#include "compiler/Codegen/PackedRows.h"
#include "compiler/Codegen/Elementwise.h"
#include <numeric>

using namespace mlir;

namespace nibble::codegen {

namespace {

constexpr int64_t wordBits = 32;

/// A place in the rows of a buffer: a bit of the row that begins with word `row` and has `words` of them.
struct Place {
  Value memref, row;
  int64_t words;
  Value bit;
};

Value wide(Region &r, Value word) { return arith::ExtUIOp::create(r, r.getI64Type(), word); }
Value shiftOf(Region &r, Value bit) { return arith::IndexCastOp::create(r, r.getI64Type(), r.rem(bit, wordBits)); }
Value low(Region &r, Value v) { return arith::TruncIOp::create(r, r.getI32Type(), v); }

/// The 32 bits from `at` on; what lies behind the row may be anything.
Value readWord(Region &r, const Place &at) {
  Value word = r.div(at.bit, wordBits), next = r.min(r.add(word, 1), r.idx(at.words - 1));
  Value pair = arith::OrIOp::create(r, wide(r, r.load(at.memref, r.add(at.row, word))),
                                    arith::ShLIOp::create(r, wide(r, r.load(at.memref, r.add(at.row, next))),
                                                          arith::ConstantOp::create(r, r.getI64IntegerAttr(wordBits))));
  return low(r, arith::ShRUIOp::create(r, pair, shiftOf(r, at.bit)));
}

/// Sets the bits of `word` from `at` on; none of them lies behind the row.
void orWord(Region &r, Value word, const Place &at) {
  Value first = r.div(at.bit, wordBits), next = r.min(r.add(first, 1), r.idx(at.words - 1));
  Value pair = arith::ShLIOp::create(r, wide(r, word), shiftOf(r, at.bit));
  auto set = [&](Value index, Value bits) {
    Value place = r.add(at.row, index);
    r.store(arith::OrIOp::create(r, r.load(at.memref, place), bits), at.memref, place);
  };
  set(first, low(r, pair));
  // Nothing is left of it where there is no next word.
  set(next, low(r, arith::ShRUIOp::create(r, pair, arith::ConstantOp::create(r, r.getI64IntegerAttr(wordBits)))));
}

/// Sets `count` bits from `to` on: those of word `i` (an index) are `word(i)`.
void orBits(Region &r, int64_t count, const Place &to, llvm::function_ref<Value(Value)> word) {
  auto one = [&](Value i, Value bits) {
    orWord(r, bits, {to.memref, to.row, to.words, r.add(to.bit, r.mul(i, wordBits))});
  };
  const int64_t whole = count / wordBits, rest = count % wordBits;
  if (whole)
    r.loop(r.idx(0), r.idx(whole), 1, [&](Value i) { one(i, word(i)); });
  if (rest) {
    Value mask = r.ci(static_cast<int32_t>((int64_t(1) << rest) - 1));
    one(r.idx(whole), arith::AndIOp::create(r, word(r.idx(whole)), mask));
  }
}

/// Each row of `output`: cleared, then filled by `body(row, its first word)`.
void overRows(Emitter &emitter, StringRef name, Location loc, const Buffer &output, int64_t words, int64_t rows,
              bool batched, llvm::function_ref<void(Region &, Value, Value)> body) {
  emitter.region(
      name, loc, [&](Code &c, Value n) { return batched ? c.mul(n, rows) : c.idx(rows); },
      [&](Region &r) {
        r.loop(r.begin, r.end, 1, [&](Value row) {
          Value first = r.mul(row, words);
          r.loop(r.idx(0), r.idx(words), 1, [&](Value i) { r.store(r.ci(0), r.ref(output), r.add(first, i)); });
          body(r, row, first);
        });
      });
}

} // namespace

void emitPackedConcat(Emitter &emitter, StringRef name, Location loc, ArrayRef<RowPart> parts, const Buffer &output,
                      int64_t rows, bool batched) {
  const int64_t bits = packedBits(output.elem);
  int64_t channels = 0;
  for (const RowPart &part : parts)
    channels += part.channels;
  const int64_t words = wordsOf(channels, bits);
  overRows(emitter, name, loc, output, words, rows, batched, [&](Region &r, Value row, Value first) {
    int64_t bit = 0;
    for (const RowPart &part : parts) {
      const int64_t count = part.channels * bits, partWords = wordsOf(part.channels, bits);
      const Place to{r.ref(output), first, words, r.idx(bit)};
      bit += count;
      if (part.from)
        orBits(r, count, to, [&](Value i) { return r.load(r.ref(part.from), r.add(r.mul(row, partWords), i)); });
      else if (part.pattern)
        orBits(r, count, to, [&](Value) { return r.ci(static_cast<int32_t>(part.pattern)); });
    }
  });
}

void emitPackedReshape(Emitter &emitter, StringRef name, Location loc, const Buffer &input, int64_t inputChannels,
                       const Buffer &output, int64_t channels, int64_t rows, bool batched) {
  const int64_t bits = packedBits(output.elem), words = wordsOf(channels, bits),
                inputWords = wordsOf(inputChannels, bits);
  // So many elements lie in one row on both sides.
  const int64_t together = std::gcd(channels, inputChannels);
  overRows(emitter, name, loc, output, words, rows, batched, [&](Region &r, Value row, Value first) {
    r.loop(r.idx(0), r.idx(channels / together), 1, [&](Value i) {
      Value element = r.add(r.mul(row, channels), r.mul(i, together));
      const Place to{r.ref(output), first, words, r.mul(i, together * bits)};
      const Place from{r.ref(input), r.mul(r.div(element, inputChannels), inputWords), inputWords,
                       r.mul(r.rem(element, inputChannels), bits)};
      orBits(r, together * bits, to, [&](Value word) {
        return readWord(r, {from.memref, from.row, from.words, r.add(from.bit, r.mul(word, wordBits))});
      });
    });
  });
}

} // namespace nibble::codegen
