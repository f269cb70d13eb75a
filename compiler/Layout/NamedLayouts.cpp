// The layouts that the compiler uses by name; formulas are in Layout.h.
#include "compiler/Layout/Layout.h"
#include <algorithm>
#include <numeric>

namespace nibble::layout {

Layout rowMajor(int rank, int bits, int wordBits) {
  Layout layout;
  layout.bits = bits;
  layout.wordBits = wordBits;
  layout.order.resize(static_cast<std::size_t>(std::max(rank, 0)));
  std::iota(layout.order.begin(), layout.order.end(), 0);
  return layout;
}

Layout bitsAlongLastDim(int rank, int wordBits) {
  Layout layout = rowMajor(rank, 1, wordBits);
  layout.tiles = {{rank - 1, wordBits}};
  layout.code = Code::sign;
  return layout;
}

Layout ternaryAlongLastDim(int rank, int wordBits) {
  Layout layout = rowMajor(rank, 2, wordBits);
  layout.tiles = {{rank - 1, wordBits / 2}};
  return layout;
}

Layout fieldsAlongLastDim(int rank, int wordBits) {
  Layout layout = ternaryAlongLastDim(rank, wordBits);
  layout.code = Code::unsigned_;
  return layout;
}

Layout weightTile(int rank, int bits, int nr, int ku, int lanes) {
  Layout layout = rowMajor(rank, bits, 8);
  layout.lanes = lanes;
  layout.code = bits == 1 ? Code::sign : Code::twos_complement;
  int groups = std::max(1, lanes * layout.fieldsPerWord() / (nr * ku));
  for (Tile tile : {Tile{rank - 1, groups}, Tile{0, nr}, Tile{rank - 1, ku}})
    if (tile.size != 1)
      layout.tiles.push_back(tile);
  return layout;
}

Layout dot4Tile(int rank) {
  Layout layout = rowMajor(rank, 8, 8);
  layout.tiles = {{0, 16}, {rank - 1, 4}};
  return layout;
}

Layout dotTile(int rank, int bits, int columns) {
  Layout layout = weightTile(rank, bits, columns, 4, bits == 8 ? 1 : columns * 4);
  if (bits == 4 || bits == 2) { // mask and subtraction give q
    layout.code = Code::unsigned_;
    layout.fill = 1 << (bits - 1);
    layout.offset = -layout.fill;
  }
  return layout;
}

Layout lookupTile(int rank, int bits, bool packed) {
  Layout layout = rowMajor(rank, bits, 8);
  layout.code = bits == 1 ? Code::sign : Code::twos_complement;
  if (packed) {
    layout.tiles = {{0, 32}, {rank - 1, 8 / bits}};
  } else {
    layout.fields = 4 / bits;
    layout.tiles = {{rank - 1, 2}, {0, 32}, {rank - 1, 4 / bits}};
  }
  return layout;
}

Layout countTile(int rank, int bits) {
  Layout layout = bits == 1 ? bitsAlongLastDim(rank, 32) : ternaryAlongLastDim(rank, 32);
  layout.tiles.insert(layout.tiles.begin(), {0, 32});
  return layout;
}

Layout depthwiseTile(int rank) {
  Layout layout = rowMajor(rank, 8, 8);
  layout.tiles = {{0, 32}};
  return layout;
}

} // namespace nibble::layout
