// IDX (http://yann.lecun.com/exdb/mnist): two zero bytes, the element type, the rank, big-endian extents, the elements.
#include "frontend/lib/io/idx.h"

#include "frontend/lib/io/file.h"
#include "frontend/lib/io/npy.h"

#include <nibble/error.h>

#include <algorithm>
#include <zlib.h>

namespace nibble::io {

std::vector<std::byte> gunzip(std::span<const std::byte> bytes, const std::string &source) {
  z_stream stream{};
  constexpr int gzipOnly = 16;
  if (inflateInit2(&stream, MAX_WBITS + gzipOnly) != Z_OK)
    throw Error(source, "out of memory for zlib");
  std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, inflateEnd);
  std::vector<std::byte> result;
  constexpr std::size_t step = std::size_t{1} << 30; // zlib counts in 32 bits
  std::size_t consumed = 0, produced = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    std::size_t in = std::min(step, bytes.size() - consumed);
    if (produced == result.size())
      resize(result, std::max<std::size_t>(std::size_t{1} << 16, produced * 2), source);
    std::size_t out = std::min(step, result.size() - produced);
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(bytes.data() + consumed));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef *>(result.data() + produced);
    stream.avail_out = static_cast<uInt>(out);
    status = inflate(&stream, Z_NO_FLUSH);
    consumed += in - stream.avail_in;
    produced += out - stream.avail_out;
    if (status == Z_BUF_ERROR || (status == Z_OK && consumed == bytes.size() && stream.avail_out != 0))
      throw Error(source, "the gzip data is truncated");
    if (status != Z_OK && status != Z_STREAM_END)
      throw Error(source, std::string("the gzip data is damaged: ") + (stream.msg ? stream.msg : "zlib refuses it"));
  }
  if (consumed != bytes.size())
    throw Error(source, "there are bytes after the end of the gzip data");
  result.resize(produced);
  return result;
}

Array decodeIdx(std::span<const std::byte> bytes, const std::string &source) {
  std::vector<std::byte> plain;
  if (bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b}) {
    plain = gunzip(bytes, source);
    bytes = plain;
  }
  auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(bytes[i]); };
  if (bytes.size() < 4 || at(0) != 0 || at(1) != 0)
    throw Error(source, "this is not an IDX file, or it is truncated");
  if (at(2) != 8)
    throw Error(source, "only IDX files of unsigned bytes are supported");
  std::size_t rank = at(3), begin = 4 + 4 * rank;
  if (rank > Array::max_rank)
    throw Error(source, "the IDX file has more than " + std::to_string(Array::max_rank) + " dimensions");
  if (bytes.size() < begin)
    throw Error(source, "the IDX header is truncated");
  Shape shape;
  std::size_t available = bytes.size() - begin;
  for (std::size_t i = 4; i < begin; i += 4)
    shape.push_back(at(i) << 24 | at(i + 1) << 16 | at(i + 2) << 8 | at(i + 3));
  if (int order = compareSize(ElementType::u8, shape, available))
    throw Error(source, std::string(order > 0 ? "truncated" : "bytes after the end") + ": " + to_string(shape) +
                            " unsigned bytes expected, " + std::to_string(available) + " found");
  return makeArray(ElementType::u8, std::move(shape), bytes.subspan(begin), source);
}

} // namespace nibble::io
