// Kernels-stage modules by hand for the tests of code emission, and what they must compute.
#pragma once
#include "compiler/Emit/Header.h"
#include "compiler/Emit/Jit.h"
#include "compiler/Emit/Object.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <gtest/gtest.h>
#include <nibble/runtime.h>
#include <string>
#include <vector>

namespace nibble::test {

/// A module after nibble-to-llvm, with its context and what was said about it.
struct Lowered {
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<Entry> entries;
  std::string diagnostics;
  explicit operator bool() const { return static_cast<bool>(module); }
};

/// Empty, with the errors in `diagnostics`, if a pass fails.
Lowered lower(const std::string &text, const Target &target, bool packed = false);
std::string twoRegions(); ///< Inputs/two_regions.mlir

/// What entry @m of two_regions.mlir computes.
std::vector<float> referenceModel(const std::vector<float> &image);
/// Images of 8 values: ordinary numbers with subnormal ones between.
std::vector<float> someImages(int64_t batch);

/// Memory aligned to 64.
class Arena {
public:
  explicit Arena(int64_t bytes) : memory(static_cast<size_t>(bytes) + 64, 0xa5) {}
  char *get() {
    uintptr_t start = reinterpret_cast<uintptr_t>(memory.data());
    return reinterpret_cast<char *>(memory.data()) + (64 - start % 64) % 64;
  }

private:
  std::vector<unsigned char> memory;
};

using ModelFn = int32_t(const float *, float *, int64_t, void *, const nibble_parallel *);
using PackedModelFn = int32_t(void *const *, int64_t, void *, const nibble_parallel *);
using StepFn = int32_t(void *const *, void *, const nibble_parallel *);

bool sameBits(const std::vector<float> &a, const std::vector<float> &b);

} // namespace nibble::test
