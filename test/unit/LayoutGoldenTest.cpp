// Layouts against bytes worked by hand and against the storage formulas of the named layouts.
#include "compiler/Layout/Layout.h"
#include <gtest/gtest.h>

using namespace nibble;
using namespace nibble::layout;
using Ints = std::vector<int64_t>;
using Bytes = std::vector<uint8_t>;

namespace {

Bytes packed(const Layout &layout, const Ints &values, const Ints &shape) {
  Result<Bytes> bytes = pack(layout, values, shape);
  EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error());
  return bytes ? *bytes : Bytes{};
}

Layout read(std::string_view text) {
  Result<Layout> layout = parse(text);
  EXPECT_TRUE(layout) << (layout ? "" : layout.error());
  return layout ? *layout : Layout{};
}

// sign([.3, -.2, 0, -0., 1.5, -2, -.1, 4]): the published example of a packed binary activation, bits 0,1,0,0,0,1,1,0.
TEST(LayoutGolden, BinaryActivations) {
  Ints signs = {1, -1, 1, 1, 1, -1, -1, 1};
  EXPECT_EQ(packed(bitsAlongLastDim(1, 32), signs, {8}), (Bytes{0x62, 0, 0, 0}));
  EXPECT_EQ(packed(bitsAlongLastDim(1, 8), signs, {8}), (Bytes{0x62}));
  // Two pixels of three channels: each starts its own word.
  EXPECT_EQ(packed(bitsAlongLastDim(2, 8), {-1, 1, -1, 1, -1, -1}, {2, 3}), (Bytes{0x05, 0x06}));
  // 33 channels take two words; channel 32 is bit 0 of the second.
  Ints many(33, 1);
  many[31] = many[32] = -1;
  EXPECT_EQ(packed(bitsAlongLastDim(1, 32), many, {33}), (Bytes{0, 0, 0, 0x80, 1, 0, 0, 0}));
}

// The ternary format TQ2_0: codes q + 1; byte m of 32 holds elements m, m+32, m+64, m+96 at bits 0, 2, 4, 6. With
// (1, 0, -1, 1): codes 2, 1, 0, 2 -> 2 + (1 << 2) + (0 << 4) + (2 << 6) = 0x86. I2_S, its twin, puts the same elements
// at bits 6, 4, 2, 0; lanes fill a word from bit 0 upwards, so the elements would have to come in reverse.
TEST(LayoutGolden, TernaryTwoBit) {
  Layout layout = read("order = [0], word = 8, bits = 2, lanes = 32, fill = 1, offset = -1, code = unsigned");
  Ints values(128, 0);
  values[5] = 1, values[37] = 0, values[69] = -1, values[101] = 1;
  Bytes bytes = packed(layout, values, {128});
  ASSERT_EQ(bytes.size(), 32u);
  EXPECT_EQ(bytes[5], 0x86);
  EXPECT_EQ(bytes[6], 0x55);
  // 100 elements: the fields of 100..127 hold the code of 0.
  values.resize(100, 0);
  bytes = packed(layout, values, {100});
  ASSERT_EQ(bytes.size(), 32u);
  EXPECT_EQ(bytes[5], 0x46);
}

// The same code in the layout of bitnet.cpp's newer x86 kernels but for the sequence of the rows: one byte holds four
// rows of one column. Rows 0..3 = 1, 0, -1, 1 and column 1 all -1: 0x86, 0x00.
TEST(LayoutGolden, FourRowsInAByte) {
  Layout layout = read("order = [0, 1], tile = [0:4], word = 8, bits = 2, offset = -1, code = unsigned");
  EXPECT_EQ(packed(layout, {1, -1, 0, -1, -1, -1, 1, -1}, {4, 2}), (Bytes{0x86, 0x00}));
}

TEST(LayoutGolden, RowMajorNibbles) {
  // [1, -2, 7, -8, 3] in two's complement, low nibble first; the pad nibble holds fill.
  Layout layout = rowMajor(1, 4, 8);
  EXPECT_EQ(packed(layout, {1, -2, 7, -8, 3}, {5}), (Bytes{0xe1, 0x87, 0x03}));
  layout.fill = 0xa;
  EXPECT_EQ(packed(layout, {1, -2, 7, -8, 3}, {5}), (Bytes{0xe1, 0x87, 0xa3}));
}

TEST(LayoutGolden, SixteenBitActivationsWithAZeroPoint) {
  // q - 128 in little-endian words: 0 -> 0xff80, 128 -> 0, 255 -> 0x007f.
  Layout layout = rowMajor(1, 16, 16);
  layout.offset = 128;
  EXPECT_EQ(packed(layout, {0, 128, 255}, {3}), (Bytes{0x80, 0xff, 0x00, 0x00, 0x7f, 0x00}));
}

