// Files that appear complete or not at all.
#ifndef NIBBLE_COMPILER_TOOLS_SUPPORT_OUTPUT_H
#define NIBBLE_COMPILER_TOOLS_SUPPORT_OUTPUT_H

#include "compiler/Support/Result.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace nibble::tools {

/// Writes to a temporary file in the same directory and renames it over `path` (or over what it links to); "-" is
/// standard output. A path that is no regular file (/dev/null, a pipe) is written directly. Gives the error, if there
/// is one.
std::optional<Failure> writeFile(llvm::StringRef path, llvm::StringRef bytes);

/// True if writeFile would replace one and the same file: links and dots of both paths are followed.
bool isSameFile(llvm::StringRef path, llvm::StringRef other);

/// An error if writing `path`, which `flag` names, would overwrite one of the files that are read: (flag, file).
std::optional<Failure> keepsInputs(llvm::StringRef flag, llvm::StringRef path,
                                   llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> read);

/// Makes the directory and those above it if they are missing.
std::optional<Failure> makeDirectory(llvm::StringRef path);

} // namespace nibble::tools

#endif
