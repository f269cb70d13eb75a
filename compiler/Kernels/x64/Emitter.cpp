// What all x86-64 generators share.
#include "compiler/Kernels/x64/Emitter.h"

namespace nibble::kernels::x64 {

Emitter::Emitter(std::span<uint8_t> buffer) : CodeGenerator(buffer.size(), buffer.data()) {
  // The state is per thread and keeps its first error: an old one would hide ours.
  Xbyak::ClearError();
}

Emitted Emitter::finish() {
  const int error = Xbyak::GetError();
  Xbyak::ClearError();
  if (vectors.wasOverdrawn() || scalars.wasOverdrawn())
    return {0, false, "the generator ran out of registers"};
  if (error == Xbyak::ERR_CODE_IS_TOO_BIG)
    return {0, true, {}};
  if (error)
    return {0, false, std::string("the assembler reports: ") + Xbyak::ConvertErrorToString(error)};
  if (hasUndefinedLabel())
    return {0, false, "the generator left a label undefined"};
  return {getSize(), false, {}};
}

Xbyak::Reg64 Emitter::takeScalar() {
  if (std::optional<Xbyak::Reg64> reg = scalars.takeIfSpare(0))
    return *reg;
  const Xbyak::Reg64 preserved[] = {rbx, rbp, r12, r13, r14, r15};
  if (pushed.size() == std::size(preserved))
    return scalars.take(); // records the fault
  pushed.push_back(preserved[pushed.size()]);
  return pushed.back();
}

void Emitter::enterFunction() {
  for (const Xbyak::Reg64 &reg : pushed)
    push(reg);
}

void Emitter::leaveFunction() {
  vzeroupper();
  for (auto reg = pushed.rbegin(); reg != pushed.rend(); ++reg)
    pop(*reg);
  ret();
}

void Emitter::packBytes(std::span<const Xbyak::Ymm> values, const Xbyak::Ymm &order, const Bytes &bytes) {
  const size_t count = values.size();
  const Xbyak::Ymm &packed = values[0], &upper = values[count > 2 ? 2 : 0];
  vpackssdw(packed, packed, values[count > 1 ? 1 : 0]);
  if (count > 2)
    vpackssdw(upper, upper, values[count > 3 ? 3 : 2]);
  if (bytes.offset) {
    vpaddsw(packed, packed, ptr[rip + bytes.offsets]);
    if (count > 2)
      vpaddsw(upper, upper, ptr[rip + bytes.offsets]);
  }
  vpackuswb(packed, packed, upper);
  if (bytes.low > 0)
    vpmaxub(packed, packed, ptr[rip + bytes.lows]);
  if (bytes.high < 255)
    vpminub(packed, packed, ptr[rip + bytes.highs]);
  // Packing works in lanes of 128 bits: each holds four bytes of every vector.
  vpermd(packed, order, packed);
}

void Emitter::placeTables(Bytes &bytes, int vectorBytes) {
  padTo(static_cast<size_t>(vectorBytes));
  const int lanes = vectorBytes / 16;
  const auto table = [&](Xbyak::Label &label, const auto &value) {
    place(label);
    for (int i = 0; i < vectorBytes; ++i)
      db(static_cast<uint8_t>(value(i)));
  };
  table(bytes.order, [&](int i) { return i % 4 ? 0 : i / 4 % lanes * 4 + i / 4 / lanes; });
  const auto same = [&](Xbyak::Label &label, int value, int size) {
    table(label, [&](int i) { return static_cast<uint32_t>(value) >> (8 * (i % size)); });
  };
  if (bytes.offset)
    same(bytes.offsets, bytes.offset, 2);
  if (bytes.low > 0)
    same(bytes.lows, bytes.low, 1);
  if (bytes.high < 255)
    same(bytes.highs, bytes.high, 1);
}

void Emitter::place(Xbyak::Label &label) {
  if (!Xbyak::GetError())
    L(label);
}

void Emitter::padTo(size_t bytes) {
  if (const size_t over = getSize() % bytes)
    nop(bytes - over);
}

void Emitter::advance(const Xbyak::Reg64 &reg, int64_t delta, const Xbyak::Reg64 &scratch) {
  if (delta == 0)
    return;
  if (delta == static_cast<int32_t>(delta)) {
    add(reg, static_cast<uint32_t>(delta));
    return;
  }
  mov(scratch, static_cast<uint64_t>(delta));
  add(reg, scratch);
}

} // namespace nibble::kernels::x64
