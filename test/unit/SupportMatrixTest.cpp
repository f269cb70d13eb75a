// The support matrix: every pair of operand formats, granularity and layer gives a bit-exact result or a message that
// names the op, the place, the reason and what to do.
#include "compiler/Target/Target.h"
#include "test/unit/SupportRun.h"
#include "test/unit/SupportTable.h"
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>
#include <tuple>

using namespace nibble;
using namespace nibble::test;

namespace {

/// A target that this machine runs, with register tiles of 3 rows: their code is compiled in half the time.
std::string smallTiles() {
  auto target = Target::parse("x86_64-linux-gnu,+fma");
  return target && target->runsOnHost() ? target->str() : "native";
}

/// Whether the formats have scales to place.
bool exists(const Format &x, const Format &w, Granularity granularity) {
  if (granularity == Granularity::Tensor)
    return true;
  Format::Kind kind = granularity == Granularity::WeightChannel ? w.kind : x.kind;
  return kind == Format::Uniform || kind == Format::Ternary;
}

/// Calls job(0) .. job(count - 1) on two threads.
void inParallel(size_t count, llvm::function_ref<void(size_t)> job) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < count;)
      job(i);
  };
  std::thread other(work);
  work();
  other.join();
}

/// What became of cells: how many were bit-exact, how many were refused for each reason. Compiles a few at a time:
/// passes over large modules take longer.
class Tally {
public:
  explicit Tally(std::string target) : target(std::move(target)) {}

  /// The reason against the cell, empty if it was compiled.
  std::string add(const Cell &cell) {
    if (!run)
      run = std::make_shared<CellRun>(target);
    std::optional<Refusal> refusal = run->add(cell);
    if (refusal) {
      EXPECT_EQ(refusal->flaw(), "") << cell.text() << ": the error '" << refusal->message << "' at '" << refusal->place
                                     << "' lacks this";
      ++refused[refusal->reason()];
      return refusal->reason();
    }
    if (++pending == 6)
      flush();
    return "";
  }
  void flush() {
    if (run) {
      exact += run->run();
      for (const auto &[generator, count] : run->generatedKernels())
        generated[generator] += count;
    }
    run = nullptr;
    pending = 0;
  }
  void operator+=(const Tally &other) {
    exact += other.exact;
    for (const auto &[generator, count] : other.generated)
      generated[generator] += count;
    for (const auto &[reason, count] : other.refused)
      refused[reason] += count;
  }
  void print(const char *what) const {
    int total = 0;
    for (const auto &[reason, count] : refused)
      total += count;
    std::printf("%s: %d bit-exact, %d refused\n", what, exact, total);
    for (const auto &[reason, count] : refused)
      std::printf("  %5d  %s\n", count, reason.c_str());
    for (const auto &[generator, count] : generated)
      std::printf("  %5d pieces of machine code from %s\n", count, generator.c_str());
  }

  int exact = 0;
  std::map<std::string, int> refused;
  std::map<std::string, int> generated; ///< Pieces of machine code by generator.

private:
  std::string target;
  std::shared_ptr<CellRun> run;
  int pending = 0;
};

/// Padding that keeps a binary tensor binary; zeros for others.
PadValue paddingFor(const Format &x, size_t n) {
  if (x.kind != Format::Binary)
    return PadValue::Zero;
  return n % 2 ? PadValue::MinusOne : PadValue::PlusOne;
}

constexpr int64_t channels[] = {1, 3, 8, 17, 40}, outputs[] = {17, 1, 40, 8, 3, 33, 16};

