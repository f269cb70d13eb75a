// What memory the parallel regions of an entry touch, read from their loads, stores and calls.
#ifndef NIBBLE_COMPILER_REPORT_FOOTPRINT_H
#define NIBBLE_COMPILER_REPORT_FOOTPRINT_H

#include "compiler/Report/Report.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

namespace nibble::report {

/// Of one or more regions of one entry, before its memory is planned.
class Footprint {
public:
  void add(ukr::ParallelOp parallel);
  /// Bytes of activations are those of a tile of `batch` images, divided and rounded up.
  Layer::Memory memory(int64_t batch) const;

private:
  /// A buffer of the arena, an argument of the entry, or a constant.
  struct Touched {
    bool constant = false, read = false, written = false;
    int64_t bytes = 0;
  };
  using Names = llvm::DenseMap<mlir::Value, std::string>;

  /// Notes what the function touches and calls; `arguments` names what its memref arguments stand for. Gives the bytes
  /// of scratch.
  int64_t visit(mlir::func::FuncOp function, const Names &arguments, unsigned depth);
  void touch(mlir::Value memref, const Names &arguments, bool reads, bool writes);

  std::map<std::string, Touched> touched;
  int64_t scratch = 0;
};

} // namespace nibble::report

#endif
