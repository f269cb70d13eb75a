// State of lowering one function to the kernels stage: buffers, parallel regions, and values that are not stored yet.
#ifndef NIBBLE_COMPILER_CODEGEN_EMITTER_H
#define NIBBLE_COMPILER_CODEGEN_EMITTER_H

#include "compiler/Codegen/Code.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace nibble::codegen {

/// How a buffer holds its elements.
enum class Elem {
  F32,
  I32,
  I16,    ///< integers of a grid, minus the zero point
  U8,     ///< integers of a grid, minus its smallest one (for byte kernels)
  Bits,   ///< binary: bits packed along the last dimension in 32-bit words, each row padded to whole words
  Fields, ///< ternary: two bits each, likewise
  U2,     ///< integers of a grid of up to four, minus its smallest one: two bits each, likewise
  I8      ///< packed constants
};

/// A contiguous piece of memory: a part of the arena, an argument of the entry, or a constant of the module.
struct Buffer {
  enum class Where { None, Arena, Argument, Global } where = Where::None;
  std::string name; ///< of the arena part or the global
  unsigned argument = 0;
  Elem elem = Elem::F32;
  int64_t elements = 0; ///< of the memref (words for Bits)
  explicit operator bool() const { return where != Where::None; }
};

class Emitter;

/// One parallel region while its body is emitted.
class Region : public Code {
public:
  Region(Emitter &emitter, mlir::func::FuncOp function);
  Value n, begin, end, thread;
  /// The memref of a buffer inside this region.
  Value ref(const Buffer &buffer);
  /// This thread's scratch memory: `elements` of `type`; several calls give disjoint parts.
  Value scratch(Type type, int64_t elements);
  mlir::func::FuncOp function;
  Emitter &emitter;

private:
  std::map<std::string, Value> views;
  int64_t scratchBytes = 0;
};

/// Where elementwise code stands: a row and a column of the [rows, cols] view of a tensor; `width` lanes from `col` on.
struct Coord {
  Value row, col;
  int64_t cols;
  int64_t width; ///< 0: scalar
};

/// A tensor as a recipe: evaluated where it is needed, so that chains of elementwise ops become one loop. Gives f32, or
/// i32 for integers of a grid (minus the zero point) when `integral`.
struct Expr {
  std::function<Value(Region &, const Coord &)> eval;
  /// Depends on row and column only through the flat position: any 2-D view of the same elements will do.
  bool flat = true;
  bool integral = false;
  int64_t cost = 1; ///< Leaves and steps; a recipe that reads another one twice pays for it twice.
};

class Emitter {
public:
  /// Starts `name` in `module`: a function (arena, arguments..., n, parallel). `argumentTypes` are 1-D memrefs.
  Emitter(mlir::ModuleOp module, mlir::Location loc, llvm::StringRef name, llvm::ArrayRef<mlir::MemRefType> arguments);

  Buffer arena(llvm::StringRef name, Elem elem, int64_t elements);
  Buffer argument(unsigned index, Elem elem, int64_t elements);
  /// Constants; equal content under one name is the caller's care. Names get a suffix when taken.
  Buffer constant(llvm::StringRef name, Elem elem, llvm::ArrayRef<char> bytes);
  Buffer constantF32(llvm::StringRef name, llvm::ArrayRef<float> values);
  Buffer constantI32(llvm::StringRef name, llvm::ArrayRef<int32_t> values);

  /// A region over `count(code, n)` items; `body` emits the work on [begin, end).
  void region(llvm::StringRef name, mlir::Location loc, llvm::function_ref<Value(Code &, Value)> count,
              llvm::function_ref<void(Region &)> body);
  /// The op that regions are emitted for from here on: its number in the source function; none for reports to name it.
  std::optional<int64_t> layer;
  /// A function that the body of a region calls: the region's own arguments with `indices` index arguments before the
  /// last four.
  mlir::func::FuncOp routine(llvm::StringRef name, mlir::Location loc, unsigned indices,
                             llvm::function_ref<void(Region &, mlir::ValueRange)> body);
  /// Calls it from a region.
  static void call(Region &region, mlir::func::FuncOp routine, mlir::ValueRange indices);
  /// Ends the function.
  void finish();

  Type elementType(Elem elem);
  mlir::MLIRContext *context() { return module.getContext(); }
  mlir::func::FuncOp entry() { return function; }
  std::string unique(llvm::StringRef name);
  mlir::ModuleOp module;

private:
  friend class Region;
  mlir::func::FuncOp function;
  std::unique_ptr<Code> code;
  std::map<std::string, int> taken;
};

/// Rows and columns of the 2-D view: columns = last dimension; the batch dimension counts `n` when dynamic.
struct View {
  int64_t rowsPerImage; ///< rows = n * rowsPerImage for batched tensors, rowsPerImage alone otherwise
  int64_t cols;
  bool batched;
  Value rows(Code &code, Value n) const { return batched ? code.mul(n, rowsPerImage) : code.idx(rowsPerImage); }
};

} // namespace nibble::codegen

#endif
