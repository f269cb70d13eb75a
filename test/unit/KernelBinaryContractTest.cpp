// The contract of every look-up kernel beside its result: memory, registers, position independence, refusals.
#include "test/unit/KernelBinarySupport.h"

#include <cstring>
#include <set>
#include <sys/mman.h>
#include <thread>

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Against = GuardedMemory::Against;

namespace {

class LookupCode : public LookupTest {};
class LookupContract : public LookupRunTest {};

/// Shapes that reach every branch of the generator, with gaps between rows, steps and taps.
std::vector<LookupParams> shapes(const LookupKernelInfo &kernel) {
  std::vector<LookupParams> all;
  int columns = 0;
  for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 13})
    for (const int64_t taps : {1, 3})
      for (const int64_t channels : {1, 16, 57, 256, 515})
        for (const int64_t gap : {0, 5}) {
          columns = columns % lookupMaxColumns + lookupColumns;
          LookupParams params{.rows = rows, .columns = columns, .channels = channels, .taps = taps, .maxOuter = 3};
          params.aTapStride = tapBytes(kernel.elements, channels) + gap;
          params.aOuterStride = taps * params.aTapStride + gap;
          params.aRowStride = 3 * params.aOuterStride + gap;
          all.push_back(contiguousB(kernel, params, 3));
        }
  return all;
}

/// The function behind KernelTestSupport.h's type of a call: both take three pointers and a count.
DotFn asDot(LookupFn fn) { return reinterpret_cast<DotFn>(fn); }

TEST_P(LookupCode, BytesDoNotDependOnTheAddress) {
  constexpr size_t size = 1 << 16;
  alignas(64) static uint8_t first[size], second[size + 64];
  size_t shift = 1;
  for (const LookupParams &params : shapes(kernel())) {
    // Other content as well: a byte that is skipped instead of written would show.
    std::memset(first, 0xcc, size);
    std::memset(second, 0x11, sizeof second);
    shift = shift % 61 + 3;
    const Emitted one = kernel().emit(kernel(), params, {first, size});
    const Emitted two = kernel().emit(kernel(), params, {second + shift, size});
    ASSERT_EQ("", one.error);
    ASSERT_EQ(one.size, two.size);
    ASSERT_GT(one.size, 0u);
    ASSERT_EQ(0, std::memcmp(first, second + shift, one.size));
    ASSERT_EQ(0xcc, first[one.size]) << "wrote behind the reported size";
  }
}

TEST_P(LookupCode, GrowsItsBufferAndNeverTruncates) {
  const LookupParams params = shapes(kernel()).back();
  const MachineCode whole = generate(kernel(), params);
  ASSERT_TRUE(whole) << whole.error;
  for (const size_t initial : {size_t(0), size_t(1), size_t(1000), whole.bytes.size() - 1, whole.bytes.size()})
    EXPECT_EQ(whole.bytes, generate(kernel(), params, initial).bytes) << "from " << initial << " bytes";
  std::vector<uint8_t> buffer(whole.bytes.size());
  for (const size_t size : {size_t(0), size_t(1), size_t(500), buffer.size() / 2, buffer.size() - 1}) {
    const Emitted emitted = kernel().emit(kernel(), params, std::span(buffer).first(size));
    EXPECT_TRUE(emitted.tooSmall) << size;
    EXPECT_EQ(0u, emitted.size);
  }
  // A failure leaves nothing behind that would spoil the next one.
  EXPECT_EQ(buffer.size(), kernel().emit(kernel(), params, buffer).size);
}

TEST_P(LookupCode, RefusesImpossibleShapes) {
  const auto error = [&](const LookupParams &params) {
    std::vector<uint8_t> buffer(1);
    EXPECT_EQ(lookupRefusal(kernel(), params), kernel().emit(kernel(), params, buffer).error);
    const std::string text = generate(kernel(), params).error, prefix = "kernel " + std::string(kernel().name) + ": ";
    EXPECT_EQ(0u, text.find(prefix));
    return text.substr(std::min(text.size(), prefix.size()));
  };
  EXPECT_EQ("rows must be 1..4096, not 0", error({.rows = 0, .channels = 8}));
  EXPECT_EQ("rows must be 1..4096, not 4097", error({.rows = 4097, .channels = 8}));
  EXPECT_EQ("columns must be 32..128, not 16 in steps of 32", error({.columns = 16, .channels = 8}));
  EXPECT_EQ("columns must be 32..128, not 160 in steps of 32", error({.columns = 160, .channels = 8}));
  EXPECT_NE("", error({.channels = 0}));
  EXPECT_NE("", error({.channels = INT64_MAX}));
  EXPECT_EQ("taps must be 1..8191, not 0", error({.channels = 8, .taps = 0}));
  EXPECT_NE("", error({.channels = 8, .taps = INT64_MAX}));
  EXPECT_EQ("the outer steps must be 1..8191, not -1", error({.channels = 8, .maxOuter = -1}));
  EXPECT_EQ("a sum over 8192 bytes of activations may exceed 16 bits; the kernel takes 8191",
            error({.channels = 16 / lookupBits(kernel().elements), .maxOuter = 4096}));
  EXPECT_NE("", error({.channels = 8, .bColumnStride = (1 << 26) + 1}));
  EXPECT_NE("", error({.channels = 8, .bColumnStride = INT64_MIN}));
}

TEST_P(LookupCode, StridesBeyond32Bits) {
  for (const int64_t stride : {int64_t(1) << 31, -(int64_t(1) << 31) - 1, INT64_MAX, INT64_MIN})
    for (const int64_t channels : {8, 1000})
      EXPECT_TRUE(generate(kernel(), {.rows = 9,
                                      .channels = channels,
                                      .taps = 3,
                                      .maxOuter = 3,
                                      .aRowStride = stride,
                                      .aTapStride = stride,
                                      .aOuterStride = stride,
                                      .bColumnStride = 1 << 26,
                                      .bOuterStride = stride}));
}