TEST(LayoutGolden, WordsAreLittleEndian) {
  EXPECT_EQ(packed(rowMajor(1, 4, 32), {1, 2, 3, 4, 5, 6, 7, -8, -1}, {9}),
            (Bytes{0x21, 0x43, 0x65, 0x87, 0x0f, 0, 0, 0}));
  EXPECT_EQ(packed(rowMajor(1, 32, 64), {1, -2, 0x01020304}, {3}),
            (Bytes{1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 4, 3, 2, 1, 0, 0, 0, 0}));
}

TEST(LayoutGolden, ColumnMajorWithTiles) {
  // 3x2 elements 1..6 (rows 12, 34, 56), columns outermost, pairs of rows inside: 1 3 | 5 pad | 2 4 | 6 pad.
  Layout layout = read("order = [1, 0], tile = [0:2], word = 8, bits = 8, fill = 255");
  EXPECT_EQ(packed(layout, {1, 2, 3, 4, 5, 6}, {3, 2}), (Bytes{1, 3, 5, 255, 2, 4, 6, 255}));
}

TEST(NamedLayouts, Text) {
  EXPECT_EQ(print(bitsAlongLastDim(4, 32)), "order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign");
  EXPECT_EQ(print(ternaryAlongLastDim(3, 32)), "order = [0, 1, 2], tile = [2:16], word = 32, bits = 2");
  EXPECT_EQ(print(fieldsAlongLastDim(2, 32)), "order = [0, 1], tile = [1:16], word = 32, bits = 2, code = unsigned");
  EXPECT_EQ(print(weightTile(3, 8, 16, 2, 16)),
            "order = [0, 1, 2], tile = [0:16, 2:2], word = 8, bits = 8, lanes = 16");
  EXPECT_EQ(print(weightTile(3, 4, 16, 2, 16)),
            "order = [0, 1, 2], tile = [0:16, 2:2], word = 8, bits = 4, lanes = 16");
  EXPECT_EQ(print(weightTile(3, 2, 16, 2, 16)),
            "order = [0, 1, 2], tile = [2:2, 0:16, 2:2], word = 8, bits = 2, lanes = 16");
  EXPECT_EQ(print(weightTile(3, 1, 16, 2, 16)),
            "order = [0, 1, 2], tile = [2:4, 0:16, 2:2], word = 8, bits = 1, lanes = 16, code = sign");
  EXPECT_EQ(print(weightTile(2, 4, 16, 2, 16)), "order = [0, 1], tile = [0:16, 1:2], word = 8, bits = 4, lanes = 16");
  EXPECT_EQ(print(dot4Tile(3)), "order = [0, 1, 2], tile = [0:16, 2:4], word = 8, bits = 8");
  EXPECT_EQ(print(lookupTile(3, 1, true)), "order = [0, 1, 2], tile = [0:32, 2:8], word = 8, bits = 1, code = sign");
  EXPECT_EQ(print(lookupTile(3, 1, false)),
            "order = [0, 1, 2], tile = [2:2, 0:32, 2:4], word = 8, bits = 1, fields = 4, code = sign");
  EXPECT_EQ(print(lookupTile(3, 2, true)), "order = [0, 1, 2], tile = [0:32, 2:4], word = 8, bits = 2");
  EXPECT_EQ(print(lookupTile(3, 2, false)),
            "order = [0, 1, 2], tile = [2:2, 0:32, 2:2], word = 8, bits = 2, fields = 2");
}

TEST(NamedLayouts, BitsAlongLastDimFormula) {
  for (int64_t word : {8, 16, 32, 64})
    for (int64_t channels : {1, 7, 31, 32, 33, 64, 100}) {
      Ints shape = {2, 3, channels};
      int64_t perPixel = (channels + word - 1) / word;
      Result<Mapping> map = Mapping::create(bitsAlongLastDim(3, static_cast<int>(word)), shape);
      ASSERT_TRUE(map);
      EXPECT_EQ(map->words(), 6 * perPixel);
      map->forEachElement([&](int64_t, std::span<const int64_t> i, Position at) {
        EXPECT_EQ(at.word, (i[0] * 3 + i[1]) * perPixel + i[2] / word);
        EXPECT_EQ(at.bit, i[2] % word);
        return true;
      });
    }
}

