// Target strings: parsing, the lattice of features, canonical printing, errors, and the facts of each target.
#include "compiler/Target/Target.h"
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nibble;
using testing::HasSubstr;

namespace {

const Arch archs[] = {Arch::x86_64, Arch::aarch64, Arch::riscv64, Arch::wasm32};

Target target(std::string_view text) {
  Result<Target> result = Target::parse(text);
  EXPECT_TRUE(result) << (result ? "" : result.error());
  return result ? *result : Target::baseline(Arch::wasm32);
}

std::string error(std::string_view text) {
  Result<Target> result = Target::parse(text);
  return result ? "parsed as " + result->str() : result.error();
}

TEST(Target, CanonicalStrings) {
  EXPECT_EQ(target("x86_64-linux-gnu,+avx2").str(), "x86_64-linux-gnu,+avx2");
  EXPECT_EQ(target("x86_64-pc-linux-gnu,+avx2,+fma,+f16c,+avx,+sse4.2,+avx2").str(), "x86_64-linux-gnu,+avx2");
  EXPECT_EQ(target("x86_64").str(), "x86_64-linux-gnu");
  EXPECT_EQ(target("x86_64,+fma,+f16c").str(), "x86_64-linux-gnu,+f16c,+fma");
  EXPECT_EQ(target("x86_64,+popcnt,+ssse3").str(), "x86_64-linux-gnu,+popcnt,+ssse3");
  EXPECT_EQ(target("x86_64,+avxvnni,+avx512vnni,+avx512vl").str(), "x86_64-linux-gnu,+avx512vl,+avx512vnni,+avxvnni");
  EXPECT_EQ(target("arm64,+neon").str(), "aarch64-linux-gnu");
  EXPECT_EQ(target("aarch64-unknown-linux-gnu,+neon,+dotprod,+i8mm").str(), "aarch64-linux-gnu,+i8mm");
  EXPECT_EQ(target("riscv64,+zbb,+v").str(), "riscv64-linux-gnu,+v,+zbb");
  EXPECT_EQ(target("wasm32-unknown-unknown,+simd128").str(), "wasm32,+simd128");
}

// Every set of features of every architecture (x86-64: every pair): the printed form reads back equal, no printed
// feature is implied by another, and the closure holds.
TEST(Target, EverySubsetRoundTrips) {
  for (Arch arch : archs) {
    std::vector<std::string_view> names = featureNames(arch);
    std::string base(Target::baseline(arch).triple());
    std::vector<std::string> texts = {base};
    if (names.size() < 10) {
      for (unsigned subset = 0; subset < 1u << names.size(); ++subset) {
        texts.push_back(base);
        for (std::size_t i = 0; i < names.size(); ++i)
          if (subset >> i & 1)
            texts.back() += ",+" + std::string(names[i]);
      }
    } else {
      for (std::string_view a : names)
        for (std::string_view b : names)
          texts.push_back(base + ",+" + std::string(a) + ",+" + std::string(b));
    }
    for (const std::string &text : texts) {
      Target t = target(text);
      std::string canonical = t.str();
      EXPECT_EQ(target(canonical), t);
      EXPECT_EQ(target(canonical).str(), canonical);
      EXPECT_TRUE(t.runsOn(t));
      EXPECT_EQ(t.whyNotOn(t), "");
      EXPECT_TRUE(Target::baseline(arch).runsOn(t));
      EXPECT_EQ(t.runsOn(Target::baseline(arch)), t == Target::baseline(arch));
      EXPECT_LE(canonical.size(), text.size());
    }
  }
}

TEST(Target, Lattice) {
  Target avx2 = target("x86_64,+avx2");
  for (const char *name : {"avx2", "fma", "f16c", "avx", "sse4.2", "sse4.1", "ssse3", "popcnt"})
    EXPECT_TRUE(avx2.has(name)) << name;
  EXPECT_FALSE(avx2.has("avx512f"));
  EXPECT_FALSE(avx2.has("+avx2"));
  EXPECT_FALSE(avx2.has("dotprod"));
  EXPECT_FALSE(target("x86_64,+avx").has(Feature::fma));
  Target vnni = target("x86_64,+avx512vnni");
  EXPECT_TRUE(vnni.has(Feature::avx512f) && vnni.has(Feature::avx2) && !vnni.has(Feature::avx512vl));
  EXPECT_TRUE(avx2.runsOn(vnni));
  EXPECT_FALSE(vnni.runsOn(avx2));
  EXPECT_EQ(vnni.whyNotOn(avx2), "this machine has no avx512f, avx512vnni");
  EXPECT_EQ(avx2.whyNotOn(target("aarch64")), "this machine is aarch64-linux-gnu, not x86_64-linux-gnu");
  EXPECT_TRUE(target("aarch64").has(Feature::neon));
}

TEST(Target, Facts) {
  struct Facts {
    const char *text;
    bool fma;
    int vectorBits, vectorRegisters;
    const char *triple, *cpu, *features, *abi;
  };
  const Facts table[] = {
      {"x86_64", false, 128, 16, "x86_64-unknown-linux-gnu", "x86-64", "", ""},
      {"x86_64,+avx", false, 128, 16, "x86_64-unknown-linux-gnu", "x86-64", "+ssse3,+sse4.1,+sse4.2,+popcnt,+avx", ""},
      {"x86_64,+avx2", true, 256, 16, "x86_64-unknown-linux-gnu", "x86-64",
       "+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+f16c,+fma,+avx2", ""},
      {"x86_64,+avx512vnni", true, 512, 32, "x86_64-unknown-linux-gnu", "x86-64",
       "+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+f16c,+fma,+avx2,+avx512f,+avx512vnni", ""},
      {"aarch64", true, 128, 32, "aarch64-unknown-linux-gnu", "generic", "+neon", ""},
      {"aarch64,+i8mm", true, 128, 32, "aarch64-unknown-linux-gnu", "generic", "+neon,+dotprod,+i8mm", ""},
      {"riscv64", true, 64, 32, "riscv64-unknown-linux-gnu", "generic-rv64", "+m,+a,+f,+d,+c", "lp64d"},
      {"riscv64,+v", true, 128, 32, "riscv64-unknown-linux-gnu", "generic-rv64", "+m,+a,+f,+d,+c,+v", "lp64d"},
      {"riscv64,+zvl256b", true, 256, 32, "riscv64-unknown-linux-gnu", "generic-rv64", "+m,+a,+f,+d,+c,+v,+zvl256b",
       "lp64d"},
      {"wasm32", false, 64, 16, "wasm32-unknown-unknown", "generic", "", ""},
      {"wasm32,+simd128", false, 128, 16, "wasm32-unknown-unknown", "generic", "+simd128", ""},
  };
  for (const Facts &facts : table) {
    SCOPED_TRACE(facts.text);
    Target t = target(facts.text);
    EXPECT_EQ(t.hasFma(), facts.fma);
    EXPECT_EQ(t.vectorBits(), facts.vectorBits);
    EXPECT_EQ(t.vectorRegisters(), facts.vectorRegisters);
    EXPECT_EQ(t.llvmTriple(), facts.triple);
    EXPECT_EQ(t.llvmCpu(), facts.cpu);
    EXPECT_EQ(t.llvmFeatures(), facts.features);
    EXPECT_EQ(t.llvmAbi(), facts.abi);
    EXPECT_GE(t.l2Bytes(), t.l1Bytes());
    EXPECT_GE(t.l1Bytes(), 16 * 1024);
  }
}

TEST(Target, Host) {
  Target host = Target::host();
  EXPECT_TRUE(host.runsOnHost());
  EXPECT_EQ(target("native"), host);
  EXPECT_EQ(target(host.str()), host);
  EXPECT_TRUE(Target::baseline(host.arch()).runsOnHost());
  for (Arch arch : archs)
    if (arch != host.arch())
      EXPECT_FALSE(Target::baseline(arch).runsOnHost());
#if defined(__x86_64__)
  EXPECT_EQ(host.has(Feature::avx2),
            __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"));
#endif
}

TEST(Target, Levels) {
  EXPECT_EQ(target("x86-64"), target("x86_64"));
  EXPECT_EQ(target("x86-64-v2"), target("x86_64,+sse4.2"));
  EXPECT_EQ(target("x86-64-v3"), target("x86_64,+avx2"));
  EXPECT_EQ(target("x86-64-v4"), target("x86_64,+avx512bw,+avx512cd,+avx512dq,+avx512vl"));
  EXPECT_EQ(target("x86-64-v3,+avxvnni"), target("x86_64,+avxvnni"));
  EXPECT_THAT(error("x86-64-v5"), HasSubstr("unknown target 'x86-64-v5'"));
}

TEST(Target, Caps) {
  Target machine = target("x86_64,+avx512vnni,+avx512bw,+avx512vpopcntdq");
  auto capped = [&](std::string_view cap) {
    Result<Target> result = Target::capped(machine, cap);
    return result ? result->str() : "error: " + result.error();
  };
  EXPECT_EQ(capped(""), machine.str());
  EXPECT_EQ(capped("native"), machine.str());
  EXPECT_EQ(capped("x86-64"), "x86_64-linux-gnu");
  EXPECT_EQ(capped("x86-64-v3"), "x86_64-linux-gnu,+avx2");
  EXPECT_EQ(capped("x86-64-v4"), "x86_64-linux-gnu,+avx512bw");
  EXPECT_EQ(capped("x86-64-v3,+avx512vnni"), "x86_64-linux-gnu,+avx512vnni");
  EXPECT_EQ(capped("x86-64-v3,+avxvnni"), "x86_64-linux-gnu,+avx2") << "a cap adds nothing";
  EXPECT_EQ(capped("native,+avxvnni"), machine.str());
  EXPECT_EQ(capped("native,-avx512vnni"), "x86_64-linux-gnu,+avx512bw,+avx512vpopcntdq");
  EXPECT_EQ(capped("native,-avx512f"), "x86_64-linux-gnu,+avx2") << "and all that implies it";
  EXPECT_EQ(capped("native,-avx512bw,-avx512vnni"), "x86_64-linux-gnu,+avx512vpopcntdq");
  EXPECT_EQ(capped("x86_64-linux-gnu,+avx2,-f16c"), "x86_64-linux-gnu,+fma");
  EXPECT_THAT(capped("x86-64-v9"), HasSubstr("unknown target 'x86-64-v9'"));
  EXPECT_THAT(capped("x86-64-v9"), HasSubstr("x86-64-v3 x86-64-v4"));
  EXPECT_THAT(capped("native,-axv2"),
              HasSubstr("unknown feature '-axv2' of target x86_64-linux-gnu; did you mean '-avx2'?"));
  EXPECT_THAT(capped("native,avx2"), HasSubstr("must start with '+'"));
  EXPECT_THAT(capped("native,"), HasSubstr("must start with '+'"));
  EXPECT_THAT(capped("aarch64"), HasSubstr("'aarch64' is for aarch64-linux-gnu, but this machine is x86_64-linux-gnu"));
}

/// NIBBLE_CPU for the time of a test.
class Cap {
public:
  explicit Cap(const char *value) {
    if (const char *before = std::getenv("NIBBLE_CPU"))
      saved = before;
    setenv("NIBBLE_CPU", value, 1);
  }
  ~Cap() {
    if (saved.empty())
      unsetenv("NIBBLE_CPU");
    else
      setenv("NIBBLE_CPU", saved.c_str(), 1);
  }

private:
  std::string saved;
};

TEST(Target, CapOfThisMachine) {
  const Target whole = Target::host();
  {
    Cap cap("native");
    EXPECT_TRUE(whole.runsOnHost());
    EXPECT_EQ(Target::capText(), " (NIBBLE_CPU=native)");
  }
#if defined(__x86_64__)
  {
    Cap cap("x86-64");
    EXPECT_EQ(Target::host(), Target::baseline(Arch::x86_64));
    EXPECT_EQ(target("native"), Target::baseline(Arch::x86_64));
    EXPECT_FALSE(target("x86-64-v3").runsOnHost());
  }
  {
    Cap cap("x86-64-v2");
    EXPECT_TRUE(Target::host().runsOn(target("x86-64-v2")));
    EXPECT_EQ(target("native,-popcnt").has("sse4.2"), false);
  }
#endif
  Cap cap("pentium");
  EXPECT_THAT(error("native"),
              HasSubstr("the environment variable NIBBLE_CPU is not understood: unknown target 'pentium'"));
  EXPECT_FALSE(Target::readHost());
  EXPECT_EQ(Target::host(), Target::baseline(whole.arch()));
}

TEST(Target, Errors) {
  EXPECT_EQ(error("x86_64-linux-gun"),
            "unknown target 'x86_64-linux-gun'; did you mean 'x86_64-linux-gnu'? known: native x86_64-linux-gnu "
            "aarch64-linux-gnu riscv64-linux-gnu wasm32");
  EXPECT_THAT(error("nativ"), HasSubstr("did you mean 'native'?"));
  EXPECT_THAT(error("powerpc64le-linux-gnu"), HasSubstr("unknown target"));
  EXPECT_EQ(error("z80"),
            "unknown target 'z80'; known: native x86_64-linux-gnu aarch64-linux-gnu riscv64-linux-gnu wasm32");
  EXPECT_THAT(error("x86_64,+axv2"), HasSubstr("did you mean '+avx2'? known: +ssse3")); // two neighbours exchanged
  EXPECT_THAT(error(""), HasSubstr("the target is empty; known: native"));
  EXPECT_THAT(error(",+avx2"), HasSubstr("the target is empty"));
  EXPECT_THAT(error("x86_64-linux-gnu,+avx3"),
              HasSubstr("unknown feature '+avx3' of target x86_64-linux-gnu; did you mean "
                        "'+avx'? known: +ssse3 +sse4.1"));
  EXPECT_THAT(error("aarch64,+dotprd"), HasSubstr("did you mean '+dotprod'? known: +neon +dotprod +i8mm"));
  EXPECT_THAT(error("aarch64,+avx2"), HasSubstr("'+avx2' belongs to x86_64-linux-gnu, not to aarch64-linux-gnu"));
  EXPECT_THAT(error("x86_64,avx2"), HasSubstr("must start with '+'; did you mean '+avx2'?"));
  EXPECT_THAT(error("x86_64,-avx2"), HasSubstr("leave it out"));
  EXPECT_THAT(error("x86_64,"), HasSubstr("must start with '+'"));
  EXPECT_THAT(error("x86_64,+"), HasSubstr("unknown feature '+'"));
  EXPECT_THAT(error("x86_64, +avx2"), HasSubstr("must start with '+'"));
  EXPECT_THAT(error("native,+avx2"), HasSubstr("'native' already has every feature"));
  EXPECT_THAT(error("native,-avx2,+avx"), HasSubstr("'native' already has every feature"));
  EXPECT_THAT(error("native,-nothing"), HasSubstr("unknown feature '-nothing'"));
  EXPECT_THAT(error("wasm32,+relaxed-simd"), HasSubstr("differ between engines"));
  for (const char *text : {"aarch64_be-linux-gnu", "s390x-linux-gnu", "mips-linux-gnu", "powerpc64-linux-gnu,+vsx"})
    EXPECT_THAT(error(text), HasSubstr("is big-endian, which is not supported")) << text;
  // Long hostile text is cut in the message.
  EXPECT_LT(error(std::string(1 << 20, 'x')).size(), 400u);
  EXPECT_LT(error("x86_64,+" + std::string(1 << 20, 'x')).size(), 600u);
}

} // namespace