TEST_P(LookupCode, TwoThreadsAtOnce) {
  const std::vector<LookupParams> all = shapes(kernel());
  std::vector<std::vector<uint8_t>> made[2];
  const auto work = [&](int who) {
    for (const LookupParams &params : all) // one of them also runs into the error state every time
      made[who].push_back(generate(kernel(), params, who ? 500 : 16384).bytes);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  EXPECT_EQ(made[0], made[1]);
}

TEST_P(LookupContract, KeepsTheCallersState) {
  for (const LookupParams &params : shapes(kernel()))
    for (const int64_t outer : {0, 3}) {
      const LookupOperands operands(kernel(), params, outer);
      std::vector<uint8_t> a(operands.aExtent());
      operands.placeA(a.data());
      const std::vector<uint8_t> b = operands.packB();
      std::vector<int32_t> got(operands.accWords());
      const LoadedLookup code(kernel(), params);
      ASSERT_TRUE(code.fn);
      MachineState state = {};
      callWithState(asDot(code.fn), a.data(), reinterpret_cast<const int8_t *>(b.data()), got.data(), outer, state);
      ASSERT_EQ(operands.oracle(), got) << "with garbage in all registers; " << operands.text();
      for (uint64_t i = 0; i < 6; ++i)
        ASSERT_EQ(calleeSavedMark + i, state.calleeSaved[i]) << "register " << i << " of rbx rbp r12 r13 r14 r15";
      ASSERT_EQ(mxcsrMark, state.mxcsr);
      ASSERT_EQ(0u, state.flags & 0x400) << "direction flag";
      for (const auto &vector : state.vectors)
        for (int byte = 16; byte < 32; ++byte)
          ASSERT_EQ(0, vector[byte]) << "vzeroupper is missing";
    }
}

TEST_P(LookupContract, StaysInsideItsOperands) {
  for (LookupParams params : shapes(kernel()))
    for (const int64_t outer : {0, 1, 3})
      for (const Against side : {Against::LowerGuard, Against::UpperGuard}) {
        params = contiguousB(kernel(), params, outer);
        const LookupOperands operands(kernel(), params, outer);
        const std::vector<uint8_t> packed = operands.packB();
        const GuardedMemory a(operands.aExtent(), side), b(packed.size(), side);
        const GuardedMemory acc(operands.accWords() * sizeof(int32_t), side);
        operands.placeA(a.data());
        std::copy(packed.begin(), packed.end(), b.data());
        const LoadedLookup code(kernel(), params);
        ASSERT_TRUE(code.fn);
        auto *words = reinterpret_cast<int32_t *>(acc.data());
        ASSERT_EQ("", callGuarded(asDot(code.fn), a.data(), reinterpret_cast<int8_t *>(b.data()), words, outer))
            << operands.text();
        ASSERT_EQ(operands.oracle(), std::vector<int32_t>(words, words + operands.accWords()));
      }
}

// Strides of pages, every other page forbidden: no tap may be read before its first or behind its last byte.
TEST_P(LookupContract, ReadsNothingBetweenTheTaps) {
  const auto page = static_cast<int64_t>(GuardedMemory::pageBytes());
  constexpr int64_t rows = 7, taps = 2, outer = 2;
  const GuardedMemory memory(static_cast<size_t>(2 * page * rows * taps * outer), Against::LowerGuard);
  for (size_t at = page; at < memory.size(); at += 2 * page)
    mprotect(memory.data() + at, page, PROT_NONE);
  for (const int64_t channels : {1, 8, 63, 200, 777})
    for (const bool atEnd : {false, true}) {
      LookupParams params{.rows = rows, .columns = 64, .channels = channels, .taps = taps, .maxOuter = outer};
      params.aTapStride = 2 * page;
      params.aOuterStride = 2 * page * taps;
      params.aRowStride = 2 * page * taps * outer;
      params = contiguousB(kernel(), params, outer);
      const LookupOperands operands(kernel(), params, outer);
      uint8_t *a = memory.data() + (atEnd ? page - tapBytes(kernel().elements, channels) : 0);
      operands.placeA(a);
      const std::vector<uint8_t> b = operands.packB();
      const LoadedLookup code(kernel(), params);
      ASSERT_TRUE(code.fn);
      std::vector<int32_t> got(operands.accWords());
      ASSERT_EQ("", callGuarded(asDot(code.fn), a, reinterpret_cast<const int8_t *>(b.data()), got.data(), outer))
          << operands.text();
      ASSERT_EQ(operands.oracle(), got);
    }
}

INSTANTIATE_TEST_SUITE_P(Manifest, LookupCode, ::testing::ValuesIn(lookupKernels().begin(), lookupKernels().end()),
                         lookupName);
INSTANTIATE_TEST_SUITE_P(Manifest, LookupContract, ::testing::ValuesIn(lookupKernels().begin(), lookupKernels().end()),
                         lookupName);

TEST(LookupRegistry, UniqueNamesAndFeatures) {
  std::set<std::string_view> names;
  for (const LookupKernelInfo &kernel : lookupKernels()) {
    EXPECT_TRUE(names.insert(kernel.name).second) << kernel.name;
    EXPECT_FALSE(kernel.features.empty()) << kernel.name;
    EXPECT_EQ(nullptr, findKernel(kernel.name)) << "two registries must not share a name";
    ASSERT_NE(nullptr, findLookupKernel(kernel.name));
    EXPECT_EQ(kernel.name, findLookupKernel(kernel.name)->name);
  }
  EXPECT_EQ(nullptr, findLookupKernel("lookup_b1b1"));
}

} // namespace
