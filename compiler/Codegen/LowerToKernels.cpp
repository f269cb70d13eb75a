// The pass that lowers functions of nibble ops to the kernels stage: signature, dispatch, results.
#include "compiler/Codegen/Lowering.h"
#include "compiler/Codegen/Passes.h"
#include "compiler/Pack/StorageLayouts.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble {
#define GEN_PASS_DEF_LOWERTOKERNELS
#include "compiler/Codegen/Passes.h.inc"
} // namespace nibble

namespace nibble::codegen {

Lowering::Lowering(func::FuncOp source, ModuleOp target, const Target &machine)
    : source(source), machine(machine), tile(tileShape(machine.vectorBits(), machine.vectorRegisters())) {
  (void)target;
}

/// Entry arguments: the function's arguments, then a buffer for each result that is not tied to an argument.
LogicalResult Lowering::signature() {
  Builder b(source.getContext());
  auto ret = cast<func::ReturnOp>(source.getBody().front().getTerminator());
  if (auto tile = source->getAttrOfType<IntegerAttr>("nibble.batch_tile")) {
    dynamicBatch = true;
    batch = tile.getInt();
  }
  SmallVector<MemRefType> types;
  SmallVector<Attribute> infos;
  auto describe = [&](Type type, StringRef name, StringRef direction, bool batched) -> LogicalResult {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() ||
        (!tensor.getElementType().isF32() && !tensor.getElementType().isInteger(32)))
      return source.emitError() << "@" << source.getName() << ": '" << name << "' of type " << type
                                << " cannot cross the border of compiled code; an entry takes and gives static f32 or "
                                   "i32 tensors (run nibble-tile-batch first)";
    int64_t elements = tensor.getNumElements();
    types.push_back(MemRefType::get({elements}, tensor.getElementType()));
    SmallVector<NamedAttribute> info{
        b.getNamedAttr("name", b.getStringAttr(name)), b.getNamedAttr("direction", b.getStringAttr(direction)),
        b.getNamedAttr("elements", b.getI64IntegerAttr(batched ? elements / batch : elements)),
        b.getNamedAttr("shape", b.getDenseI64ArrayAttr(tensor.getShape().drop_front(batched ? 1 : 0))),
        b.getNamedAttr("type", TypeAttr::get(tensor.getElementType()))};
    if (batched)
      info.push_back(b.getNamedAttr("batched", b.getUnitAttr()));
    infos.push_back(b.getDictionaryAttr(info));
    return success();
  };
  auto nameOfArgument = [&](unsigned i) -> std::string {
    for (StringRef key : {"nibble.name", "nibble.param"})
      if (auto name = source.getArgAttrOfType<StringAttr>(i, key))
        return name.str();
    return "argument" + std::to_string(i);
  };

  SmallVector<bool> tied(source.getNumArguments(), false);
  SmallVector<int64_t> tiedTo(ret.getNumOperands(), -1);
  for (unsigned i = 0; i < ret.getNumOperands(); ++i)
    if (auto index = source.getResultAttrOfType<IntegerAttr>(i, "nibble.tied")) {
      if (index.getInt() < 0 || index.getInt() >= static_cast<int64_t>(source.getNumArguments()))
        return source.emitError() << "result " << i << " is tied to argument " << index.getInt()
                                  << ", which does not exist";
      tiedTo[i] = index.getInt();
      tied[index.getInt()] = true;
    }
  if (!dynamicBatch) {
    // The batch of a training step: dimension 0 of the first argument that is not a parameter.
    for (unsigned i = 0; i < source.getNumArguments(); ++i)
      if (auto t = dyn_cast<RankedTensorType>(source.getArgumentTypes()[i]);
          t && t.getRank() && !source.getArgAttr(i, "nibble.param")) {
        batch = t.getDimSize(0);
        break;
      }
  }
  SmallVector<bool> batchedArgument;
  for (unsigned i = 0; i < source.getNumArguments(); ++i) {
    auto t = dyn_cast<RankedTensorType>(source.getArgumentTypes()[i]);
    bool batched = t && t.getRank() && t.getDimSize(0) == batch && !source.getArgAttr(i, "nibble.param");
    batchedArgument.push_back(batched);
    if (failed(describe(source.getArgumentTypes()[i], nameOfArgument(i), tied[i] ? "inout" : "in",
                        batched && dynamicBatch)))
      return failure();
  }
  for (unsigned i = 0; i < ret.getNumOperands(); ++i)
    if (tiedTo[i] < 0) {
      auto name = source.getResultAttrOfType<StringAttr>(i, "nibble.name");
      if (failed(describe(ret.getOperand(i).getType(), name ? name.getValue() : "result" + std::to_string(i), "out",
                          dynamicBatch)))
        return failure();
    }

