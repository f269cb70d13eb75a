// The machine code of all kernels, also of those that this machine cannot run, as LLVM's disassembler
// reads it: instructions that exist, no others than the features allow, and for each kernel of AVX-VNNI the same ones
// as in its twin with the other encoding, which the sweep executes.
#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Kernels/Listed.h"
#include "compiler/Kernels/Requantize.h"
#include "test/unit/KernelDotSupport.h"

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <algorithm>
#include <map>

using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

struct Instruction {
  std::string text;
  uint8_t firstByte;
};

/// All instructions up to the return; what is behind it is data. Empty with a failure where one cannot be decoded.
std::vector<Instruction> disassemble(std::vector<uint8_t> code) {
  static const bool isInitialized = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86Disassembler();
    return true;
  }();
  (void)isInitialized;
  LLVMDisasmContextRef context = LLVMCreateDisasm("x86_64-unknown-linux-gnu", nullptr, 0, nullptr, nullptr);
  std::vector<Instruction> all;
  for (size_t at = 0; at < code.size();) {
    char text[256];
    const size_t length = LLVMDisasmInstruction(context, &code[at], code.size() - at, at, text, sizeof text);
    if (!length) {
      ADD_FAILURE() << "no instruction at byte " << at;
      all.clear();
      break;
    }
    all.push_back({text, code[at]});
    at += length;
    if (all.back().text.find("ret") != std::string::npos)
      break;
  }
  LLVMDisasmDispose(context);
  return all;
}

std::string_view mnemonicOf(std::string_view text) {
  if (const size_t prefix = text.find('}'); text.find("vex}") != text.npos)
    text.remove_prefix(prefix + 1);
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
  return text.substr(0, text.find_first_of(" \t"));
}

/// What instructions with the EVEX prefix, or on mask registers, need beside AVX-512 F: from the instruction reference.
const std::map<std::string_view, std::string_view> avx512 = {
    {"kmovq", "avx512bw"},
    {"kmovw", ""},
    {"vbroadcasti32x4", ""},
    {"vbroadcasti64x4", ""},
    {"vcvtdq2ps", ""},
    {"vcvtps2dq", ""},
    {"vextracti32x4", ""},
    {"vfmadd213ps", ""},
    {"vmovdqu32", ""},
    {"vmovups", ""},
    {"vpackssdw", "avx512bw"},
    {"vpackuswb", "avx512bw"},
    {"vpaddb", "avx512bw"},
    {"vpaddd", ""},
    {"vpaddsw", "avx512bw"},
    {"vpaddw", "avx512bw"},
    {"vpandd", ""},
    {"vpbroadcastb", "avx512bw"},
    {"vpbroadcastd", ""},
    {"vpbroadcastw", "avx512bw"},
    {"vpdpbusd", "avx512vnni"},
    {"vpermd", ""},
    {"vpmaddubsw", "avx512bw"},
    {"vpmaddwd", "avx512bw"},
    {"vpmaxub", "avx512bw"},
    {"vpminub", "avx512bw"},
    {"vpopcntd", "avx512vpopcntdq"},
    {"vpshufb", "avx512bw"},
    {"vpsrad", ""},
    {"vpsrld", ""},
    {"vpsrlvw", "avx512bw"},
    {"vpsrlw", "avx512bw"},
    {"vpsubb", "avx512bw"},
    {"vpsubd", ""},
    {"vpsubw", "avx512bw"},
    {"vpternlogd", ""},
    {"vpxord", ""},
    {"vshufi32x4", ""},
};

class KernelDisassembly : public KernelTest {};

/// A result in bytes that takes every instruction there is for it.
constexpr ByteResult allOfBytes{.rowStride = 100, .offset = 1, .low = 2, .high = 200};

/// Instructions by their text.
using Instructions = std::map<std::string, uint8_t>;

void expectNoMoreThan(std::string_view features, const Instructions &instructions) {
  const auto has = [&](std::string_view feature) { return features.find(feature) != std::string_view::npos; };
  ASSERT_FALSE(instructions.empty());
  for (const auto &[text, firstByte] : instructions) {
    const std::string_view mnemonic = mnemonicOf(text);
    if (firstByte != 0x62 && !mnemonic.starts_with("k")) {
      EXPECT_TRUE(mnemonic != "vpdpbusd" || has("avxvnni")) << text;
      EXPECT_TRUE(!mnemonic.starts_with("vfmadd") || has("fma") || has("avx512")) << text;
      continue;
    }
    const auto known = avx512.find(mnemonic);
    ASSERT_NE(known, avx512.end()) << text << " is not in the list of this test";
    EXPECT_TRUE(has("avx512") && has(known->second)) << text << " needs " << known->second;
    EXPECT_TRUE(has("avx512vl") || text.find("%zmm") != text.npos || mnemonic.starts_with("k")) << text;
  }
}

