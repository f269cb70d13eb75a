// Writing of files through LLVM's temporary files.
#include "compiler/tools/support/Output.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace nibble::tools {

/// A stream that is destroyed with an error ends the process, so it must not keep it.
static std::error_code writeTo(llvm::raw_fd_ostream &stream, llvm::StringRef bytes) {
  stream << bytes;
  stream.flush();
  std::error_code error = stream.error();
  stream.clear_error();
  return error;
}

std::optional<Failure> writeFile(llvm::StringRef path, llvm::StringRef bytes) {
  if (path == "-") {
    if (std::error_code error = writeTo(llvm::outs(), bytes))
      return Failure{"standard output cannot be written: " + error.message()};
    return std::nullopt;
  }
  auto failed = [&](const std::string &why) { return Failure{path.str() + " cannot be written: " + why}; };
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && !llvm::sys::fs::is_regular_file(status)) {
    if (llvm::sys::fs::is_directory(status))
      return failed("it is a directory");
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error, llvm::sys::fs::CD_OpenExisting);
    if (!error)
      error = writeTo(stream, bytes);
    return error ? std::optional<Failure>(failed(error.message())) : std::nullopt;
  }
  // Behind a link the file that it leads to is replaced, not the link.
  llvm::SmallString<256> real;
  if (llvm::sys::fs::real_path(path, real))
    real = path;
  auto temporary = llvm::sys::fs::TempFile::create(real + ".%%%%%%%%.tmp");
  if (!temporary)
    return failed(llvm::toString(temporary.takeError()));
  std::error_code error;
  {
    llvm::raw_fd_ostream stream(temporary->FD, /*shouldClose=*/false);
    error = writeTo(stream, bytes);
  }
  if (error) {
    llvm::consumeError(temporary->discard());
    return failed(error.message());
  }
  if (llvm::Error renamed = temporary->keep(real))
    return failed(llvm::toString(std::move(renamed)));
  return std::nullopt;
}

/// The path of the file that writeFile replaces, without links and dots as far as directories exist.
static std::string realPath(llvm::StringRef path) {
  llvm::SmallString<256> real;
  if (!llvm::sys::fs::real_path(path, real))
    return real.str().str();
  llvm::StringRef parent = llvm::sys::path::parent_path(path);
  if (llvm::sys::fs::real_path(parent.empty() ? "." : parent, real))
    return path.str();
  llvm::sys::path::append(real, llvm::sys::path::filename(path));
  return real.str().str();
}

bool isSameFile(llvm::StringRef path, llvm::StringRef other) {
  return path == other || realPath(path) == realPath(other);
}

std::optional<Failure> keepsInputs(llvm::StringRef flag, llvm::StringRef path,
                                   llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> read) {
  for (auto [what, file] : read)
    if (!path.empty() && path != "-" && !file.empty() && isSameFile(path, file))
      return Failure{(flag + path + " would overwrite " + what + ", which is read; give another name").str()};
  return std::nullopt;
}

std::optional<Failure> makeDirectory(llvm::StringRef path) {
  if (std::error_code error = llvm::sys::fs::create_directories(path, /*IgnoreExisting=*/true, llvm::sys::fs::all_all))
    return Failure{path.str() + " cannot be made: " + error.message()};
  if (!llvm::sys::fs::is_directory(path))
    return Failure{path.str() + " is no directory"};
  return std::nullopt;
}

} // namespace nibble::tools