  std::string entryName = source.getName().str();
  source.setName(b.getStringAttr(entryName + ".source").getValue());
  auto module = source->getParentOfType<ModuleOp>();
  emitter = std::make_unique<Emitter>(module, source.getLoc(), entryName, types);
  func::FuncOp entry = emitter->entry();
  entry->setAttr("ukr.entry", b.getStringAttr(entryName));
  entry->setAttr(dynamicBatch ? "ukr.batch_tile" : "ukr.batch", b.getI64IntegerAttr(batch));
  entry->setAttr("ukr.arguments", b.getArrayAttr(infos));

  auto elemOfType = [](Type t) { return cast<RankedTensorType>(t).getElementType().isF32() ? Elem::F32 : Elem::I32; };
  for (unsigned i = 0; i < source.getNumArguments(); ++i) {
    Value v = source.getArgument(i);
    LoweredValue &l = define(v, batchedArgument[i]);
    Elem elem = elemOfType(v.getType());
    (elem == Elem::F32 ? l.real : l.acc) = emitter->argument(i, elem, types[i].getNumElements());
  }
  unsigned next = source.getNumArguments();
  for (unsigned i = 0; i < ret.getNumOperands(); ++i) {
    unsigned slot = tiedTo[i] >= 0 ? static_cast<unsigned>(tiedTo[i]) : next++;
    Value v = ret.getOperand(i);
    if (elemOfType(v.getType()) != Elem::F32)
      continue;
    // What is only reshaped into the result is written there, too.
    while (!isa<BlockArgument>(v)) {
      assigned.try_emplace(v, emitter->argument(slot, Elem::F32, types[slot].getNumElements()));
      auto reshape = v.getDefiningOp<ReshapeOp>();
      if (!reshape || !reshape.getInput().hasOneUse())
        break;
      v = reshape.getInput();
    }
  }
  return success();
}

/// Values that their op did not write into the caller's memory are copied there.
LogicalResult Lowering::results(func::ReturnOp ret) {
  unsigned next = source.getNumArguments();
  for (unsigned i = 0; i < ret.getNumOperands(); ++i) {
    auto index = source.getResultAttrOfType<IntegerAttr>(i, "nibble.tied");
    unsigned slot = index ? static_cast<unsigned>(index.getInt()) : next++;
    Value v = ret.getOperand(i);
    auto memref = cast<MemRefType>(emitter->entry().getArgumentTypes()[1 + slot]);
    Buffer target =
        emitter->argument(slot, memref.getElementType().isF32() ? Elem::F32 : Elem::I32, memref.getNumElements());
    LoweredValue &l = get(v);
    const Buffer &have = target.elem == Elem::F32 ? l.real : l.acc;
    if (have.where == Buffer::Where::Argument && have.argument == slot)
      continue;
    if (index)
      return source.emitError() << "@" << emitter->entry().getName() << ": the new value of argument " << slot
                                << " is not written in place; give its update as result " << i;
    evaluate(*emitter, "result" + std::to_string(i), ret.getLoc(), viewOf(l),
             {{target.elem == Elem::F32 ? real(v) : accumulator(v), target}});
  }
  return success();
}

