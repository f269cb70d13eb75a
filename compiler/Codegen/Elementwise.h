// Elementwise recipes: leaves that read buffers, and the loop that evaluates a recipe into a buffer.
#ifndef NIBBLE_COMPILER_CODEGEN_ELEMENTWISE_H
#define NIBBLE_COMPILER_CODEGEN_ELEMENTWISE_H

#include "compiler/Codegen/Emitter.h"

namespace nibble::codegen {

/// Element (row, col) of a buffer that holds the whole tensor: f32 from F32, i32 from I32, I16, U8 (minus `zero`) and
/// Bits. Bits needs an aligned view: `channels` is the length of its packed rows.
Expr leaf(const Buffer &buffer, int64_t zero = 0, int64_t channels = 0);
/// One f32 per column (per channel), or one for all when the buffer holds one.
Expr perColumn(const Buffer &buffer);
/// One f32 per row (weights: per output channel), or one for all.
Expr perRow(const Buffer &buffer);
Expr constant(float value);

Expr map(const Expr &a, std::function<Value(Region &, Value)> f, bool integral = false);
Expr map(const Expr &a, const Expr &b, std::function<Value(Region &, Value, Value)> f, bool integral = false);
Expr map(const Expr &a, const Expr &b, const Expr &c, std::function<Value(Region &, Value, Value, Value)> f,
         bool integral = false);

/// Emits a region that evaluates the recipes over a [rows, cols] view and stores each into its buffer (F32, I32, I16,
/// U8, Bits). I16 and U8 store the low bits of an integral recipe (+ zero for U8); Bits store bit 1 where the recipe is
/// negative.
struct StoreTo {
  Expr expr;
  Buffer buffer;
  int64_t zero = 0;
};
void evaluate(Emitter &emitter, llvm::StringRef name, mlir::Location loc, View view, llvm::ArrayRef<StoreTo> stores);

/// Stores i32 or f32 values of `width` lanes as elements of the buffer (not Bits).
void storeElements(Region &r, Value value, const Buffer &buffer, Value index, int64_t zero);
/// 32-bit words of a row of `channels` bits.
inline int64_t wordsOf(int64_t channels) { return (channels + 31) / 32; }

} // namespace nibble::codegen

#endif