TEST(SupportMatrix, EveryPairGranularityAndLayer) {
  constexpr size_t layers = std::size(allLayers);
  const std::vector<Format> &activations = activationFormats(), &weights = weightFormats();
  std::vector<SupportRow> rows(activations.size() * layers);
  std::vector<Tally> tallies(rows.size(), Tally(smallTiles()));
  // Sizes, endings and padding take turns.
  inParallel(rows.size(), [&](size_t group) {
    constexpr std::pair<int64_t, int64_t> images[] = {{2, 2}, {1, 2}, {1, 1}, {2, 1}};
    const Format &x = activations[group / layers];
    size_t n = group * 3;
    for (const Format &w : weights)
      for (Granularity granularity : allGranularities) {
        if (!exists(x, w, granularity))
          continue;
        ++n;
        rows[group][{w.name, granularity}] = tallies[group].add({.x = x,
                                                                 .w = w,
                                                                 .granularity = granularity,
                                                                 .layer = allLayers[group % layers],
                                                                 .ending = usualEndings[n % 5],
                                                                 .channels = channels[n / 2 % 5],
                                                                 .outputs = outputs[n % 7],
                                                                 .height = images[n % 4].first,
                                                                 .width = images[n % 4].second,
                                                                 .padding = paddingFor(x, n)});
      }
    tallies[group].flush();
  });
  Tally all("");
  // Whether a cell is refused does not depend on the layer. The reason may: weights decide what overflows.
  std::map<std::string, std::map<SupportRow::key_type, std::map<std::string, int>>> reasons;
  for (size_t i = 0; i < rows.size(); ++i) {
    all += tallies[i];
    for (const auto &[cell, reason] : rows[i])
      ++reasons[activations[i / layers].name][cell][reason];
  }
  std::map<std::string, SupportRow> byFormat;
  for (const auto &[x, cells] : reasons)
    for (const auto &[cell, found] : cells) {
      EXPECT_TRUE(!found.count("") || found.size() == 1)
          << x << " x " << cell.first << ", " << nameOf(cell.second) << " depends on the layer";
      auto most = [](const auto &a, const auto &b) { return a.second < b.second; };
      byFormat[x][cell] = std::max_element(found.begin(), found.end(), most)->first;
    }
  all.print("operands x granularity x layer");

  std::ifstream file(NIBBLE_SUPPORT_PAGE);
  std::stringstream page;
  page << file.rdbuf();
  std::string table = supportTable(byFormat);
  EXPECT_NE(page.str().find(table), std::string::npos) << NIBBLE_SUPPORT_PAGE << " should hold this table:\n" << table;
}

TEST(SupportMatrix, EveryKernelLayerAndEnding) {
  constexpr std::pair<const char *, const char *> pairs[] = {
      {"f32", "f32"},       {"u8", "i8n"},     {"u8z", "i4n"},        {"u6", "i6"},
      {"i8", "i4n"},        {"i16", "i5n"},    {"u3", "ternary"},     {"u4", "binary"},
      {"binary", "binary"}, {"binary", "i4n"}, {"ternary", "ternary"}};
  const char *residuals[] = {"f32", "u8z", "i4n", "binary", "ternary", "u8"};
  const int64_t few[] = {8, 40, 17, 3, 32, 1};
  constexpr size_t layers = std::size(allLayers);
  std::vector<Tally> tallies;
  for (size_t group = 0; group < std::size(pairs) * layers; ++group)
    tallies.emplace_back((group / layers + group) % 2 ? smallTiles() : "native");
  inParallel(tallies.size(), [&](size_t group) {
    auto [x, w] = pairs[group / layers];
    size_t n = group;
    for (Ending ending : usualEndings)
      for (bool residual : {false, true}) {
        if (residual && ending == Ending::Scaled)
          continue;
        ++n;
        Cell cell{.x = Format::of(x), .w = Format::of(w), .granularity = Granularity::WeightChannel};
        if (cell.w.kind != Format::Uniform)
          cell.granularity = Granularity::Tensor;
        cell.layer = allLayers[group % layers];
        cell.ending = ending;
        cell.channels = few[n % 6];
        cell.outputs = outputs[n / 2 % 7];
        cell.padded = n % 3 != 0;
        cell.padding = cell.padded ? paddingFor(cell.x, n) : PadValue::Zero;
        if (residual)
          cell.residual = Format::of(residuals[n % 6]);
        // A second layer decides how the result is stored: bits for binary weights, bytes where a generated kernel
        // reads it.
        if (ending == Ending::Sign || ((ending == Ending::U8 || ending == Ending::U4) && n % 4))
          cell.second = Format::of(ending == Ending::Sign && n % 4 ? "binary" : "i4n");
        EXPECT_EQ(tallies[group].add(cell), "") << cell.text();
      }
    tallies[group].flush();
  });
  Tally all("");
  for (const Tally &tally : tallies)
    all += tally;
  all.print("kernels x layers x endings and residuals");
  if (Target::host().has("avx2")) {
    EXPECT_FALSE(all.generated.empty()) << "no cell was computed by a generated kernel";
  }
}

