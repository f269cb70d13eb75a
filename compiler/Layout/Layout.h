// The bit-layout algebra: where each element of a tensor lies in packed storage. Packing, unpacking, the verifier of
// packed tensors and the tool nibble-layout all derive from this one description. Plain C++: no MLIR.
//
// A layout maps the logical index (i_0 .. i_{r-1}) of a tensor of shape (n_0 .. n_{r-1}) to a word and a bit:
//
//   1. T_d is the product of the sizes of the tiles of dim d (1 without tiles). Dim d is padded to ceil(n_d / T_d) *
//   T_d.
//   2. i_d is split into digits: the outer digit i_d / T_d and, for each tile of d in listed order (outer to inner),
//   the digit
//      (i_d / product of the sizes of the later tiles of d) % size.
//   3. The element number e is row-major over the outer digits in `order`, then the tile digits in listed order.
//   4. With f fields in a word (`fields`, or else all that fit: wordBits / bits):
//        word = (e / (lanes * f)) * lanes + e % lanes
//        bit  = ((e / lanes) % f) * bits                      (bit 0 is the least significant)
//      so `lanes` consecutive elements go to the same field of `lanes` consecutive words (lanes = 1: they fill one
//      word).
//   5. The storage is padded to whole groups of `lanes` words; every field without an element holds `fill`. The bits of
//   a word above its fields are 0.
//
// Words are little-endian in memory; as widths are powers of two, a field never crosses a word.
#pragma once
#include "compiler/Support/Result.h"
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nibble::layout {

/// How a field encodes the stored value v = q - offset.
enum class Code {
  twos_complement, ///< v in [-2^(bits-1), 2^(bits-1) - 1]
  unsigned_,       ///< v in [0, 2^bits - 1]; written `unsigned` in text
  sign             ///< one bit: 0 stores +1, 1 stores -1 (rule R3); bits = 1, offset = 0
};

struct Tile {
  int dim;
  int64_t size;
  friend bool operator==(const Tile &, const Tile &) = default;
};

struct Layout {
  int bits = 8;            ///< width of a field: 1, 2, 4, 8, 16 or 32
  int wordBits = 8;        ///< width of a word: 8, 16, 32 or 64, at least `bits`
  std::vector<int> order;  ///< permutation of the logical dims, outermost first; its length is the rank
  std::vector<Tile> tiles; ///< outer to inner; a dim may appear several times
  int lanes = 1;           ///< words that are filled side by side
  int64_t fill = 0;        ///< field of the padding, as raw bits: 0 .. 2^bits - 1
  int64_t offset = 0;      ///< stored value = q - offset; |offset| <= 2^32
  Code code = Code::twos_complement;
  int fields = 0; ///< fields used of a word, from the lowest on, fewer than fit; 0: all

  friend bool operator==(const Layout &, const Layout &) = default;
  int rank() const { return static_cast<int>(order.size()); }
  int fieldsPerWord() const { return fields ? fields : wordBits / bits; }
};

/// Found by argument-dependent look-up, also by llvm::hash_combine.
std::size_t hash_value(const Layout &layout);

/// Limits of a valid layout. They bound what a hostile text can make pack allocate.
inline constexpr int maxRank = 16;
inline constexpr int maxTiles = 16;
inline constexpr int maxLanes = 4096;
inline constexpr int64_t maxTileElements = int64_t{1} << 16; ///< product of all tile sizes
inline constexpr int64_t maxStorageBytes = int64_t{1} << 40;

/// What is wrong with `layout` for a tensor of this rank, or nothing.
std::optional<std::string> validate(const Layout &layout, int rank);

/// Smallest and largest q that the layout can hold (sign: -1 and 1, and nothing between). For a valid layout.
int64_t minValue(const Layout &layout);
int64_t maxValue(const Layout &layout);

/// The raw field of q, which must be in range, and the q of a raw field. For a valid layout.
uint64_t encode(const Layout &layout, int64_t q);
int64_t decode(const Layout &layout, uint64_t field);

struct Position {
  int64_t word; ///< counted in words from the start of the storage
  int bit;      ///< of the field's least significant bit, inside the word
  friend bool operator==(const Position &, const Position &) = default;
};

/// A layout applied to one static shape, with everything checked once: look-ups cannot fail. Error: an invalid layout,
/// a wrong rank, a negative size, or a storage above maxStorageBytes.
class Mapping {
public:
  static Result<Mapping> create(const Layout &layout, std::span<const int64_t> shape);

  int64_t elements() const { return numElements; }     ///< of the logical tensor
  int64_t paddedElements() const { return numPadded; } ///< after rounding the dims up to whole tiles
  int64_t words() const { return numWords; }           ///< a multiple of lanes
  int64_t bytes() const { return numWords * (wordBits / 8); }
  bool contains(std::span<const int64_t> index) const; ///< rank and bounds

  /// Element number e of an index inside the shape.
  int64_t elementNumber(std::span<const int64_t> index) const;
  /// Word and bit of element number e.
  Position position(int64_t e) const {
    return {(e / group) * lanes + e % lanes, static_cast<int>((e / lanes) % fields) * bits};
  }

  /// Calls visit(flat, index, position) for each element, flat = 0, 1, .. in logical row-major order, until one call
  /// returns false; returns whether none did.
  template <typename Visit>
  bool forEachElement(Visit visit) const;

private:
  struct Digit { ///< contributes (i / divisor) % modulus * stride to e
    int64_t divisor, modulus, stride;
  };
  int64_t contribution(std::size_t dim, int64_t i) const;

  std::vector<int64_t> shape;
  std::vector<std::vector<Digit>> digits; // by logical dim
  int64_t numElements = 0, numPadded = 0, numWords = 0;
  int64_t lanes = 1, fields = 1, group = 1;
  int bits = 8, wordBits = 8;
};

/// One look-up, checked. To look up many, make a Mapping.
Result<Position> locate(const Layout &layout, std::span<const int64_t> index, std::span<const int64_t> shape);
Result<int64_t> storageWords(const Layout &layout, std::span<const int64_t> shape);
Result<int64_t> storageBytes(const Layout &layout, std::span<const int64_t> shape);

/// `values` row-major over `shape` -> storageBytes bytes. Error: those of Mapping, a wrong number of values, or a value
/// that the layout cannot hold (named with its index).
Result<std::vector<uint8_t>> pack(const Layout &layout, std::span<const int64_t> values,
                                  std::span<const int64_t> shape);
/// The inverse: exactly storageBytes bytes -> values row-major over `shape`. Padding is not looked at.
Result<std::vector<int64_t>> unpack(const Layout &layout, std::span<const uint8_t> bytes,
                                    std::span<const int64_t> shape);

/// The one canonical text, for example
///   order = [0, 1], tile = [0:16, 1:2], word = 8, bits = 4, lanes = 16, fill = 1, offset = -8, code = unsigned
/// `order`, `word` and `bits` are always there; `tile`, `fields`, `lanes`, `fill`, `offset` and `code` only when they
/// differ from [], word / bits, 1, 0, 0 and twos_complement.
std::string print(const Layout &layout);
/// Reads the text of `print`; also in another sequence of keys, with defaults written out, and with other white space.
/// The result is valid for the rank given by `order`. Every character of the text belongs to the layout: an MLIR
/// attribute may skip over keywords, integers and `= [ ] : ,` and hand the skipped text to this function.
Result<Layout> parse(std::string_view text);

//===-- Named layouts
//------------------------------------------------------------------------------------------------===//

/// Dims in order, no tiles: e is the row-major index; the field of element e is number e % f of word e / f. Rows are
/// not padded; only the whole tensor is padded to a word.
Layout rowMajor(int rank, int bits, int wordBits);

/// Binary activations: one sign bit per element, the last dim (channels) padded to whole words, fill 0 (stands for +1):
///   word = row * ceil(C / wordBits) + c / wordBits,  bit = c % wordBits,  row = row-major index of the other dims.
Layout bitsAlongLastDim(int rank, int wordBits);

/// The same for ternary activations: fields of two bits in two's complement, wordBits / 2 of them in a word.
Layout ternaryAlongLastDim(int rank, int wordBits);

/// The same for activations of at most four values: fields of q - offset, 0..3.
Layout fieldsAlongLastDim(int rank, int wordBits);

/// Weights [O, ..., R] (conv: [O, KH, KW*C]; linear: [O, I]) for the kernel that multiplies groups of `ku` steps of the
/// run R with `nr` output channels at a time:
///   storage [ceil(O/nr)] [...] [ceil(R/kt)] blocks of kt*nr elements;   f = 8 / bits fields of a byte
///   inside a block  e = ((r % kt) / ku) * nr*ku + (o % nr) * ku + r % ku,   byte e % lanes (+ lanes for each lanes*f
///   of e), bit = ((e / lanes) % f) * bits
/// with kt = ku * max(1, lanes*f / (nr*ku)): the smallest run for which `lanes` bytes hold whole nr x ku groups. For nr
/// = 16, ku = 2, lanes = 16: kt = 2, 2, 4, 8 for bits = 8, 4, 2, 1. Shifting and masking `lanes` bytes gives the next
/// `lanes` elements in order. Two's complement, except one-bit fields, which hold signs. A tile of size 1 is left out.
/// Rank >= 2; bits 1, 2, 4 or 8; nr, ku and lanes at least 1.
Layout weightTile(int rank, int bits, int nr, int ku, int lanes);

/// 8-bit weights [O, ..., R] for products of u8 x s8 summed by fours: storage [ceil(O/16)] [...] [ceil(R/4)] [16] [4]
/// bytes:
///   byte = ((o/16 * ... ) * ceil(R/4) + r/4) * 64 + (o % 16) * 4 + r % 4.
Layout dot4Tile(int rank);

/// Weights [O, ..., R] of 8, 4, 2 or 1 bits for products of u8 activations summed by fours, c = `columns` output
/// channels at a time. With n = 32 / bits steps to a block of 4c bytes, storage [ceil(O/c)] [...] [ceil(R/n)] [4c]:
///   byte = (... * ceil(R/n) + r/n) * 4c + (o % c) * 4 + r % 4,      bit = (r / 4) % (8 / bits) * bits
/// Fields of 8 bits are two's complement, of 4 and 2 bits q + 8 and q + 2, of 1 bit signs; fields of the padding stand
/// for 0 (for one bit there is none: +1). It is weightTile(rank, bits, c, 4, 4c) but for the code of 4 and 2 bits;
/// dotTile(rank, 8, 16) is dot4Tile(rank).
Layout dotTile(int rank, int bits, int columns);

/// Binary (bits = 1) or ternary (bits = 2) weights [O, ..., R] for look-ups of four bits, 32 output channels at a time.
/// With n = 8 / bits steps of the run R: packed, storage [ceil(O/32)] [...] [ceil(R/n)] [32] bytes of n fields; else, a
/// byte for each four bits, storage [ceil(O/32)] [...] [ceil(R/n)] [2] [32] bytes, whose upper four bits are 0.
///   packed:  byte = (... * ceil(R/n) + r/n) * 32 + o % 32,                              bit = r % n * bits
///   else:    byte = (... * ceil(R/n) + r/n) * 64 + (r / (n/2) % 2) * 32 + o % 32,       bit = r % (n/2) * bits
/// Signs for one bit, two's complement for two; fill 0. Rank >= 2.
Layout lookupTile(int rank, int bits, bool packed);

/// Binary or ternary weights [O, ..., R], of `bits` 1 or 2, in words for kernels that count bits, 32 output channels at
/// a time: storage [ceil(O/32)] [...] [ceil(R/f)] [32] words of f = 32 / bits fields:
///   word = (... * ceil(R/f) + r/f) * 32 + o % 32,      field = r % f.
/// Fill 0. Rank >= 2.
Layout countTile(int rank, int bits);

/// 8-bit weights [O, KH, KW, 1] of a depthwise convolution, 32 channels at a time: storage [ceil(O/32)] [KH] [KW] [32]
/// bytes:
///   byte = ((o/32 * KH + y) * KW + x) * 32 + o % 32.
Layout depthwiseTile(int rank);

//===-- Implementation
//-----------------------------------------------------------------------------------------------===//

template <typename Visit>
bool Mapping::forEachElement(Visit visit) const {
  if (numElements == 0)
    return true;
  // e is a sum over the dims, so one table per dim replaces the divisions.
  std::vector<std::vector<int64_t>> table(shape.size());
  for (std::size_t d = 0; d < shape.size(); ++d)
    for (int64_t i = 0; i < shape[d]; ++i)
      table[d].push_back(contribution(d, i));
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t flat = 0; flat < numElements; ++flat) {
    int64_t e = 0;
    for (std::size_t d = 0; d < shape.size(); ++d)
      e += table[d][static_cast<std::size_t>(index[d])];
    if (!visit(flat, std::span<const int64_t>(index), position(e)))
      return false;
    for (std::size_t d = shape.size(); d > 0; --d) { // the next index in row-major order
      if (++index[d - 1] < shape[d - 1])
        break;
      index[d - 1] = 0;
    }
  }
  return true;
}

} // namespace nibble::layout