LogicalResult Lowering::lower(Operation *op) {
  if (auto c = dyn_cast<ConstantOp>(op)) {
    auto type = cast<RankedTensorType>(c.getResult().getType());
    LoweredValue &l = define(c.getResult(), false);
    if (type.getEncoding() && isa<LayoutAttr>(type.getEncoding()))
      return success(); // read by its tile
    if (!type.getElementType().isF32() || gridTypeOf(type))
      return op->emitOpError("of type ") << type << " can only be the weight of a contraction";
    std::vector<float> values;
    auto elements = c.getValue();
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
      ArrayRef<char> raw = resource.getData();
      values.resize(raw.size() / 4);
      std::memcpy(values.data(), raw.data(), values.size() * 4);
    } else {
      auto range = elements.getValues<float>();
      values.assign(range.begin(), range.end());
    }
    l.real = emitter->constantF32("constant", values);
    return success();
  }
  // A file of this stage may have any layout: code goes by its width.
  for (Type type : op->getResultTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && layoutOf(tensor) && isQuantizedType(tensor.getElementType()) && !storageOf(tensor))
      return op->emitOpError("gives ") << type << ", in a layout that no op works on; see nibble-verify-layouts";
  if (auto result = op->getNumResults() ? dyn_cast<RankedTensorType>(op->getResult(0).getType()) : RankedTensorType();
      isa<ReshapeOp, MaxPool2dOp, PadOp, ConcatOp>(op) && isQuantizedType(result.getElementType()))
    for (Value operand : op->getOperands())
      if (auto type = cast<RankedTensorType>(operand.getType()); storageOf(type) != storageOf(result))
        return op->emitOpError("copies stored values, but its operand ")
               << type << " and its result " << result << " are stored differently; see nibble-verify-layouts";
  // Each group answers for its own ops; a failure with a diagnostic stops, one without means "not mine".
  unsigned errors = 0;
  ScopedDiagnosticHandler counter(op->getContext(), [&](Diagnostic &d) {
    errors += d.getSeverity() == DiagnosticSeverity::Error;
    return failure(); // go on to the next handler
  });
  for (auto attempt : {&Lowering::lowerGraphOp, &Lowering::lowerShapeOp, &Lowering::lowerSoftmaxOp,
                       &Lowering::lowerTrainOp, &Lowering::lowerGradientOp, &Lowering::lowerPackedOp}) {
    if (succeeded((this->*attempt)(op)))
      return success(!errors); // a value without the form that it was read in is an error, too
    if (errors)
      return failure();
  }
  return op->emitOpError("cannot be compiled in this form: there is no lowering for it at this stage");
}

LogicalResult Lowering::run() {
  if (!source.getBody().hasOneBlock())
    return source.emitError("only straight-line functions can be compiled");
  if (failed(signature()))
    return failure();
  for (Operation &op : source.getBody().front())
    numbers.try_emplace(&op, static_cast<int64_t>(numbers.size()));
  for (Operation &op : source.getBody().front().without_terminator()) {
    emitter->layer = numbers[&op];
    if (failed(lower(&op)))
      return failure();
  }
  auto terminator = cast<func::ReturnOp>(source.getBody().front().getTerminator());
  emitter->layer = numbers[terminator];
  if (failed(results(terminator)))
    return failure();
  emitter->finish();
  return success();
}

namespace {
struct LowerToKernels : nibble::impl::LowerToKernelsBase<LowerToKernels> {
  using LowerToKernelsBase::LowerToKernelsBase;

  void runOnOperation() override {
    auto machine = Target::parse(target);
    if (!machine) {
      getOperation().emitError() << machine.error();
      return signalPassFailure();
    }
    SmallVector<func::FuncOp> functions;
    for (auto f : getOperation().getOps<func::FuncOp>())
      if (!f.isDeclaration() && !f->hasAttr("ukr.entry"))
        functions.push_back(f);
    for (func::FuncOp f : functions) {
      if (failed(Lowering(f, getOperation(), *machine).run()))
        return signalPassFailure();
      f.erase();
    }
  }
};
} // namespace

} // namespace nibble::codegen
