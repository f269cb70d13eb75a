// From the files of the command line to the ports of a function.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_BIND_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_BIND_H

#include "compiler/Support/Result.h"
#include "compiler/tools/nibble-run/Signature.h"
#include "llvm/ADT/ArrayRef.h"
#include <memory>

namespace nibble::tools {

using Arrays = std::vector<std::shared_ptr<const Array>>;

/// The file of each port, empty where none is given. Error: an unknown name, a port with two files, more files than
/// ports. `flag` is named in messages.
Result<std::vector<std::string>> matchFiles(llvm::StringRef flag, llvm::ArrayRef<std::string> files,
                                            llvm::ArrayRef<Port> ports);

struct Inputs {
  Arrays arrays;
  int64_t batch = 1; ///< Of the dynamic first dimensions.
};

/// Reads all inputs. One error for all that are missing, unreadable or of another type or shape.
Result<Inputs> readInputs(llvm::ArrayRef<std::string> files, llvm::ArrayRef<Port> ports);

} // namespace nibble::tools

#endif