/// Binary and ternary layers, which all of `kernels` take part in.
void expectLayersOfBits(const char *features, std::initializer_list<const char *> kernels) {
  auto target = Target::parse(std::string("x86_64-linux-gnu,") + features);
  ASSERT_TRUE(target);
  if (!target->runsOnHost())
    GTEST_SKIP() << target->whyNotOn(Target::host());
  // Bytes of a tap and what is left of the last one; blocks of columns, 128 to a call, and what is left; lines of more
  // pixels than a call takes, columns of pixels that are longer than lines, and single pixels.
  const int64_t few[] = {8, 33, 64, 1, 72, 31}, many[] = {33, 160, 8, 64, 257, 31, 32, 1},
                fullBlocks[] = {32, 160, 31, 63, 256, 24};
  const std::pair<int64_t, int64_t> images[] = {{5, 4}, {3, 29}, {13, 3}, {3, 3}, {7, 26}, {3, 70}};
  const char *residuals[] = {"f32", "u8z", "i4n", "binary", "ternary", "u8", "u2z", "i2"};
  const std::pair<const char *, const char *> pairs[] = {
      {"binary", "binary"},  {"ternary", "ternary"}, {"binary", "binary"}, {"u1", "ternary"}, {"ternary", "binary"},
      {"binary", "ternary"}, {"u2", "i2"},           {"u2z", "i2"},        {"i2", "binary"},  {"u2", "i2n"}};
  constexpr Layer layers[] = {Layer::Conv3x3, Layer::Strided, Layer::Dilated, Layer::Conv1x1, Layer::Linear};
  std::vector<Tally> tallies(std::size(layers) * std::size(pairs) * 2, Tally(target->str()));
  inParallel(tallies.size(), [&](size_t group) {
    auto [x, w] = pairs[group / std::size(layers) % std::size(pairs)];
    const bool binary = x == w && x == std::string("binary");
    size_t n = group * 7;
    for (Ending ending : {Ending::Scaled, Ending::Affine, Ending::U8, Ending::U4, Ending::U2, Ending::Sign})
      for (bool residual : {false, true}) {
        if (residual && ending == Ending::Scaled)
          continue;
        ++n;
        Cell cell{.x = Format::of(x), .w = Format::of(w)};
        cell.packedReaders = n % 5 != 0;
        cell.layer = layers[group % std::size(layers)];
        cell.ending = ending;
        cell.channels = few[n % std::size(few)];
        cell.outputs = binary ? many[n / 2 % std::size(many)] : fullBlocks[n / 2 % std::size(fullBlocks)];
        std::tie(cell.height, cell.width) = images[n % std::size(images)];
        // Small layers are often faster with other kernels: each second one is given one that is to be seen.
        std::vector<std::string> own;
        for (const std::string kernel : kernels)
          if (kernel.find(binary                                                     ? "b1b1"
                          : x == w                                                   ? "t2t2"
                          : cell.x.kind == Format::Uniform && x != std::string("u1") ? "u2s2"
                                                                                     : "none") != kernel.npos)
            own.push_back(kernel);
        if (n % 2 && !own.empty())
          cell.given = own[n / 2 % own.size()];
        // Zeros are a third value only for binary x binary, but other binary activations are not padded with them.
        cell.padded = n % 3 != 0;
        cell.padding = cell.padded ? paddingFor(cell.x, n) : PadValue::Zero;
        if (residual)
          cell.residual = Format::of(residuals[n % std::size(residuals)]);
        // A second layer decides how the result is stored: as bits, fields or bytes.
        if (ending == Ending::Sign || ((ending == Ending::U8 || ending == Ending::U4) && n % 4))
          cell.second = Format::of(ending == Ending::Sign && n % 4 ? (binary ? "binary" : "ternary") : "i4n");
        if (ending == Ending::U2)
          cell.second = Format::of("i2");
        EXPECT_EQ(tallies[group].add(cell), "") << cell.text();
      }
    tallies[group].flush();
  });
  Tally all("");
  for (const Tally &tally : tallies)
    all += tally;
  all.print("layers of one and two bits x endings and residuals");
  for (const char *kernel : kernels)
    EXPECT_GE(all.generated[kernel], 50) << kernel;
}

TEST(SupportMatrix, LookupKernelsForEveryLayerAndEnding) {
  expectLayersOfBits("+avx2", {"lookup_b1b1_avx2", "lookup_b1b1_packed_avx2", "lookup_t2t2_avx2",
                               "lookup_t2t2_packed_avx2", "lookup_u2s2_avx2", "lookup_u2s2_packed_avx2"});
}

