// The C header that goes with an object.
#ifndef NIBBLE_COMPILER_EMIT_HEADER_H
#define NIBBLE_COMPILER_EMIT_HEADER_H

#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Support/Result.h"
#include "compiler/Target/Target.h"
#include <span>
#include <string>

namespace nibble {

/// A second name of the entry's C function, by which the header calls it: NAME, the bytes of its plan, those of its
/// scratch, its batch, and a hash of its tensors (names, types, shapes, directions). Objects that a header does not fit
/// do not define it. Needs a memory plan.
std::string linkNameOf(const Entry &entry);

/// A header for C (C99 on) and C++ with, for each entry NAME: its prototype, how each tensor lies in memory,
/// `NAME_ARENA_BYTES(threads)`, and `NAME_BATCH_TILE` (models) or `NAME_BATCH` (training steps), NAME in capitals. It
/// needs no other header of the project. Error: no entry, or one without a memory plan.
Result<std::string> emitHeader(std::span<const Entry> entries, const Target &target);

} // namespace nibble

#endif
