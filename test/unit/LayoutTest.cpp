// Layouts, exhaustively for small shapes: the mapping against an independent walk over the storage, packing, text,
// errors.
#include "compiler/Layout/Layout.h"
#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

using namespace nibble;
using namespace nibble::layout;
using testing::HasSubstr;
using Ints = std::vector<int64_t>;

namespace {

struct Widths {
  int bits, wordBits;
};

std::vector<Widths> allWidths() {
  std::vector<Widths> list;
  for (int bits : {1, 2, 4, 8, 16, 32})
    for (int word : {8, 16, 32, 64})
      if (word >= bits)
        list.push_back({bits, word});
  return list;
}

/// Walks the storage in element order as nested loops (outer dims in `order`, then the tiles) and calls visit(e, index)
/// for every position, padding included: the definition read from the other side, without division.
void walk(const Layout &layout, const Ints &shape, const std::function<void(int64_t, const Ints &)> &visit) {
  struct Loop {
    std::size_t dim;
    int64_t extent, step;
  };
  Ints tile(shape.size(), 1);
  for (const Tile &t : layout.tiles)
    tile[static_cast<std::size_t>(t.dim)] *= t.size;
  std::vector<Loop> loops;
  for (int d : layout.order) {
    auto dim = static_cast<std::size_t>(d);
    loops.push_back({dim, (shape[dim] + tile[dim] - 1) / tile[dim], tile[dim]});
  }
  for (const Tile &t : layout.tiles) {
    auto dim = static_cast<std::size_t>(t.dim);
    tile[dim] /= t.size;
    loops.push_back({dim, t.size, tile[dim]});
  }
  Ints index(shape.size(), 0);
  int64_t e = 0;
  std::function<void(std::size_t)> nest = [&](std::size_t depth) {
    if (depth == loops.size())
      return visit(e++, index);
    for (int64_t i = 0; i < loops[depth].extent; ++i) {
      index[loops[depth].dim] += i * loops[depth].step;
      nest(depth + 1);
      index[loops[depth].dim] -= i * loops[depth].step;
    }
  };
  nest(0);
}

/// Reads a field of `bits` bits as the definition says: little-endian words, bit 0 least significant.
uint64_t field(const std::vector<uint8_t> &bytes, const Layout &layout, Position at) {
  uint64_t result = 0;
  for (int i = 0; i < layout.bits; ++i) {
    int64_t bit = at.word * layout.wordBits + at.bit + i;
    result |= static_cast<uint64_t>((bytes[static_cast<std::size_t>(bit / 8)] >> (bit % 8)) & 1) << i;
  }
  return result;
}

/// Everything that must hold for one layout and one shape.
void check(const Layout &layout, const Ints &shape, std::minstd_rand &random) {
  SCOPED_TRACE(print(layout) + " on " + testing::PrintToString(shape));
  Result<Mapping> map = Mapping::create(layout, shape);
  ASSERT_TRUE(map) << map.error();
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  ASSERT_EQ(map->elements(), elements);
  int64_t f = layout.wordBits / layout.bits;

  // The mapping is the definition's, stays inside the storage and is injective.
  std::map<Ints, Position> where;
  std::set<std::pair<int64_t, int>> used;
  int64_t padded = 0;
  if (elements > 0)
    walk(layout, shape, [&](int64_t e, const Ints &index) {
      ++padded;
      Position at{(e / (layout.lanes * f)) * layout.lanes + e % layout.lanes,
                  static_cast<int>((e / layout.lanes) % f) * layout.bits};
      ASSERT_LT(at.word, map->words());
      ASSERT_TRUE(used.insert({at.word, at.bit}).second);
      if (map->contains(index)) {
        ASSERT_TRUE(where.insert({index, at}).second);
        ASSERT_EQ(map->elementNumber(index), e);
        ASSERT_EQ(map->position(e), at);
      }
    });
  ASSERT_EQ(static_cast<int64_t>(where.size()), elements);
  ASSERT_EQ(map->paddedElements(), padded);
  ASSERT_EQ(map->words() % layout.lanes, 0);
  ASSERT_GE(map->words() * f, padded);
  ASSERT_LT(map->words() * f, padded + layout.lanes * f) << "more padding than one group";
  ASSERT_EQ(map->bytes(), map->words() * layout.wordBits / 8);

  // Round trip of random values with the extremes among them.
  Ints values(static_cast<std::size_t>(elements));
  int64_t lo = minValue(layout), hi = maxValue(layout);
  for (int64_t &q : values)
    switch (random() % 4) {
    case 0:
      q = lo;
      break;
    case 1:
      q = hi;
      break;
    default:
      q = layout.code == Code::sign ? (random() % 2 ? 1 : -1) : lo + static_cast<int64_t>(random()) % (hi - lo + 1);
    }
  Result<std::vector<uint8_t>> bytes = pack(layout, values, shape);
  ASSERT_TRUE(bytes) << bytes.error();
  ASSERT_EQ(static_cast<int64_t>(bytes->size()), map->bytes());
  Result<Ints> back = unpack(layout, *bytes, shape);
  ASSERT_TRUE(back) << back.error();
  ASSERT_EQ(*back, values);

  // Each field holds its value's code, and every field without an element holds fill.
  int64_t count = 0;
  map->forEachElement([&](int64_t flat, std::span<const int64_t> index, Position at) {
    EXPECT_EQ(flat, count++);
    EXPECT_EQ(at, where.at(Ints(index.begin(), index.end())));
    EXPECT_EQ(field(*bytes, layout, at), encode(layout, values[static_cast<std::size_t>(flat)]));
    used.erase({at.word, at.bit});
    return true;
  });
  ASSERT_EQ(count, elements);
  std::set<std::pair<int64_t, int>> taken;
  for (const auto &[index, at] : where)
    taken.insert({at.word, at.bit});
  for (int64_t word = 0; word < map->words(); ++word)
    for (int bit = 0; bit < layout.wordBits; bit += layout.bits)
      if (!taken.count({word, bit}))
        ASSERT_EQ(field(*bytes, layout, {word, bit}), static_cast<uint64_t>(layout.fill)) << word << ":" << bit;

  // Text.
  Result<Layout> read = parse(print(layout));
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(*read, layout);
  ASSERT_EQ(print(*read), print(layout));
  ASSERT_EQ(hash_value(*read), hash_value(layout));
}

/// All shapes of this rank with sizes 0 .. limit.
std::vector<Ints> shapes(std::size_t rank, int64_t limit) {
  std::vector<Ints> list = {{}};
  for (std::size_t d = 0; d < rank; ++d) {
    std::vector<Ints> next;
    for (const Ints &shape : list)
      for (int64_t size = 0; size <= limit; ++size) {
        next.push_back(shape);
        next.back().push_back(size);
      }
    list = next;
  }
  return list;
}

/// All tile lists of at most `length` tiles with sizes 1 .. maxSize.
std::vector<std::vector<Tile>> tileLists(int rank, std::size_t length, int64_t maxSize) {
  std::vector<std::vector<Tile>> list = {{}};
  for (std::size_t begin = 0; length-- > 0;) {
    std::size_t end = list.size();
    for (; begin < end; ++begin)
      for (int dim = 0; dim < rank; ++dim)
        for (int64_t size = 1; size <= maxSize; ++size) {
          std::vector<Tile> tiles = list[begin];
          tiles.push_back({dim, size});
          list.push_back(tiles);
        }
  }
  return list;
}

/// Checks all orders x tile lists x shapes; widths, lanes, fill, offset and code run through their values in turn.
void sweep(int rank, int64_t maxSize, std::size_t tiles, int64_t maxTile) {
  std::minstd_rand random(7);
  std::vector<Widths> widths = allWidths();
  const int lanes[] = {1, 2, 3, 16};
  std::size_t turn = 0;
  Layout layout = rowMajor(rank, 8, 8);
  do {
    for (const std::vector<Tile> &list : tileLists(rank, tiles, maxTile))
      for (const Ints &shape : shapes(static_cast<std::size_t>(rank), maxSize)) {
        layout.tiles = list;
        ++turn;
        layout.bits = widths[turn % widths.size()].bits;
        layout.wordBits = widths[turn % widths.size()].wordBits;
        layout.lanes = lanes[turn % 4];
        layout.fill = static_cast<int64_t>(random()) % (int64_t{1} << layout.bits);
        layout.code = static_cast<Code>(turn % (layout.bits == 1 ? 3 : 2));
        layout.offset = layout.code == Code::sign ? 0 : static_cast<int64_t>(turn % 7) - 3;
        check(layout, shape, random);
        if (testing::Test::HasFatalFailure())
          return;
      }
  } while (std::next_permutation(layout.order.begin(), layout.order.end()));
}

TEST(Layout, Rank0) { sweep(0, 0, 0, 0); }
TEST(Layout, Rank1) { sweep(1, 40, 3, 4); }
TEST(Layout, Rank2) { sweep(2, 5, 3, 3); }
TEST(Layout, Rank3) { sweep(3, 3, 2, 2); }

TEST(Layout, EveryWidthLaneAndCode) {
  std::minstd_rand random(11);
  for (Widths width : allWidths())
    for (int lanes : {1, 2, 5, 16, 32})
      for (Code code : {Code::twos_complement, Code::unsigned_, Code::sign})
        for (int64_t size : {1, 7, 64, 129}) {
          Layout layout = rowMajor(2, width.bits, width.wordBits);
          layout.lanes = lanes;
          layout.code = code;
          layout.fill = (int64_t{1} << width.bits) - 1;
          layout.tiles = {{1, 3}, {0, 2}, {1, 2}};
          if (code == Code::sign && width.bits != 1)
            continue;
          check(layout, {3, size}, random);
        }
}

TEST(Layout, EveryFieldValueRoundTrips) {
  for (int bits : {1, 2, 4, 8, 16})
    for (Code code : {Code::twos_complement, Code::unsigned_, Code::sign})
      for (int64_t offset : {int64_t{0}, int64_t{-128}, int64_t{1} << 32, -(int64_t{1} << 32)}) {
        Layout layout = rowMajor(1, bits, 64);
        layout.code = code;
        layout.offset = offset;
        if (validate(layout, 1))
          continue;
        for (uint64_t raw = 0; raw < uint64_t{1} << bits; ++raw) {
          int64_t q = decode(layout, raw);
          ASSERT_EQ(encode(layout, q), raw);
          ASSERT_GE(q, minValue(layout));
          ASSERT_LE(q, maxValue(layout));
        }
      }
}

TEST(Layout, EqualityAndHashSeeEveryField) {
  Layout base = weightTile(3, 4, 16, 2, 16);
  std::vector<Layout> others(8, base);
  others[0].bits = 2;
  others[1].wordBits = 16;
  others[2].order = {1, 0, 2};
  others[3].tiles[0].size = 8;
  others[4].lanes = 8;
  others[5].fill = 1;
  others[6].offset = 1;
  others[7].code = Code::unsigned_;
  std::set<std::size_t> hashes = {hash_value(base)};
  for (const Layout &other : others) {
    EXPECT_NE(other, base);
    EXPECT_NE(print(other), print(base));
    EXPECT_TRUE(hashes.insert(hash_value(other)).second);
  }
}

TEST(Layout, Invalid) {
  auto message = [](const std::function<void(Layout &)> &change, int rank = 2) {
    Layout layout = rowMajor(2, 4, 8);
    change(layout);
    return validate(layout, rank).value_or("valid");
  };
  EXPECT_EQ(message([](Layout &l) {}), "valid");
  EXPECT_THAT(message([](Layout &l) {}, 3), HasSubstr("rank 2 does not fit a tensor of rank 3"));
  EXPECT_THAT(message([](Layout &l) { l.bits = 3; }), HasSubstr("bits = 3 must be"));
  EXPECT_THAT(message([](Layout &l) { l.bits = 0; }), HasSubstr("bits = 0 must be"));
  EXPECT_THAT(message([](Layout &l) { l.wordBits = 24; }), HasSubstr("word = 24 must be"));
  EXPECT_THAT(message([](Layout &l) { l.bits = 16; }), HasSubstr("at least bits = 16"));
  EXPECT_THAT(message([](Layout &l) { l.order = {0, 0}; }), HasSubstr("0 comes twice"));
  EXPECT_THAT(message([](Layout &l) { l.order = {0, 2}; }), HasSubstr("2 does not exist"));
  EXPECT_THAT(message([](Layout &l) { l.order = {0, -1}; }), HasSubstr("-1 does not exist"));
  EXPECT_THAT(message([](Layout &l) { l.order.assign(17, 0); }, 17), HasSubstr("at most 16"));
  EXPECT_THAT(message([](Layout &l) { l.tiles = {{2, 4}}; }), HasSubstr("tile dim 2 does not exist"));
  EXPECT_THAT(message([](Layout &l) { l.tiles = {{0, 0}}; }), HasSubstr("must be at least 1"));
  EXPECT_THAT(message([](Layout &l) { l.tiles = {{0, INT64_MAX}, {1, INT64_MAX}}; }), HasSubstr("65536"));
  EXPECT_THAT(message([](Layout &l) { l.tiles = {{0, 256}, {1, 257}}; }), HasSubstr("65536"));
  EXPECT_THAT(message([](Layout &l) { l.tiles.assign(17, {0, 1}); }), HasSubstr("17 tiles"));
  EXPECT_THAT(message([](Layout &l) { l.lanes = 0; }), HasSubstr("lanes = 0"));
  EXPECT_THAT(message([](Layout &l) { l.lanes = 4097; }), HasSubstr("lanes = 4097"));
  EXPECT_THAT(message([](Layout &l) { l.fill = 16; }), HasSubstr("fill = 16 does not fit"));
  EXPECT_THAT(message([](Layout &l) { l.fill = -1; }), HasSubstr("fill = -1 does not fit"));
  EXPECT_THAT(message([](Layout &l) { l.offset = INT64_MIN; }), HasSubstr("offset"));
  EXPECT_THAT(message([](Layout &l) { l.code = Code::sign; }), HasSubstr("needs bits = 1"));
}

TEST(Layout, HostileSizes) {
  const int64_t huge = INT64_MAX;
  Layout layout = weightTile(3, 4, 16, 2, 16);
  for (const Ints &shape :
       {Ints{huge, 1, 1}, Ints{1, huge, 1}, Ints{1, 1, huge}, Ints{huge, huge, huge},
        Ints{int64_t{1} << 32, 1 << 16, 1}, Ints{int64_t{1} << 21, int64_t{1} << 21, int64_t{1} << 22}}) {
    Result<int64_t> bytes = storageBytes(layout, shape);
    ASSERT_FALSE(bytes);
    EXPECT_THAT(bytes.error(), HasSubstr("more than 2^40 bytes"));
    EXPECT_FALSE(pack(layout, Ints{1}, shape));
    EXPECT_FALSE(unpack(layout, std::vector<uint8_t>{1}, shape));
    EXPECT_FALSE(locate(layout, Ints{0, 0, 0}, shape));
  }
  EXPECT_EQ(*storageBytes(layout, Ints{huge, 0, huge}), 0);
  EXPECT_TRUE(pack(layout, Ints{}, Ints{huge, 0, huge}));
  EXPECT_EQ(*storageBytes(rowMajor(1, 1, 8), Ints{int64_t{1} << 43}), int64_t{1} << 40);
  EXPECT_FALSE(storageBytes(rowMajor(1, 1, 8), Ints{(int64_t{1} << 43) + 1}));
  EXPECT_THAT(storageBytes(layout, Ints{-1, 2, 2}).error(), HasSubstr("size -1 of dim 0"));
  EXPECT_THAT(storageBytes(layout, Ints{2, 2, INT64_MIN}).error(), HasSubstr("not a static size"));
  EXPECT_THAT(storageBytes(layout, Ints{2, 2}).error(), HasSubstr("rank 3 does not fit a tensor of rank 2"));
  EXPECT_THAT(storageBytes(layout, Ints(100, 1)).error(), HasSubstr("rank 100"));
  // A large storage is refused before anything is allocated for it.
  EXPECT_THAT(pack(rowMajor(1, 8, 8), Ints{1}, Ints{int64_t{1} << 40}).error(), HasSubstr("pack got 1 values"));
  EXPECT_THAT(unpack(rowMajor(1, 8, 8), std::vector<uint8_t>{1}, Ints{int64_t{1} << 40}).error(),
              HasSubstr("unpack got 1 bytes"));
}

TEST(Layout, ErrorsOfUse) {
  Layout layout = rowMajor(2, 4, 8);
  EXPECT_THAT(locate(layout, Ints{0, 3}, Ints{2, 3}).error(), HasSubstr("not inside the shape 2x3"));
  EXPECT_FALSE(locate(layout, Ints{-1, 0}, Ints{2, 3}));
  EXPECT_FALSE(locate(layout, Ints{0}, Ints{2, 3}));
  EXPECT_EQ(pack(layout, Ints{0, 0, 0, 0, 8, 0}, Ints{2, 3}).error(),
            "value 8 at [1, 1] does not fit the layout, which holds -8 to 7");
  EXPECT_FALSE(pack(layout, Ints{0, INT64_MIN}, Ints{1, 2}));
  EXPECT_FALSE(pack(layout, Ints{0, INT64_MAX}, Ints{1, 2}));
  layout.offset = -8;
  EXPECT_TRUE(pack(layout, Ints{-16, -1}, Ints{1, 2}));
  EXPECT_FALSE(pack(layout, Ints{-17, -1}, Ints{1, 2}));
  EXPECT_EQ(pack(bitsAlongLastDim(1, 8), Ints{1, 0}, Ints{2}).error(),
            "value 0 at [1] does not fit the layout, which holds -1 and 1");
  EXPECT_FALSE(unpack(layout, std::vector<uint8_t>(2), Ints{1, 2}));
}

TEST(LayoutText, Canonical) {
  Layout layout = rowMajor(2, 4, 8);
  EXPECT_EQ(print(layout), "order = [0, 1], word = 8, bits = 4");
  layout.tiles = {{0, 16}, {1, 2}};
  layout.lanes = 16;
  layout.fill = 1;
  layout.offset = -8;
  layout.code = Code::unsigned_;
  EXPECT_EQ(print(layout), "order = [0, 1], tile = [0:16, 1:2], word = 8, bits = 4, lanes = 16, fill = 1, offset = -8, "
                           "code = unsigned");
  EXPECT_EQ(print(rowMajor(0, 1, 64)), "order = [], word = 64, bits = 1");
  Result<Layout> other =
      parse("\n code=unsigned,offset=-8 ,fill =1,lanes= 16,bits=4,word=8,tile=[0 : 16,1:2],order=[ 0,1 ]\t");
  ASSERT_TRUE(other) << other.error();
  EXPECT_EQ(*other, layout);
  Result<Layout> defaults = parse("order = [0, 1], tile = [], word = 8, bits = 4, lanes = 1, fill = 0, offset = 0, "
                                  "code = twos_complement");
  ASSERT_TRUE(defaults) << defaults.error();
  EXPECT_EQ(print(*defaults), "order = [0, 1], word = 8, bits = 4");
}

TEST(LayoutText, Errors) {
  auto message = [](std::string_view text) {
    Result<Layout> layout = parse(text);
    return layout ? "parsed" : layout.error();
  };
  EXPECT_EQ(message(""), "layout, column 1: expected a name");
  EXPECT_EQ(message("order = [0], word = 8"), "layout: 'bits = ...' is missing");
  EXPECT_EQ(message("word = 8, bits = 8"), "layout: 'order = ...' is missing");
  EXPECT_EQ(message("order = [0], bits = 8"), "layout: 'word = ...' is missing");
  EXPECT_EQ(message("oder = [0]"),
            "layout, column 1: unknown key 'oder'; did you mean 'order'? known: order tile word bits "
            "fields lanes fill offset code");
  EXPECT_THAT(message("order = [0], word = 8, bits = 8, code = signed"),
              HasSubstr("column 41: unknown code 'signed'; did you mean 'unsigned'?"));
  EXPECT_THAT(message("bits = 8, bits = 8"), HasSubstr("column 11: 'bits' comes twice"));
  EXPECT_THAT(message("order = [0, word = 8"), HasSubstr("column 13: expected an integer"));
  EXPECT_THAT(message("order = [0 1]"), HasSubstr("expected ',' or ']'"));
  EXPECT_THAT(message("order = 0"), HasSubstr("expected '['"));
  EXPECT_THAT(message("order [0]"), HasSubstr("expected '='"));
  EXPECT_THAT(message("order = [0] word = 8"), HasSubstr("expected ','"));
  EXPECT_THAT(message("order = [0],"), HasSubstr("expected a name"));
  EXPECT_THAT(message("tile = [0 16]"), HasSubstr("expected ':'"));
  EXPECT_THAT(message("tile = [0:99999999999999999999]"), HasSubstr("too large"));
  EXPECT_THAT(message("bits = 99999999999"), HasSubstr("too large"));
  EXPECT_THAT(message("order = [0], word = 8, bits = 5"), HasSubstr("layout: bits = 5 must be"));
  EXPECT_THAT(message("order = [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"), HasSubstr("more than 16 items"));
}

TEST(LayoutText, EveryTruncationAndChangedCharacterIsHandled) {
  Layout layout = weightTile(3, 2, 16, 2, 16);
  layout.fill = 1;
  layout.offset = -1;
  layout.code = Code::unsigned_;
  std::string text = print(layout);
  for (std::size_t length = 0; length < text.size(); ++length)
    if (Result<Layout> cut = parse(std::string_view(text).substr(0, length))) {
      EXPECT_EQ(parse(print(*cut)) ? print(*parse(print(*cut))) : "", print(*cut));
    }
  for (std::size_t at = 0; at < text.size(); ++at)
    for (int c = 0; c < 256; ++c) {
      std::string changed = text;
      changed[at] = static_cast<char>(c);
      if (Result<Layout> read = parse(changed)) {
        EXPECT_FALSE(validate(*read, read->rank()));
        EXPECT_EQ(print(*parse(print(*read))), print(*read));
      }
    }
}

} // namespace