TEST_P(KernelDisassembly, NeedsNoMoreThanItsFeatures) {
  Instructions instructions, ofFloats;
  const auto add = [&](const DotParams &params, Instructions &to) {
    for (const Instruction &instruction : disassemble(generate(kernel(), params).bytes))
      to.emplace(instruction.text, instruction.firstByte);
  };
  for (const DotParams &params : shapes(kernel()))
    add(params, instructions);
  expectNoMoreThan(kernel().features, instructions);
  for (const int rows : {1, kernel().maxRows}) {
    const DotParams params{.rows = rows, .aRowStride = 96, .aOuterStride = 48, .run = 48};
    DotParams scaled = params, bytes = params;
    scaled.scaled = true;
    bytes.bytes = allOfBytes;
    if (kernel().scalesGroups())
      add(scaled, ofFloats);
    if (kernel().storesBytes())
      add(bytes, ofFloats);
  }
  expectNoMoreThan(std::string(kernel().features) + "," + std::string(kernel().featureOfScales()), ofFloats);
}

/// Depthwise calls that reach all instructions.
std::vector<DepthwiseParams> depthwiseShapes() {
  std::vector<DepthwiseParams> all;
  for (const int window : {3, 5})
    for (const int64_t channels : {1, 23, 31, 64})
      for (const DepthwiseResult result : {DepthwiseResult::Sums, DepthwiseResult::Bytes})
        all.push_back({.channels = channels,
                       .outputs = 7,
                       .windowRows = window,
                       .windowColumns = window,
                       .lastRow = window,
                       .before = 1,
                       .inputs = 9,
                       .aRowStride = 9 * channels,
                       .pixelStride = channels,
                       .result = result,
                       .offset = 1,
                       .low = 1,
                       .high = 200});
  return all;
}

TEST(DepthwiseDisassembly, NeedsNoMoreThanItsFeatures) {
  for (const DepthwiseKernelInfo &kernel : testedDepthwiseKernels()) {
    Instructions instructions;
    for (const DepthwiseParams &params : depthwiseShapes())
      for (const Instruction &instruction : disassemble(generate(kernel, params).bytes))
        instructions.emplace(instruction.text, instruction.firstByte);
    SCOPED_TRACE(kernel.name);
    expectNoMoreThan(kernel.features, instructions);
  }
}

TEST(LookupDisassembly, NeedsNoMoreThanItsFeatures) {
  for (const LookupKernelInfo &kernel : lookupKernels()) {
    Instructions instructions;
    for (const int columns : {32, 128})
      for (const int64_t rows : {int64_t(1), int64_t(2), std::min<int64_t>(13, kernel.maxRows(columns))})
        for (const int64_t channels : {8, 16, 24, 32, 300, 5000}) { // tails of one to four bytes
          const LookupParams params{.rows = rows,
                                    .columns = columns,
                                    .channels = channels,
                                    .taps = 3,
                                    .maxOuter = 2,
                                    .aRowStride = 5000,
                                    .aTapStride = 1000,
                                    .aOuterStride = int64_t(1) << 33,
                                    .bColumnStride = 1 << 20,
                                    .bOuterStride = 1 << 16};
          for (const Instruction &instruction : disassemble(generate(kernel, params).bytes))
            instructions.emplace(instruction.text, instruction.firstByte);
        }
    SCOPED_TRACE(kernel.name);
    expectNoMoreThan(kernel.features, instructions);
  }
}

TEST(ListedDisassembly, NeedsNoMoreThanItsFeatures) {
  for (const ListedKernelInfo &kernel : listedKernels()) {
    Instructions instructions;
    for (int rows = 1; rows <= kernel.maxRows; ++rows)
      for (int window = 1; window <= listedMaxWindow; ++window)
        for (const int64_t segments : {1, 3}) {
          const ListedParams params{.rows = rows,
                                    .aRowStride = 1000,
                                    .aOuterStride = int64_t(1) << 33,
                                    .window = window,
                                    .segments = segments,
                                    .stepSegments = 4};
          ListedParams bytes = params;
          bytes.bytes = allOfBytes;
          for (const ListedParams &one : {params, bytes})
            for (const Instruction &instruction : disassemble(generate(kernel, one).bytes))
              instructions.emplace(instruction.text, instruction.firstByte);
        }
    SCOPED_TRACE(kernel.name);
    expectNoMoreThan(std::string(kernel.features) + ",fma", instructions); // avx2 of a target means fma, too (rule R9)
  }
}

