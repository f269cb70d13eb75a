// The contract of every kernel beside its result: memory, registers, position independence, and errors of the
// generator.
#include "test/unit/KernelTestSupport.h"

#include <cstring>
#include <sys/mman.h>
#include <thread>

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Against = GuardedMemory::Against;
using Values = Operands::Values;

namespace {

class KernelCode : public KernelTest {};
class KernelContract : public KernelRunTest {};

TEST_P(KernelCode, BytesDoNotDependOnTheAddress) {
  constexpr size_t size = 1 << 16;
  alignas(64) static uint8_t first[size], second[size + 64];
  for (const DotParams &params : shapes(kernel()))
    for (const size_t shift : {1, 4, 23, 48}) {
      // Other content as well: a byte that is skipped instead of written would show.
      std::memset(first, 0xcc, size);
      std::memset(second, 0x11, sizeof second);
      const Emitted one = kernel().emit(params, {first, size});
      const Emitted two = kernel().emit(params, {second + shift, size});
      ASSERT_EQ("", one.error);
      ASSERT_EQ(one.size, two.size);
      ASSERT_GT(one.size, 0u);
      ASSERT_EQ(0, std::memcmp(first, second + shift, one.size)) << describe(params, 0);
      ASSERT_EQ(0xcc, first[one.size]) << "wrote behind the reported size";
    }
}

TEST_P(KernelCode, GrowsItsBufferAndNeverTruncates) {
  const DotParams params{6, 64, 400, 63};
  const MachineCode whole = generate(kernel(), params);
  ASSERT_TRUE(whole) << whole.error;
  for (const size_t initial : {size_t(0), size_t(1), size_t(100), whole.bytes.size() - 1, whole.bytes.size()})
    EXPECT_EQ(whole.bytes, generate(kernel(), params, initial).bytes) << "from " << initial << " bytes";

  std::vector<uint8_t> buffer(whole.bytes.size());
  for (const size_t size : {size_t(0), size_t(1), buffer.size() / 2, buffer.size() - 1}) {
    const Emitted emitted = kernel().emit(params, std::span(buffer).first(size));
    EXPECT_TRUE(emitted.tooSmall) << size;
    EXPECT_EQ(0u, emitted.size);
  }
  // A failure leaves nothing behind that would spoil the next one.
  EXPECT_EQ(buffer.size(), kernel().emit(params, buffer).size);
}

TEST_P(KernelCode, RefusesImpossibleShapes) {
  const std::string name = "kernel " + std::string(kernel().name) + ": ", most = std::to_string(kernel().maxRows);
  const auto errorOf = [&](DotParams params) { return generate(kernel(), params).error; };
  EXPECT_EQ(name + "rows must be 1.." + most + ", not 0", errorOf({0, 4, 4, 4}));
  EXPECT_EQ(name + "rows must be 1.." + most + ", not 25", errorOf({25, 4, 4, 4}));
  EXPECT_EQ(name + "the run must have at least one value, not 0", errorOf({6, 4, 4, 0}));
  DotParams params{2, 4, 4, 4};
  params.tiles = kernel().maxRows / 2 + 1;
  EXPECT_EQ(name + "tiles must be 1.." + std::to_string(kernel().maxRows / 2) + " for 2 rows, not " +
                std::to_string(params.tiles),
            errorOf(params));
  params.tiles = 2;
  params.bTileStride = int64_t(1) << 31;
  EXPECT_EQ(name + "tiles of b lie 2147483648 bytes apart; the kernel reaches 89478485", errorOf(params));
  params.tiles = 1; // the stride is then unused
  EXPECT_EQ("", errorOf(params));
  params.widenEvery = -1;
  EXPECT_EQ(name + (kernel().accumulation == Accumulation::Windows16
                        ? "sums are widened after " + std::to_string(kernel().unitGroups()) +
                              " groups or more, or at the end (0), not after -1"
                        : "the kernel has no 16-bit sums to widen"),
            errorOf(params));
}

TEST_P(KernelCode, StridesBeyond32Bits) {
  for (const int64_t stride : {int64_t(1) << 31, -(int64_t(1) << 31) - 1, INT64_MAX, INT64_MIN})
    for (const int64_t widenEvery : windowsOf(kernel())) {
      DotParams params{kernel().maxRows, stride, stride, 100, stride};
      params.widenEvery = widenEvery;
      EXPECT_TRUE(generate(kernel(), params)) << stride;
    }
}

TEST_P(KernelCode, TwoThreadsAtOnce) {
  const std::vector<DotParams> all = shapes(kernel());
  std::vector<std::vector<uint8_t>> made[2];
  const auto work = [&](int who) {
    for (const DotParams &params : all) // one of them also runs into the error state every time
      made[who].push_back(generate(kernel(), params, who ? 1 : 8192).bytes);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  EXPECT_EQ(made[0], made[1]);
}

// First of those that run: a spoilt register makes the caller, not the kernel, fail.
TEST_P(KernelContract, KeepsTheCallersState) {
  for (const DotParams &params : shapes(kernel()))
    for (const int64_t outer : {0, 2}) {
      Operands operands(kernel(), params, outer);
      operands.fill(Values::Random, 11);
      std::vector<uint8_t> a(operands.aExtent());
      operands.placeA(a.data());
      std::vector<int32_t> got(operands.accWords());
      const auto code = load(kernel(), params);
      ASSERT_TRUE(code);
      MachineState state = {};
      callWithState(code->fn(), a.data(), operands.packB().data(), got.data(), outer, state);
      ASSERT_EQ(operands.oracle(), got) << "with garbage in all registers: " << describe(params, outer);
      for (uint64_t i = 0; i < 6; ++i)
        ASSERT_EQ(calleeSavedMark + i, state.calleeSaved[i]) << "register " << i << " of rbx rbp r12 r13 r14 r15";
      ASSERT_EQ(mxcsrMark, state.mxcsr);
      ASSERT_EQ(0u, state.flags & 0x400) << "direction flag";
      for (const auto &vector : state.vectors)
        for (int byte = 16; byte < 32; ++byte)
          ASSERT_EQ(0, vector[byte]) << "vzeroupper is missing";
    }
}

TEST_P(KernelContract, StaysInsideItsOperands) {
  for (const DotParams &params : shapes(kernel()))
    for (const int64_t outer : {0, 1, 3})
      for (const Against side : {Against::LowerGuard, Against::UpperGuard}) {
        Operands operands(kernel(), params, outer);
        operands.fill(Values::Random, 5);
        const std::vector<int8_t> packed = operands.packB();
        const GuardedMemory a(operands.aExtent(), side), b(packed.size(), side);
        const GuardedMemory acc(operands.accWords() * sizeof(int32_t), side);
        operands.placeA(a.data());
        std::copy(packed.begin(), packed.end(), b.data());
        const auto code = load(kernel(), params);
        ASSERT_TRUE(code);
        auto *words = reinterpret_cast<int32_t *>(acc.data());
        ASSERT_EQ("", callGuarded(code->fn(), a.data(), reinterpret_cast<int8_t *>(b.data()), words, outer))
            << describe(params, outer);
        ASSERT_EQ(operands.oracle(), std::vector<int32_t>(words, words + operands.accWords()))
            << describe(params, outer);
      }
}

// Strides of pages, every other page forbidden: no run may be read before its first or behind its last byte.
TEST_P(KernelContract, ReadsNothingBetweenTheRuns) {
  const size_t page = GuardedMemory::pageBytes();
  constexpr int64_t outer = 2;
  const GuardedMemory memory(2 * page * kernel().maxRows * outer, Against::LowerGuard);
  for (size_t at = page; at < memory.size(); at += 2 * page)
    mprotect(memory.data() + at, page, PROT_NONE);
  for (DotParams params : shapes(kernel()))
    for (const bool atEnd : {false, true}) {
      params.aOuterStride = static_cast<int64_t>(2 * page);
      params.aRowStride = static_cast<int64_t>(2 * page * outer);
      Operands operands(kernel(), params, outer);
      operands.fill(Values::Random, 9);
      uint8_t *a = memory.data() + (atEnd ? page - params.run : 0);
      operands.placeA(a);
      const auto code = load(kernel(), params);
      ASSERT_TRUE(code);
      std::vector<int32_t> got(operands.accWords());
      ASSERT_EQ("", callGuarded(code->fn(), a, operands.packB().data(), got.data(), outer)) << describe(params, 0);
      ASSERT_EQ(operands.oracle(), got);
    }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelCode, ::testing::ValuesIn(testedKernels()), kernelName);
INSTANTIATE_TEST_SUITE_P(Manifest, KernelContract, ::testing::ValuesIn(testedKernels()), kernelName);

} // namespace
