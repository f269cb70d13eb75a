// Reading and atomically replacing files, by POSIX calls.
#include "frontend/lib/io/file.h"

#include <nibble/error.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nibble::io {

namespace {

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

// Removes the temporary file unless it was renamed.
struct Temporary {
  std::string path;
  ~Temporary() {
    if (!path.empty())
      ::unlink(path.c_str());
  }
};

[[noreturn]] void fail(const std::string &path, const char *what, int error) {
  throw Error(path, std::string(what) + ": " + std::strerror(error));
}

// Not even a huge write is passed whole: Linux stops at 2^31 - 4096 bytes.
constexpr std::size_t chunk = std::size_t{1} << 30;

} // namespace

void resize(std::vector<std::byte> &bytes, std::size_t size, const std::string &source) try {
  bytes.resize(size);
} catch (const std::exception &) { // bad_alloc or length_error
  throw Error(source, "not enough memory to read the file");
}

std::vector<std::byte> readFile(const std::string &path) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0)
    fail(path, "cannot open the file", errno);
  struct stat status;
  if (::fstat(file.fd, &status) != 0)
    fail(path, "cannot read the file", errno);
  if (!S_ISREG(status.st_mode))
    throw Error(path, "this is not a regular file");
  std::vector<std::byte> bytes;
  resize(bytes, static_cast<std::size_t>(status.st_size), path);
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = ::read(file.fd, bytes.data() + done, std::min(chunk, bytes.size() - done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail(path, "cannot read the file", errno);
    if (n == 0)
      throw Error(path, "the file became shorter while it was read");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

static void writeAll(const std::string &path, int fd, std::span<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    ssize_t n = ::write(fd, bytes.data() + done, std::min(chunk, bytes.size() - done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail(path, "cannot write the file", errno);
    done += static_cast<std::size_t>(n);
  }
}

void writeFileAtomically(const std::string &path, std::span<const std::byte> bytes) {
  // A device or a pipe is written to, never replaced by a file.
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    Descriptor device{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (device.fd < 0)
      fail(path, "cannot write to this file", errno);
    return writeAll(path, device.fd, bytes);
  }
  std::string target = path;
  if (char *real = ::realpath(path.c_str(), nullptr)) {
    target = real;
    std::free(real);
  }
  std::size_t slash = target.rfind('/');
  std::string directory = slash == std::string::npos ? "." : target.substr(0, slash + 1);
  static std::atomic<unsigned> serial{0};
  Temporary temporary;
  Descriptor file;
  // O_EXCL instead of mkstemp: the file gets the permissions of the user's umask.
  do {
    temporary.path.clear();
    std::string name = target + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(serial++);
    file.fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.fd >= 0)
      temporary.path = std::move(name);
  } while (file.fd < 0 && errno == EEXIST);
  if (file.fd < 0)
    fail(path, "cannot write a file in this directory", errno);

  writeAll(path, file.fd, bytes);
  if (::fsync(file.fd) != 0)
    fail(path, "cannot write the file", errno);
  int fd = file.fd;
  file.fd = -1;
  if (::close(fd) != 0)
    fail(path, "cannot write the file", errno);
  if (::rename(temporary.path.c_str(), target.c_str()) != 0)
    fail(path, "cannot replace the file", errno);
  temporary.path.clear();
  // The rename itself must survive a crash too; a file system without this is no reason to fail.
  Descriptor parent{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (parent.fd >= 0)
    ::fsync(parent.fd);
}

} // namespace nibble::io
