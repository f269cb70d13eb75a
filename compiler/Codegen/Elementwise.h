// Elementwise recipes: leaves that read buffers, and the loop that evaluates a recipe into a buffer.
#ifndef NIBBLE_COMPILER_CODEGEN_ELEMENTWISE_H
#define NIBBLE_COMPILER_CODEGEN_ELEMENTWISE_H

#include "compiler/Codegen/Emitter.h"

namespace nibble::codegen {

/// Element (row, col) of a buffer that holds the whole tensor: f32 from F32, i32 from I32, I16, U8 (minus `zero`),
/// Bits, Fields and U2 (minus `zero`). The last three need a view of their packed rows, of `channels` elements, and
/// vectors that come out of one word.
Expr leaf(const Buffer &buffer, int64_t zero = 0, int64_t channels = 0);
/// One f32 per column (per channel), or one for all when the buffer holds one.
Expr perColumn(const Buffer &buffer);
/// One f32 per row (weights: per output channel), or one for all.
Expr perRow(const Buffer &buffer);
/// One f32 for each `group` neighbours (a multiple of groupUnit) in row-major order of a tensor.
Expr perGroup(const Buffer &buffer, int64_t group);
Expr constant(float value);

Expr map(const Expr &a, std::function<Value(Region &, Value)> f, bool integral = false);
Expr map(const Expr &a, const Expr &b, std::function<Value(Region &, Value, Value)> f, bool integral = false);
Expr map(const Expr &a, const Expr &b, const Expr &c, std::function<Value(Region &, Value, Value, Value)> f,
         bool integral = false);

/// Emits a region that evaluates the recipes over a [rows, cols] view and stores each into its buffer (F32, I32, I16,
/// U8, Bits, Fields, U2). I16, U8, Fields and U2 store the low bits of an integral recipe + zero (which is 0 for I16
/// and Fields); Bits store bit 1 where the recipe is negative.
struct StoreTo {
  Expr expr;
  Buffer buffer;
  int64_t zero = 0;
};
void evaluate(Emitter &emitter, llvm::StringRef name, mlir::Location loc, View view, llvm::ArrayRef<StoreTo> stores);

/// Stores i32 or f32 values of `width` lanes as elements of the buffer (not Bits, Fields or U2).
void storeElements(Region &r, Value value, const Buffer &buffer, Value index, int64_t zero);
/// Bits of an element that rows of whole 32-bit words hold: 1 for Bits, 2 for Fields and U2, else 0.
inline int64_t packedBits(Elem elem) {
  return elem == Elem::Bits ? 1 : elem == Elem::Fields || elem == Elem::U2 ? 2 : 0;
}
/// 32-bit words of a row of so many elements of 1 or 2 bits.
inline int64_t wordsOf(int64_t channels, int64_t bits = 1) { return (channels * bits + 31) / 32; }
/// The lowest two bits of `lanes` i32 values as 16 bits, in an i32.
Value fieldsOfTwoBits(Region &r, Value values);

} // namespace nibble::codegen

#endif
