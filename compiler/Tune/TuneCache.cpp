// Reading and writing of measured times.
#include "compiler/Tune/TuneCache.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstdlib>

using namespace llvm;

namespace nibble {

static constexpr StringLiteral header = "nibble-tune 1\n", checksum = "sha256 ";

static std::string digestOf(StringRef text) {
  return toHex(SHA256::hash(ArrayRef(reinterpret_cast<const uint8_t *>(text.data()), text.size())), /*LowerCase=*/true);
}

std::string TuneCache::defaultDirectory() {
  for (auto [variable, below] : {std::pair("XDG_CACHE_HOME", "nibble"), std::pair("HOME", ".cache/nibble")})
    if (const char *value = std::getenv(variable); value && *value) {
      SmallString<256> path(value);
      sys::path::append(path, below);
      return path.str().str();
    }
  return {};
}

std::string TuneCache::pathOf(StringRef key) const {
  SmallString<256> path(directory);
  sys::path::append(path, key + ".tune");
  return path.str().str();
}

std::optional<std::vector<double>> TuneCache::find(StringRef key, ArrayRef<std::string> kernels,
                                                   std::string &damage) const {
  damage.clear();
  const std::string path = directory.empty() ? std::string() : pathOf(key);
  if (path.empty() || !sys::fs::exists(path))
    return std::nullopt;
  auto unusable = [&](const Twine &why) {
    damage = (path + " " + why).str();
    return std::nullopt;
  };
  if (!sys::fs::is_regular_file(path)) // others may never end
    return unusable("is no file");
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return unusable("cannot be read: " + file.getError().message());
  StringRef text = (*file)->getBuffer();
  const size_t end = text.rfind(checksum);
  if (!text.starts_with(header) || end == StringRef::npos ||
      text.substr(end + checksum.size()) != digestOf(text.take_front(end)) + "\n")
    return unusable("is damaged");
  SmallVector<StringRef> lines;
  text.substr(header.size(), end - header.size()).split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::vector<double> times;
  for (auto [i, line] : enumerate(lines)) {
    auto [name, number] = line.split(' ');
    double time = 0;
    if (i >= kernels.size() || name != kernels[i] || number.getAsDouble(time) || !(time > 0) || !std::isfinite(time))
      return unusable("is of other kernels");
    times.push_back(time);
  }
  if (times.size() != kernels.size())
    return unusable("is of other kernels");
  return times;
}

std::string TuneCache::store(StringRef key, ArrayRef<std::string> kernels, ArrayRef<double> times) const {
  if (directory.empty())
    return {};
  if (std::error_code error = sys::fs::create_directories(directory))
    return directory + " cannot be made: " + error.message();
  std::string text = header.str();
  raw_string_ostream stream(text);
  for (auto [kernel, time] : zip_equal(kernels, times))
    stream << kernel << format(" %.3f\n", time);
  text += (checksum + digestOf(text) + "\n").str();
  const std::string path = pathOf(key);
  if (Error error = writeToOutput(path, [&](raw_ostream &out) {
        out << text;
        return Error::success();
      }))
    return path + " cannot be written: " + toString(std::move(error));
  return {};
}

} // namespace nibble
