// Files for the tests of the I/O library.
#include "test/unit/IoTestFiles.h"

#include <nibble/error.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace nibble::test {

namespace fs = std::filesystem;

Directory::Directory() {
  std::string name = (fs::temp_directory_path() / "nibble-test-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    std::abort();
  path_ = name;
}

Directory::~Directory() { fs::remove_all(path_); }

std::vector<std::string> Directory::files() const {
  std::vector<std::string> names;
  for (const auto &entry : fs::directory_iterator(path_))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const std::string &path, const std::string &bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
}

std::string errorOf(const std::function<void()> &call) {
  try {
    call();
  } catch (const Error &error) {
    return error.what();
  } catch (const std::exception &error) {
    ADD_FAILURE() << "not an Error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no Error";
  return "";
}

void checkTruncation(const std::string &path, const std::string &bytes, const std::function<void()> &load) {
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    SCOPED_TRACE("truncated to " + std::to_string(length) + " of " + std::to_string(bytes.size()) + " bytes");
    write(path, bytes.substr(0, length));
    EXPECT_TRUE(errorOf(load).starts_with(path));
  }
  SCOPED_TRACE("one byte too many");
  write(path, bytes + '\0');
  EXPECT_TRUE(errorOf(load).starts_with(path));
}

void checkBitFlips(const std::string &path, const std::string &bytes, const std::function<void()> &load) {
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
    write(path, damaged);
    try {
      load();
    } catch (const Error &error) {
      EXPECT_FALSE(error.diagnostics().empty());
    } catch (const std::exception &error) {
      ADD_FAILURE() << "bit " << i % 8 << " of byte " << i / 8 << ": not an Error: " << error.what();
    }
  }
}

// The commands are constants and names of temporary files. NOLINTNEXTLINE(bugprone-command-processor)
bool run(const std::string &command) { return std::system(command.c_str()) == 0; }

std::string pythonWithNumpy() {
  for (const char *python : {"python3", "/usr/bin/python3"})
    if (run(std::string(python) + " -c 'import numpy' >/dev/null 2>&1"))
      return python;
  return "";
}

} // namespace nibble::test
