// u8 x s8 dot kernels for AVX2 with 32-bit sums in registers: up to 6 rows of a against 16 columns of b.
#include "compiler/Kernels/x64/DotEmitter.h"
#include "compiler/Kernels/x64/Generators.h"

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Ymm;

/// The sums live in registers from the first step to the last; a unit is one group.
class SumsInRegisters : public DotEmitter {
public:
  static constexpr DotShape kernelShape{8, dotMaxRows, dotColumns / dotVectorColumns};
  static std::string checkMore(const DotParams &params) {
    return params.scaled       ? "the kernel has no group scales"
           : params.widenEvery ? "the kernel has no 16-bit sums to widen"
                               : "";
  }
  SumsInRegisters(const DotParams &params, std::span<uint8_t> buffer) : DotEmitter(params, kernelShape, buffer) {}

protected:
  void begin() override {
    if (params.addsToAcc)
      loadSums();
    else
      zeroSums();
    prepare();
  }
  void unit(int index, const Unit &unit) override {
    for (int tile = 0; tile < params.tiles; ++tile)
      group(tile, index, unit.lastBytes);
  }
  void end() override { params.bytes ? storeBytes() : storeSums(); }

  /// Sets the registers and labels that group() uses.
  virtual void prepare() = 0;
  /// Adds group `index`, counted from the pointers, of which the first `bytes` values exist.
  virtual void group(int tile, int index, int bytes) = 0;
};

/// Products of unsigned and signed bytes, added in pairs to 16 bits, in pairs to 32 bits, to the sum.
class PairsEmitter final : public SumsInRegisters {
public:
  using SumsInRegisters::SumsInRegisters;

private:
  void prepare() override {
    vpcmpeqw(ones, ones, ones);
    vpsrlw(ones, ones, 15);
  }

  void group(int tile, int index, int bytes) override {
    vmovdqu(b0, bAt(tile, index, 0));
    if (b1)
      vmovdqu(*b1, bAt(tile, index, 1));
    for (int row = 0; row < params.rows; ++row) {
      broadcast(x, y, row, index, bytes);
      vpmaddubsw(y, x, b0);
      if (b1)
        vpmaddubsw(x, x, *b1);
      else
        vpmaddubsw(x, x, bAt(tile, index, 1));
      vpmaddwd(y, y, ones);
      vpmaddwd(x, x, ones);
      vpaddd(sum(tile, row, 0), sum(tile, row, 0), y);
      vpaddd(sum(tile, row, 1), sum(tile, row, 1), x);
    }
  }

  const Ymm ones = vectors.take(), b0 = vectors.take(), x = vectors.take(), y = vectors.take();
  // With six rows nothing is left: the second half of b is then an operand in memory.
  const std::optional<Ymm> b1 = vectors.takeIfSpare(0);
};

/// Even and odd bytes become the 16-bit lanes of two passes, so that a column's products meet in its own 32-bit lane.
/// As many multiplications as the fast route, but twice its additions.
class ExactEmitter final : public SumsInRegisters {
public:
  using SumsInRegisters::SumsInRegisters;

private:
  void prepare() override {
    if (mask) {
      vpcmpeqw(*mask, *mask, *mask);
      vpsrlw(*mask, *mask, 8);
    }
  }

  void group(int tile, int index, int bytes) override {
    for (const bool odd : {false, true}) {
      vmovdqu(b0, bAt(tile, index, 0));
      vmovdqu(b1, bAt(tile, index, 1));
      if (!odd) {
        vpsllw(b0, b0, 8);
        vpsllw(b1, b1, 8);
      }
      vpsraw(b0, b0, 8);
      vpsraw(b1, b1, 8);
      for (int row = 0; row < params.rows; ++row) {
        broadcast(x, y, row, index, bytes);
        if (odd)
          vpsrlw(x, x, 8);
        else if (mask)
          vpand(x, x, *mask);
        else
          vpand(x, x, ptr[rip + maskTable]);
        vpmaddwd(y, x, b0);
        vpmaddwd(x, x, b1);
        vpaddd(sum(tile, row, 0), sum(tile, row, 0), y);
        vpaddd(sum(tile, row, 1), sum(tile, row, 1), x);
      }
    }
  }

  void tables() override {
    if (mask)
      return;
    padTo(vectorBytes);
    place(maskTable);
    for (int i = 0; i < vectorBytes / 2; ++i)
      dw(0x00ff);
  }

  const Ymm b0 = vectors.take(), b1 = vectors.take(), x = vectors.take(), y = vectors.take();
  const std::optional<Ymm> mask = vectors.takeIfSpare(0);
  Xbyak::Label maskTable;
};

} // namespace

Emitted emitDotU8S8Pairs(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<PairsEmitter>(params, buffer);
}

Emitted emitDotU8S8Exact(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<ExactEmitter>(params, buffer);
}

} // namespace nibble::kernels::x64