TEST(RequantizeDisassembly, NeedsNoMoreThanItsFeatures) {
  for (const RequantizeKernelInfo &kernel : requantizeKernels()) {
    Instructions instructions;
    for (int rows = 1; rows <= 8; ++rows)
      for (const auto &[columns, stored] : {std::pair(8, 8), std::pair(16, 8), std::pair(16, 16)})
        for (const int64_t rowStride : {stored, 100}) {
          const RequantizeParams params{.rows = rows,
                                        .columns = columns,
                                        .stored = stored,
                                        .rowStride = rowStride,
                                        .offset = 1,
                                        .low = 2,
                                        .high = 200};
          for (const Instruction &instruction : disassemble(generate(kernel, params).bytes))
            instructions.emplace(instruction.text, instruction.firstByte);
        }
    SCOPED_TRACE(kernel.name);
    expectNoMoreThan(kernel.features, instructions);
  }
}

/// Instructions without what depends on their length: distances and padding.
std::vector<std::string> normalized(const std::vector<Instruction> &code) {
  std::vector<std::string> all;
  for (const Instruction &instruction : code) {
    std::string text = instruction.text;
    if (const size_t encoding = text.find("{vex}"); encoding != std::string::npos)
      text.erase(0, text.find_first_not_of(" \t", encoding + 5));
    text.erase(0, text.find_first_not_of(" \t"));
    if (const size_t rip = text.find("(%rip)"); rip != std::string::npos) {
      const size_t before = text.find_last_of(" \t", rip);
      text.erase(before, rip - before);
    }
    if (text.front() == 'j')
      text.erase(text.find_first_of(" \t"));
    if (text.find("nop") == std::string::npos)
      all.push_back(text);
  }
  return all;
}

const KernelInfo *twinOf(const KernelInfo &kernel) {
  for (const KernelInfo &other : testedKernels())
    if (other.name == std::string(kernel.name) + "_evex")
      return &other;
  return nullptr;
}

std::vector<KernelInfo> kernelsWithTwins() {
  std::vector<KernelInfo> all = testedKernels();
  std::erase_if(all, [](const KernelInfo &kernel) { return !twinOf(kernel); });
  return all;
}

class KernelTwins : public KernelTest {};

/// `mine`, which needs no AVX-512, does what its twin does.
void expectTwins(const MachineCode &mine, const MachineCode &twin) {
  const std::vector<Instruction> instructions = disassemble(mine.bytes);
  ASSERT_EQ(normalized(instructions), normalized(disassemble(twin.bytes)));
  size_t products = 0;
  for (const Instruction &instruction : instructions) {
    ASSERT_NE(0x62, instruction.firstByte) << instruction.text << " needs AVX-512";
    products += instruction.text.find("vpdpbusd") != std::string::npos;
  }
  ASSERT_GT(products, 0u);
}

TEST_P(KernelTwins, HaveTheSameInstructions) {
  for (const DotParams &params : shapes(kernel())) {
    expectTwins(generate(kernel(), params), generate(*twinOf(kernel()), params));
    DotParams bytes = params;
    bytes.bytes = allOfBytes;
    expectTwins(generate(kernel(), bytes), generate(*twinOf(kernel()), bytes));
    ASSERT_FALSE(HasFatalFailure()) << describe(params, 0);
  }
}

TEST(DepthwiseTwins, HaveTheSameInstructions) {
  const std::string name = "depthwise_u8s8_avxvnni";
  const auto twin = std::ranges::find(testedDepthwiseKernels(), name + "_evex", &DepthwiseKernelInfo::name);
  for (const DepthwiseParams &params : depthwiseShapes()) {
    expectTwins(generate(*findDepthwiseKernel(name), params), generate(*twin, params));
    ASSERT_FALSE(HasFatalFailure()) << params.windowRows << " rows, " << params.channels << " channels";
  }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelDisassembly, ::testing::ValuesIn(testedKernels()), kernelName);
INSTANTIATE_TEST_SUITE_P(AvxVnni, KernelTwins, ::testing::ValuesIn(kernelsWithTwins()), kernelName);

} // namespace
