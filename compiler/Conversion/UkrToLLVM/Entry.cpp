// Reading the attributes of entry functions.
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace nibble {

llvm::StringRef cTypeOf(Type type) {
  if (type.isF32())
    return "float";
  if (type.isF64())
    return "double";
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return "";
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return "uint8_t";
  case 8:
    return isUnsigned ? "uint8_t" : "int8_t";
  case 16:
    return isUnsigned ? "uint16_t" : "int16_t";
  case 32:
    return isUnsigned ? "uint32_t" : "int32_t";
  case 64:
    return isUnsigned ? "uint64_t" : "int64_t";
  default:
    return "";
  }
}

static bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name[0]) &&
         llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

static FailureOr<EntryArgument> readArgument(Operation *function, Attribute attribute) {
  auto dict = dyn_cast<DictionaryAttr>(attribute);
  if (!dict)
    return function->emitOpError("ukr.arguments: expected a dictionary, got ") << attribute;
  auto name = dict.getAs<StringAttr>("name"), direction = dict.getAs<StringAttr>("direction");
  auto type = dict.getAs<TypeAttr>("type");
  auto elements = dict.getAs<IntegerAttr>("elements");
  if (!name || !direction || !type || !elements || elements.getInt() < 0)
    return function->emitOpError("ukr.arguments: each needs name, direction, type and elements >= 0, got ") << dict;
  EntryArgument argument{name.str(), {}, type.getValue(), elements.getInt(), dict.contains("batched"), {}};
  if (direction == "in")
    argument.direction = EntryArgument::Direction::In;
  else if (direction == "out")
    argument.direction = EntryArgument::Direction::Out;
  else if (direction == "inout")
    argument.direction = EntryArgument::Direction::InOut;
  else
    return function->emitOpError("ukr.arguments: direction of '")
           << argument.name << "' must be in, out or inout, got " << direction;
  if (cTypeOf(argument.type).empty())
    return function->emitOpError("ukr.arguments: '")
           << argument.name << "' has elements of " << argument.type << ", which C has no type for";
  if (auto shape = dict.getAs<DenseI64ArrayAttr>("shape"))
    argument.shape = shape.asArrayRef().vec();
  return argument;
}

FailureOr<Entry> readEntry(Operation *function) {
  Entry entry;
  auto name = function->getAttrOfType<StringAttr>(entryAttribute);
  if (!name || !isIdentifier(name))
    return function->emitOpError("ukr.entry must be a C identifier, got ") << function->getAttr(entryAttribute);
  entry.name = name.str();
  auto tile = function->getAttrOfType<IntegerAttr>("ukr.batch_tile"),
       batch = function->getAttrOfType<IntegerAttr>("ukr.batch");
  if (!tile == !batch)
    return function->emitOpError("is an entry: it needs either ukr.batch_tile (a model) or ukr.batch (a fixed batch)");
  entry.model = static_cast<bool>(tile);
  entry.batch = (tile ? tile : batch).getInt();
  if (entry.batch < 1)
    return function->emitOpError("has a batch of ") << entry.batch << "; it must be at least 1";
  auto arguments = function->getAttrOfType<ArrayAttr>("ukr.arguments");
  if (!arguments)
    return function->emitOpError("is an entry: it needs ukr.arguments");
  llvm::StringSet<> names;
  for (Attribute attribute : arguments) {
    FailureOr<EntryArgument> argument = readArgument(function, attribute);
    if (failed(argument))
      return failure();
    if (!names.insert(argument->name).second)
      return function->emitOpError("has two arguments named '") << argument->name << "'";
    entry.arguments.push_back(std::move(*argument));
  }
  if (auto arena = function->getAttrOfType<DictionaryAttr>("ukr.arena")) {
    auto planned = arena.getAs<IntegerAttr>("planned_bytes"), bound = arena.getAs<IntegerAttr>("lower_bound"),
         scratch = arena.getAs<IntegerAttr>("scratch_bytes");
    if (!planned || !bound || !scratch)
      return function->emitOpError("ukr.arena needs planned_bytes, lower_bound and scratch_bytes, got ") << arena;
    entry.plannedBytes = planned.getInt();
    entry.lowerBoundBytes = bound.getInt();
    entry.scratchBytes = scratch.getInt();
  }
  return entry;
}

FailureOr<std::vector<Entry>> readEntries(ModuleOp module) {
  std::vector<Entry> entries;
  for (Operation &op : *module.getBody()) {
    if (!op.hasAttr(entryAttribute))
      continue;
    FailureOr<Entry> entry = readEntry(&op);
    if (failed(entry))
      return failure();
    entries.push_back(std::move(*entry));
  }
  return entries;
}

} // namespace nibble
