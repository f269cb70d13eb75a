// Rows of bits or fields of two bits (Elem::Bits, Fields, U2) that are put together of parts of other such rows.
#ifndef NIBBLE_COMPILER_CODEGEN_PACKEDROWS_H
#define NIBBLE_COMPILER_CODEGEN_PACKEDROWS_H

#include "compiler/Codegen/Emitter.h"

namespace nibble::codegen {

/// What follows one another in each row: the same row of `from`, or `channels` elements of a constant.
struct RowPart {
  Buffer from;
  int64_t channels;
  int64_t pattern = 0; ///< 32 bits of constant elements, without `from`.
};

/// Each row of `output`, `rows` of them an image: the parts one behind the other, which may begin inside words.
void emitPackedConcat(Emitter &emitter, llvm::StringRef name, mlir::Location loc, llvm::ArrayRef<RowPart> parts,
                      const Buffer &output, int64_t rows, bool batched);

/// The same elements in rows of another length: `output` has `rows` of `channels` an image, `input` rows of
/// `inputChannels`.
void emitPackedReshape(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const Buffer &input,
                       int64_t inputChannels, const Buffer &output, int64_t channels, int64_t rows, bool batched);

} // namespace nibble::codegen

#endif
