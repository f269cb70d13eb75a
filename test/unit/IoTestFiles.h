// Files for the tests of the I/O library: a directory that is removed, bytes, and the truncation of a file at every
// length.
#ifndef NIBBLE_TEST_UNIT_IOTESTFILES_H
#define NIBBLE_TEST_UNIT_IOTESTFILES_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace nibble::test {

// A fresh directory, removed with its files on destruction.
class Directory {
public:
  Directory();
  ~Directory();
  std::string operator/(const std::string &name) const { return path_ + "/" + name; }
  const std::string &path() const { return path_; }
  std::vector<std::string> files() const; // names, sorted

private:
  std::string path_;
};

std::string read(const std::string &path);
void write(const std::string &path, const std::string &bytes);

// The text of the Error that `call` throws; fails the test and returns "" if it throws nothing or something else.
std::string errorOf(const std::function<void()> &call);

// Writes every proper prefix of `bytes` to `path`, and `bytes` with one byte appended, and expects an Error from `load`
// each time that names the file.
void checkTruncation(const std::string &path, const std::string &bytes, const std::function<void()> &load);

// Flips each bit of each byte of `bytes` in turn and calls `load`: it may succeed or throw Error, nothing else.
void checkBitFlips(const std::string &path, const std::string &bytes, const std::function<void()> &load);

// Runs a shell command; whether it succeeded.
bool run(const std::string &command);

// A Python 3 interpreter with NumPy, or "" if there is none.
std::string pythonWithNumpy();

} // namespace nibble::test

#endif // NIBBLE_TEST_UNIT_IOTESTFILES_H