TEST(NamedLayouts, WeightTileFormula) {
  const int64_t nr = 16, ku = 2, lanes = 16;
  for (int bits : {1, 2, 4, 8}) {
    const int64_t f = 8 / bits, kt = bits == 1 ? 8 : bits == 2 ? 4 : 2;
    for (int64_t outputs : {1, 15, 16, 17, 40})
      for (int64_t run : {1, 2, 3, 7, 8, 9, 27}) {
        Ints shape = {outputs, 3, run};
        Result<Mapping> map = Mapping::create(weightTile(3, bits, nr, ku, lanes), shape);
        ASSERT_TRUE(map);
        const int64_t runBlocks = (run + kt - 1) / kt, blockBytes = nr * kt / f;
        EXPECT_EQ(map->bytes(), (outputs + nr - 1) / nr * 3 * runBlocks * blockBytes);
        map->forEachElement([&](int64_t, std::span<const int64_t> i, Position at) {
          int64_t o = i[0], r = i[2];
          int64_t block = ((o / nr) * 3 + i[1]) * runBlocks + r / kt;
          int64_t e = ((r % kt) / ku) * nr * ku + (o % nr) * ku + r % ku;
          EXPECT_EQ(at.word, block * blockBytes + e / (lanes * f) * lanes + e % lanes);
          EXPECT_EQ(at.bit, (e / lanes) % f * bits);
          return true;
        });
      }
  }
}

// Shifting and masking the 16 bytes of a block gives, for pair group p, the nr x ku weights in the order the kernel
// multiplies them: [o][k].
TEST(NamedLayouts, WeightTileUnpacksByShiftAndMask) {
  for (int bits : {2, 4}) {
    const int64_t kt = bits == 2 ? 4 : 2;
    Layout layout = weightTile(2, bits, 16, 2, 16);
    Ints values;
    for (int64_t i = 0; i < 16 * kt; ++i)
      values.push_back((i * 7 + i / 5) % (1 << bits) - (1 << (bits - 1)));
    Bytes bytes = packed(layout, values, {16, kt});
    ASSERT_EQ(bytes.size(), 16u);
    for (int64_t e = 0; e < 16 * kt; ++e) {
      int64_t p = e / 32, o = e % 32 / 2, k = e % 2;
      auto fieldOf =
          static_cast<uint64_t>(bytes[static_cast<std::size_t>(e % 16)] >> (e / 16 * bits)) & ((1u << bits) - 1);
      EXPECT_EQ(decode(layout, fieldOf), values[static_cast<std::size_t>(o * kt + p * 2 + k)]);
    }
  }
}

TEST(NamedLayouts, DotTileFormula) {
  EXPECT_EQ(dotTile(3, 8, 16), dot4Tile(3));
  EXPECT_EQ(print(dotTile(3, 4, 8)),
            "order = [0, 1, 2], tile = [2:2, 0:8, 2:4], word = 8, bits = 4, lanes = 32, fill = 8, "
            "offset = -8, code = unsigned");
  EXPECT_EQ(print(dotTile(3, 1, 16)),
            "order = [0, 1, 2], tile = [2:8, 0:16, 2:4], word = 8, bits = 1, lanes = 64, code = sign");
  for (int columns : {8, 16})
    for (int bits : {8, 4, 2, 1})
      for (int64_t outputs : {1, 8, 19, 33})
        for (int64_t run : {1, 4, 33, 64}) {
          const int64_t n = 32 / bits, blocks = (run + n - 1) / n;
          Result<Mapping> map = Mapping::create(dotTile(3, bits, columns), Ints{outputs, 3, run});
          ASSERT_TRUE(map) << map.error();
          EXPECT_EQ(map->bytes(), (outputs + columns - 1) / columns * 3 * blocks * columns * 4);
          map->forEachElement([&](int64_t, std::span<const int64_t> index, Position at) {
            const int64_t o = index[0], k = index[1], r = index[2], block = (o / columns * 3 + k) * blocks + r / n;
            EXPECT_EQ(at.word, (block * columns + o % columns) * 4 + r % 4);
            EXPECT_EQ(at.bit, r / 4 % (8 / bits) * bits);
            return true;
          });
        }
  // Padding stands for 0.
  Ints ones(3, 1);
  EXPECT_EQ(packed(dotTile(2, 4, 8), ones, {1, 3})[3], 0x88);
  EXPECT_EQ(packed(dotTile(2, 4, 8), ones, {1, 3})[2], 0x89);
  EXPECT_EQ(packed(dotTile(2, 2, 8), ones, {1, 3})[3], 0xaa);
  EXPECT_EQ(packed(dotTile(2, 2, 8), ones, {1, 3})[2], 0xab);
}

TEST(NamedLayouts, Dot4TileFormula) {
  for (int64_t outputs : {1, 16, 17})
    for (int64_t run : {1, 4, 5, 9}) {
      Result<Mapping> map = Mapping::create(dot4Tile(3), Ints{outputs, 3, run});
      ASSERT_TRUE(map);
      EXPECT_EQ(map->bytes(), (outputs + 15) / 16 * 3 * ((run + 3) / 4) * 64);
      map->forEachElement([&](int64_t, std::span<const int64_t> i, Position at) {
        EXPECT_EQ(at.word, ((i[0] / 16 * 3 + i[1]) * ((run + 3) / 4) + i[2] / 4) * 64 + i[0] % 16 * 4 + i[2] % 4);
        EXPECT_EQ(at.bit, 0);
        return true;
      });
    }
}

