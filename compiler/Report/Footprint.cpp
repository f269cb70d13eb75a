// Loads, stores and calls of parallel regions.
#include "compiler/Report/Footprint.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nibble::report {
namespace {

/// A file from elsewhere may hold routines that call themselves; those of the compiler are two deep.
constexpr unsigned deepest = 16;

int64_t bytesOf(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.hasStaticShape() ? ukr::bytesOf(memref) : 0;
}

/// What a memref stands for; empty if that is scratch, or not known.
std::string nameOf(Value memref, const llvm::DenseMap<Value, std::string> &arguments) {
  if (auto buffer = memref.getDefiningOp<ukr::BufferOp>())
    return "buffer " + buffer.getName().str();
  if (auto global = memref.getDefiningOp<memref::GetGlobalOp>())
    return "constant " + global.getName().str();
  return arguments.lookup(memref);
}

} // namespace

void Footprint::touch(Value memref, const Names &arguments, bool reads, bool writes) {
  const std::string name = nameOf(memref, arguments);
  if (name.empty())
    return;
  Touched &t = touched[name];
  t.constant = memref.getDefiningOp<memref::GetGlobalOp>() != nullptr;
  t.read |= reads;
  t.written |= writes;
  t.bytes = std::max(t.bytes, bytesOf(memref.getType())); // one memory may be seen as several types
}

int64_t Footprint::visit(func::FuncOp function, const Names &arguments, unsigned depth) {
  int64_t own = 0, called = 0;
  function.walk([&](Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case<ukr::BufferOp, memref::GetGlobalOp>([](auto) {})
        .Case(
            [&](ukr::ScratchOp s) { own = std::max(own, static_cast<int64_t>(s.getOffset()) + bytesOf(s.getType())); })
        .Case([&](memref::LoadOp load) { touch(load.getMemref(), arguments, true, false); })
        .Case([&](vector::LoadOp load) { touch(load.getBase(), arguments, true, false); })
        .Case([&](memref::StoreOp store) { touch(store.getMemref(), arguments, false, true); })
        .Case([&](vector::StoreOp store) { touch(store.getBase(), arguments, false, true); })
        .Case([&](ukr::CallOp call) {
          touch(call.getA(), arguments, true, false);
          touch(call.getB(), arguments, true, false);
          touch(call.getAcc(), arguments, false, true);
        })
        .Case([&](ukr::CallBytesOp call) {
          touch(call.getA(), arguments, true, false);
          touch(call.getB(), arguments, true, false);
          touch(call.getOut(), arguments, false, true);
          touch(call.getConstants(), arguments, true, false);
        })
        .Case([&](ukr::CallRequantizeOp call) {
          touch(call.getSums(), arguments, true, false);
          touch(call.getB(), arguments, true, false);
          touch(call.getOut(), arguments, false, true);
        })
        .Case([&](func::CallOp call) {
          auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
          if (!callee || callee.isDeclaration() || depth == deepest)
            return;
          Names passed;
          for (auto [operand, argument] : llvm::zip(call.getOperands(), callee.getArguments()))
            if (isa<MemRefType>(operand.getType()))
              if (std::string name = nameOf(operand, arguments); !name.empty())
                passed[argument] = name;
          called = std::max(called, visit(callee, passed, depth + 1));
        })
        .Default([&](Operation *other) {
          for (Value operand : other->getOperands())
            if (isa<MemRefType>(operand.getType()))
              touch(operand, arguments, true, true);
        });
  });
  return own + called;
}

void Footprint::add(ukr::ParallelOp parallel) {
  auto region = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(parallel, parallel.getRegionAttr());
  if (!region || region.isDeclaration())
    return;
  Names arguments;
  for (auto [operand, argument] : llvm::zip(parallel.getOperands_(), region.getArguments()))
    if (auto own = dyn_cast<BlockArgument>(operand); own && isa<MemRefType>(own.getType()))
      arguments[argument] = "argument " + std::to_string(own.getArgNumber());
  scratch = std::max(scratch, visit(region, arguments, 0));
}

Layer::Memory Footprint::memory(int64_t batch) const {
  Layer::Memory sum;
  for (const auto &[name, t] : touched) {
    (t.constant ? sum.constants : sum.read) += t.read ? t.bytes : 0;
    sum.written += t.written ? t.bytes : 0;
  }
  auto perImage = [&](int64_t bytes) { return (bytes + batch - 1) / std::max<int64_t>(batch, 1); };
  return {perImage(sum.read), perImage(sum.written), sum.constants, scratch};
}

} // namespace nibble::report