TEST(SupportMatrix, CountingKernelForEveryLayerAndEnding) {
  expectLayersOfBits("+avx512vpopcntdq,+avx512bw,+avx512vl",
                     {"count_b1b1_avx512vpopcntdq", "lookup_t2t2_avx2", "lookup_u2s2_avx2"});
}

// With every ending and way to store a result: bytes that the kernel itself stores, and sums that are finished behind
// it.
TEST(SupportMatrix, DepthwiseKernelsForEveryEnding) {
  const std::pair<const char *, const char *> pairs[] = {{"u8", "i8n"},     {"u8z", "i8"},     {"i8", "i4n"},
                                                         {"u4", "ternary"}, {"i8n", "binary"}, {"binary", "binary"},
                                                         {"binary", "i8n"}, {"u3", "i6"},      {"ternary", "ternary"}};
  const int64_t few[] = {8, 33, 64, 1, 72, 31, 160};
  const std::pair<int64_t, int64_t> images[] = {{5, 4}, {3, 29}, {1, 1}, {13, 3}, {3, 3}, {4, 140}};
  const char *residuals[] = {"f32", "u8z", "i4n", "binary", "ternary", "u8"};
  constexpr size_t count = std::size(pairs);
  for (const char *name : {"x86_64-linux-gnu,+avx2", "native"}) {
    auto target = Target::parse(name);
    if (!target || !target->runsOnHost() || !target->has("avx2"))
      continue;
    std::vector<Tally> tallies(count, Tally(target->str()));
    inParallel(count, [&](size_t group) {
      auto [x, w] = pairs[group];
      size_t n = group * 5;
      for (Ending ending : usualEndings)
        for (bool residual : {false, true}) {
          if (residual && ending == Ending::Scaled)
            continue;
          ++n;
          Cell cell{.x = Format::of(x), .w = Format::of(w)};
          if (cell.w.kind == Format::Uniform)
            cell.granularity = Granularity::WeightChannel;
          cell.layer = Layer::Depthwise;
          cell.ending = ending;
          cell.channels = few[n % std::size(few)];
          std::tie(cell.height, cell.width) = images[n % std::size(images)];
          // Binary activations are padded with a value of their own, not with 0.
          cell.padded = n % 4 != 0 || cell.height < 3;
          cell.padding = cell.padded ? paddingFor(cell.x, n) : PadValue::Zero;
          if (residual)
            cell.residual = Format::of(residuals[n % std::size(residuals)]);
          // A second layer decides how the result is stored: as bits, fields, bytes or words.
          if (ending == Ending::Sign || ((ending == Ending::U8 || ending == Ending::U4) && n % 4))
            cell.second = Format::of(ending == Ending::Sign ? "binary" : "i4n");
          EXPECT_EQ(tallies[group].add(cell), "") << cell.text();
        }
      tallies[group].flush();
    });
    Tally all("");
    for (const Tally &tally : tallies)
      all += tally;
    all.print("depthwise layers x endings and residuals");
    const char *kernel = target->has("avx512vnni") && target->has("avx512vl") ? "depthwise_u8s8_avx512vnni"
                         : target->has("avxvnni")                             ? "depthwise_u8s8_avxvnni"
                                                                              : "depthwise_u8s8_halves_avx2";
    EXPECT_GE(all.generated[kernel], 100) << target->str();
  }
}

TEST(SupportMatrix, RefusesWhatCannotBeRight) {
  Tally tally("native");
  auto refused = [&](const Cell &cell, const std::string &part) {
    EXPECT_NE(tally.add(cell).find(part), std::string::npos) << cell.text();
  };
  Format u8 = Format::of("u8"), i4 = Format::of("i4n"), binary = Format::of("binary");
  refused({.x = binary, .w = binary}, "cannot stay binary: zero padding");
  refused({.x = binary, .w = i4}, "zero padding, which adds a third value");
  refused({.x = u8, .w = i4, .padding = PadValue::PlusOne}, "");
  refused({.x = Format::of("i16"), .w = Format::of("u8"), .layer = Layer::Linear, .channels = 3000},
          "can overflow its 32-bit accumulator");
  refused({.x = u8, .w = i4, .granularity = Granularity::ActivationChannel}, "one scale per tensor");
  refused({.x = u8, .w = i4, .residual = Format::of("u16")}, "does not fit 16-bit words");
  EXPECT_EQ(tally.exact, 0);
  tally.print("cells that cannot be right");
}

} // namespace