TEST(NamedLayouts, LookupTileFormula) {
  for (int bits : {1, 2})
    for (bool packed : {false, true})
      for (int64_t outputs : {1, 32, 33})
        for (int64_t run : {1, 3, 4, 5, 8, 9, 27}) {
          Result<Mapping> map = Mapping::create(lookupTile(3, bits, packed), Ints{outputs, 3, run});
          ASSERT_TRUE(map);
          const int64_t n = 8 / bits, steps = (run + n - 1) / n, stepBytes = packed ? 32 : 64;
          EXPECT_EQ(map->bytes(), (outputs + 31) / 32 * 3 * steps * stepBytes);
          map->forEachElement([&](int64_t, std::span<const int64_t> i, Position at) {
            const int64_t step = (i[0] / 32 * 3 + i[1]) * steps + i[2] / n, perByte = packed ? n : n / 2;
            EXPECT_EQ(at.word, step * stepBytes + (packed ? 0 : i[2] / perByte % 2 * 32) + i[0] % 32);
            EXPECT_EQ(at.bit, i[2] % perByte * bits);
            return true;
          });
        }
}

TEST(NamedLayouts, CountTileFormula) {
  EXPECT_EQ(print(countTile(3, 1)), "order = [0, 1, 2], tile = [0:32, 2:32], word = 32, bits = 1, code = sign");
  EXPECT_EQ(print(countTile(3, 2)), "order = [0, 1, 2], tile = [0:32, 2:16], word = 32, bits = 2");
  for (int bits : {1, 2})
    for (int64_t outputs : {1, 32, 33})
      for (int64_t run : {1, 31, 32, 33, 70}) {
        Result<Mapping> map = Mapping::create(countTile(3, bits), Ints{outputs, 3, run});
        ASSERT_TRUE(map);
        const int64_t fields = 32 / bits, steps = (run + fields - 1) / fields;
        EXPECT_EQ(map->bytes(), (outputs + 31) / 32 * 3 * steps * 32 * 4);
        map->forEachElement([&](int64_t, std::span<const int64_t> i, Position at) {
          EXPECT_EQ(at.word, ((i[0] / 32 * 3 + i[1]) * steps + i[2] / fields) * 32 + i[0] % 32);
          EXPECT_EQ(at.bit, i[2] % fields * bits);
          return true;
        });
      }
}

TEST(NamedLayouts, DepthwiseTileFormula) {
  EXPECT_EQ(print(depthwiseTile(4)), "order = [0, 1, 2, 3], tile = [0:32], word = 8, bits = 8");
  for (int64_t outputs : {1, 32, 33, 70}) {
    Result<Mapping> map = Mapping::create(depthwiseTile(4), Ints{outputs, 3, 2, 1});
    ASSERT_TRUE(map);
    EXPECT_EQ(map->bytes(), (outputs + 31) / 32 * 3 * 2 * 32);
    map->forEachElement([&](int64_t, std::span<const int64_t> i, Position at) {
      EXPECT_EQ(at.word, ((i[0] / 32 * 3 + i[1]) * 2 + i[2]) * 32 + i[0] % 32);
      EXPECT_EQ(at.bit, 0);
      return true;
    });
  }
}

// Words of which only the lower fields are used: the rest is 0 whatever the fill, and all of it survives a round trip.
TEST(NamedLayouts, FieldsBelowThoseThatFit) {
  Layout layout = rowMajor(1, 2, 16);
  layout.fields = 3;
  layout.fill = 2;
  const Ints values = {1, -1, 0, -2, 1};
  const Bytes bytes = packed(layout, values, {5});
  EXPECT_EQ(bytes, (Bytes{0x0d, 0, 0x26, 0}));
  Result<std::vector<int64_t>> back = unpack(layout, bytes, Ints{5});
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, values);
  Result<Layout> parsed = parse(print(layout));
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(*parsed, layout);
  parsed = parse("order = [0], word = 16, bits = 2, fields = 8");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, rowMajor(1, 2, 16)) << "one way to say that all fields are used";
  EXPECT_EQ(parse("order = [0], word = 16, bits = 2, fields = 9").error(),
            "layout: fields = 9 must be at least 1 and fewer than word / bits = 8");
  EXPECT_FALSE(parse("order = [0], word = 16, bits = 2, fields = 0"));
  EXPECT_FALSE(parse("order = [0], word = 16, bits = 2, fields = -1"));
}

} // namespace
