// Writing of files through LLVM's temporary files.
#include "compiler/tools/support/Output.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace nibble::tools {

std::optional<Failure> writeFile(llvm::StringRef path, llvm::StringRef bytes) {
  if (path == "-") {
    llvm::outs() << bytes;
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return std::nullopt;
    std::string why = llvm::outs().error().message();
    llvm::outs().clear_error();
    return Failure{"standard output cannot be written: " + why};
  }
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && llvm::sys::fs::is_directory(status))
    return Failure{path.str() + " cannot be written: it is a directory"};
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) -> llvm::Error {
    stream << bytes;
    stream.flush();
    // A file stream that goes with an error ends the process.
    if (stream.get_kind() != llvm::raw_ostream::OStreamKind::OK_FDStream)
      return llvm::Error::success();
    auto &file = static_cast<llvm::raw_fd_ostream &>(stream);
    if (!file.has_error())
      return llvm::Error::success();
    std::error_code code = file.error();
    file.clear_error();
    return llvm::errorCodeToError(code);
  });
  if (!error)
    return std::nullopt;
  std::string why;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase &info) {
    why += (why.empty() ? "" : "; ") + info.message();
  });
  return Failure{path.str() + " cannot be written: " + why};
}

std::optional<Failure> makeDirectory(llvm::StringRef path) {
  if (std::error_code error = llvm::sys::fs::create_directories(path))
    return Failure{path.str() + " cannot be made: " + error.message()};
  return std::nullopt;
}

} // namespace nibble::tools
