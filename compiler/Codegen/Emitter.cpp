// Buffers and parallel regions of a function that is lowered to the kernels stage.
#include "compiler/Codegen/Emitter.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace nibble::codegen {

static MemRefType memrefOf(Type element, int64_t elements) { return MemRefType::get({elements}, element); }

Emitter::Emitter(ModuleOp module, Location loc, StringRef name, ArrayRef<MemRefType> arguments) : module(module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<Type> types{memrefOf(builder.getI8Type(), 1)}; // the planner gives the arena its size
  types.append(arguments.begin(), arguments.end());
  types.push_back(builder.getIndexType());
  types.push_back(LLVM::LLVMPointerType::get(builder.getContext()));
  function = func::FuncOp::create(builder, loc, name, builder.getFunctionType(types, {}));
  function.setPrivate();
  builder.setInsertionPointToStart(function.addEntryBlock());
  code = std::make_unique<Code>(loc, builder);
}

void Emitter::finish() { func::ReturnOp::create(*code); }

std::string Emitter::unique(StringRef name) {
  std::string base = name.str();
  for (char &c : base)
    if (!isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.')
      c = '_';
  int &count = taken[base];
  return count++ ? base + "." + std::to_string(count) : base;
}

Type Emitter::elementType(Elem elem) {
  Builder b(context());
  switch (elem) {
  case Elem::F32:
    return b.getF32Type();
  case Elem::I32:
  case Elem::Bits:
  case Elem::Fields:
  case Elem::U2:
    return b.getI32Type();
  case Elem::I16:
    return b.getIntegerType(16);
  case Elem::U8:
  case Elem::I8:
    return b.getI8Type();
  }
  return {};
}

Buffer Emitter::arena(StringRef name, Elem elem, int64_t elements) {
  return {Buffer::Where::Arena, unique((function.getName() + "." + name).str()), 0, elem,
          std::max<int64_t>(elements, 1)};
}
Buffer Emitter::argument(unsigned index, Elem elem, int64_t elements) {
  return {Buffer::Where::Argument, "", index, elem, elements};
}

Buffer Emitter::constant(StringRef name, Elem elem, ArrayRef<char> bytes) {
  Type element = elementType(elem);
  int64_t count = static_cast<int64_t>(bytes.size()) / (element.getIntOrFloatBitWidth() / 8);
  std::string symbol = unique((function.getName() + "." + name).str());
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto value = DenseElementsAttr::getFromRawBuffer(RankedTensorType::get({count}, element), bytes);
  memref::GlobalOp::create(builder, code->getLoc(), symbol, builder.getStringAttr("private"), memrefOf(element, count),
                           value, /*constant=*/true, builder.getI64IntegerAttr(64));
  return {Buffer::Where::Global, symbol, 0, elem, count};
}
Buffer Emitter::constantF32(StringRef name, ArrayRef<float> values) {
  return constant(name, Elem::F32, ArrayRef<char>(reinterpret_cast<const char *>(values.data()), values.size() * 4));
}
Buffer Emitter::constantI32(StringRef name, ArrayRef<int32_t> values) {
  return constant(name, Elem::I32, ArrayRef<char>(reinterpret_cast<const char *>(values.data()), values.size() * 4));
}

Region::Region(Emitter &emitter, func::FuncOp function)
    : Code(function.getLoc(), OpBuilder::atBlockEnd(&function.getBody().front())), function(function),
      emitter(emitter) {
  Block &block = function.getBody().front();
  unsigned last = block.getNumArguments();
  n = block.getArgument(last - 4);
  begin = block.getArgument(last - 3);
  end = block.getArgument(last - 2);
  thread = block.getArgument(last - 1);
}

Value Region::ref(const Buffer &buffer) {
  Block &block = function.getBody().front();
  if (buffer.where == Buffer::Where::Argument)
    return block.getArgument(1 + buffer.argument);
  auto type = memrefOf(emitter.elementType(buffer.elem), buffer.elements);
  std::string key =
      buffer.name + ":" + std::to_string(static_cast<int>(buffer.elem)); // one memory, several element types
  Value &view = views[key];
  if (!view) {
    OpBuilder top = OpBuilder::atBlockBegin(&block);
    if (buffer.where == Buffer::Where::Arena)
      view = ukr::BufferOp::create(top, getLoc(), type, buffer.name);
    else
      view = memref::GetGlobalOp::create(top, getLoc(), type, buffer.name);
  }
  return view;
}

Value Region::scratch(Type type, int64_t elements) {
  OpBuilder top = OpBuilder::atBlockBegin(&function.getBody().front());
  Value v =
      ukr::ScratchOp::create(top, getLoc(), memrefOf(type, elements), thread, static_cast<uint64_t>(scratchBytes));
  scratchBytes += (elements * (type.getIntOrFloatBitWidth() / 8) + 64 + 63) / 64 * 64;
  return v;
}

void Emitter::region(StringRef name, Location loc, llvm::function_ref<Value(Code &, Value)> count,
                     llvm::function_ref<void(Region &)> body) {
  Block &block = function.getBody().front();
  SmallVector<Type> types(llvm::drop_end(block.getArgumentTypes())); // arena, arguments, n
  types.append(3, code->getIndexType());
  std::string symbol = unique((function.getName() + "." + name).str());
  OpBuilder builder(context());
  builder.setInsertionPoint(function);
  auto callee = func::FuncOp::create(builder, loc, symbol, builder.getFunctionType(types, {}));
  callee.setPrivate();
  callee.addEntryBlock();
  {
    Region region(*this, callee);
    region.setLoc(loc);
    body(region);
    region.setInsertionPointToEnd(&callee.getBody().front());
    func::ReturnOp::create(region);
  }
  Value n = block.getArgument(block.getNumArguments() - 2), threads = block.getArguments().back();
  SmallVector<Value> operands(llvm::drop_end(block.getArguments()));
  code->setLoc(loc);
  ukr::ParallelOp::create(*code, symbol, count(*code, n), threads, operands,
                          layer ? code->getI64IntegerAttr(*layer) : IntegerAttr());
}

func::FuncOp Emitter::routine(StringRef name, Location loc, unsigned indices,
                              llvm::function_ref<void(Region &, ValueRange)> body) {
  Block &block = function.getBody().front();
  SmallVector<Type> types(llvm::drop_end(block.getArgumentTypes(), 2)); // arena, arguments
  unsigned first = types.size();
  types.append(indices + 4, code->getIndexType());
  OpBuilder builder(context());
  builder.setInsertionPoint(function);
  auto callee = func::FuncOp::create(builder, loc, unique((function.getName() + "." + name).str()),
                                     builder.getFunctionType(types, {}));
  callee.setPrivate();
  callee->setAttr("ukr.routine", builder.getUnitAttr());
  Block *body_ = callee.addEntryBlock();
  Region region(*this, callee);
  region.setLoc(loc);
  body(region, ValueRange(body_->getArguments().slice(first, indices)));
  region.setInsertionPointToEnd(body_);
  func::ReturnOp::create(region);
  return callee;
}

void Emitter::call(Region &region, func::FuncOp routine, ValueRange indices) {
  Block &block = region.function.getBody().front();
  SmallVector<Value> operands(llvm::drop_end(block.getArguments(), 4));
  operands.append(indices.begin(), indices.end());
  operands.append({region.n, region.begin, region.end, region.thread});
  func::CallOp::create(region, routine, operands);
}

} // namespace nibble::codegen
