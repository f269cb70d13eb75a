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
