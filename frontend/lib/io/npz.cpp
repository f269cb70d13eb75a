// .npz through libzip, in memory.
#include "frontend/lib/io/npz.h"

#include "frontend/lib/io/file.h"
#include "frontend/lib/io/npy.h"

#include <nibble/error.h>

#include <algorithm>
#include <tuple>
#include <zip.h>

namespace nibble {
namespace io {

namespace {

constexpr const char *metadataEntry = "__metadata__.json";

struct ZipDeleter {
  void operator()(zip_t *archive) const { zip_discard(archive); }
  void operator()(zip_file_t *file) const { zip_fclose(file); }
  void operator()(zip_source_t *source) const { zip_source_free(source); }
};
template <typename T>
using Zip = std::unique_ptr<T, ZipDeleter>;

[[noreturn]] void fail(const std::string &source, zip_error_t *error) {
  std::string text = zip_error_strerror(error);
  zip_error_fini(error);
  throw Error(source, "zip archive: " + text);
}

// An entry of the archive in messages.
std::string place(const std::string &source, const std::string &name) {
  std::string text = source;
  return text.append(":").append(name);
}

std::vector<std::byte> readEntry(zip_t *archive, zip_uint64_t index, const std::string &source) {
  zip_stat_t stat;
  if (zip_stat_index(archive, index, 0, &stat) != 0)
    fail(source, zip_get_error(archive));
  if (stat.encryption_method != ZIP_EM_NONE || (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE))
    throw Error(source, "only stored and deflated zip entries without encryption are supported");
  Zip<zip_file_t> file(zip_fopen_index(archive, index, 0));
  if (!file)
    fail(source, zip_get_error(archive));
  // The size that the archive claims is not trusted: memory grows with what is really there.
  std::vector<std::byte> bytes;
  for (std::size_t done = 0;;) {
    resize(bytes, std::max<std::size_t>(std::size_t{1} << 16, done + done / 2), source);
    zip_int64_t n = zip_fread(file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0)
      fail(source, zip_file_get_error(file.get()));
    done += static_cast<std::size_t>(n);
    if (n == 0) { // the checksum was compared
      bytes.resize(done);
      break;
    }
  }
  if (bytes.size() != stat.size)
    throw Error(source, "truncated zip entry");
  return bytes;
}

void addEntry(zip_t *archive, const std::string &name, std::span<const std::byte> bytes, const std::string &source) {
  zip_source_t *content = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
  if (!content)
    fail(source, zip_get_error(archive));
  zip_int64_t index = zip_file_add(archive, name.c_str(), content, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(content);
    fail(source, zip_get_error(archive));
  }
  auto entry = static_cast<zip_uint64_t>(index);
  // A fixed date (1 January 1980) and fixed attributes: the same arrays give the same bytes.
  if (zip_set_file_compression(archive, entry, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, entry, 0, 1 << 5 | 1, 0) != 0 ||
      zip_file_set_external_attributes(archive, entry, 0, ZIP_OPSYS_UNIX, 0100644u << 16) != 0)
    fail(source, zip_get_error(archive));
}

} // namespace

Npz decodeNpz(std::span<const std::byte> bytes, const std::string &source) {
  if (bytes.empty()) // to libzip an archive without entries
    throw Error(source, "the file is empty");
  zip_error_t error;
  zip_error_init(&error);
  Zip<zip_source_t> content(zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error));
  if (!content)
    fail(source, &error);
  Zip<zip_t> archive(zip_open_from_source(content.get(), ZIP_RDONLY | ZIP_CHECKCONS, &error));
  if (!archive)
    fail(source, &error);
  std::ignore = content.release(); // now the archive's
  Npz result;
  auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0));
  for (zip_uint64_t i = 0; i < count; ++i) {
    const char *raw = zip_get_name(archive.get(), i, ZIP_FL_ENC_GUESS);
    if (!raw)
      fail(source, zip_get_error(archive.get()));
    std::string name = raw;
    std::vector<std::byte> entry = readEntry(archive.get(), i, place(source, name));
    if (name == metadataEntry) {
      result.metadata.assign(reinterpret_cast<const char *>(entry.data()), entry.size());
      continue;
    }
    if (!name.ends_with(".npy"))
      throw Error(source, "the entry '" + name + "' is not a .npy file");
    Array array = decodeNpy(entry, place(source, name));
    name.resize(name.size() - 4);
    if (!result.arrays.emplace(name, std::move(array)).second)
      throw Error(source, "the name '" + name + "' occurs twice");
  }
  return result;
}

std::vector<std::byte> encodeNpz(const NamedArrays &arrays, const std::string &metadata, const std::string &source) {
  // libzip makes no archives without entries; the end record alone is one.
  if (arrays.empty() && metadata.empty()) {
    std::vector<std::byte> empty(22);
    constexpr char signature[] = {'P', 'K', 5, 6};
    std::transform(std::begin(signature), std::end(signature), empty.begin(), [](char c) { return std::byte(c); });
    return empty;
  }
  std::vector<std::vector<std::byte>> entries; // read by libzip on closing
  entries.reserve(arrays.size());
  zip_error_t error;
  zip_error_init(&error);
  Zip<zip_source_t> output(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!output)
    fail(source, &error);
  Zip<zip_t> archive(zip_open_from_source(output.get(), ZIP_CREATE | ZIP_TRUNCATE, &error));
  if (!archive)
    fail(source, &error);
  zip_source_keep(output.get()); // one reference is the archive's, one is ours
  for (const auto &[name, array] : arrays) {
    entries.push_back(encodeNpy(array, place(source, name)));
    std::string entryName = name;
    addEntry(archive.get(), entryName.append(".npy"), entries.back(), source);
  }
  if (!metadata.empty())
    addEntry(archive.get(), metadataEntry, std::as_bytes(std::span(metadata)), source);
  if (zip_close(archive.get()) != 0)
    fail(source, zip_get_error(archive.get()));
  std::ignore = archive.release(); // closed
  zip_stat_t stat;
  if (zip_source_open(output.get()) != 0 || zip_source_stat(output.get(), &stat) != 0)
    fail(source, zip_source_error(output.get()));
  std::vector<std::byte> bytes(stat.size);
  if (zip_source_read(output.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size()))
    fail(source, zip_source_error(output.get()));
  zip_source_close(output.get());
  return bytes;
}

} // namespace io

NamedArrays load_npz(const std::string &path) { return io::decodeNpz(io::readFile(path), path).arrays; }

void save_npz(const std::string &path, const NamedArrays &arrays) {
  io::writeFileAtomically(path, io::encodeNpz(arrays, {}, path));
}

} // namespace nibble
