// Memory plans: validity on thousands of random instances, optimal small cases, degenerate and hostile input.
#include "compiler/Tile/MemoryPlan.h"
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <tuple>

using namespace nibble;
using testing::HasSubstr;
using Buffers = std::vector<PlanBuffer>;

namespace {

MemoryPlan plan(const Buffers &buffers) {
  Result<MemoryPlan> result = planMemory(buffers);
  EXPECT_TRUE(result) << (result ? "" : result.error());
  return result ? *result : MemoryPlan{};
}

int64_t rounded(const PlanBuffer &b) { return (b.bytes + b.alignment - 1) / b.alignment * b.alignment; }

bool overlapInTime(const PlanBuffer &a, const PlanBuffer &b) {
  return a.firstUse <= b.lastUse && b.firstUse <= a.lastUse;
}

/// What every plan must satisfy, checked from the definition.
void checkValid(const Buffers &buffers, const MemoryPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  int64_t end = 0, lower = 0;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    ASSERT_GE(plan.offsets[i], 0);
    ASSERT_EQ(plan.offsets[i] % buffers[i].alignment, 0);
    ASSERT_LE(plan.offsets[i] + rounded(buffers[i]), plan.bytes);
    end = std::max(end, plan.offsets[i] + rounded(buffers[i]));
    for (std::size_t j = 0; j < i; ++j)
      if (overlapInTime(buffers[i], buffers[j]) && buffers[i].bytes > 0 && buffers[j].bytes > 0)
        ASSERT_TRUE(plan.offsets[i] + rounded(buffers[i]) <= plan.offsets[j] ||
                    plan.offsets[j] + rounded(buffers[j]) <= plan.offsets[i])
            << "buffers " << i << " and " << j << " overlap";
    int64_t live = 0; // the live sum changes upwards only at a first use
    for (const PlanBuffer &other : buffers)
      if (other.firstUse <= buffers[i].firstUse && buffers[i].firstUse <= other.lastUse)
        live += rounded(other);
    lower = std::max(lower, live);
  }
  ASSERT_EQ(plan.bytes, end);
  ASSERT_EQ(plan.lowerBound, lower);
  ASSERT_LE(plan.lowerBound, plan.bytes);
}

/// Size of the arena when the buffers are placed in this sequence, each as low as possible; tried offset by offset.
int64_t arenaOf(const Buffers &buffers, const std::vector<std::size_t> &sequence) {
  std::vector<int64_t> offset(buffers.size(), -1);
  int64_t arena = 0;
  for (std::size_t i : sequence) {
    auto fits = [&](int64_t at) {
      for (std::size_t j = 0; j < buffers.size(); ++j)
        if (offset[j] >= 0 && overlapInTime(buffers[i], buffers[j]) && at < offset[j] + rounded(buffers[j]) &&
            offset[j] < at + rounded(buffers[i]))
          return false;
      return true;
    };
    int64_t at = 0;
    while (!fits(at))
      at += buffers[i].alignment;
    offset[i] = at;
    arena = std::max(arena, at + rounded(buffers[i]));
  }
  return arena;
}

std::vector<std::size_t> identity(const Buffers &buffers) {
  std::vector<std::size_t> sequence(buffers.size());
  for (std::size_t i = 0; i < sequence.size(); ++i)
    sequence[i] = i;
  return sequence;
}

/// Smallest arena of all plans: some sequence of lowest placements is optimal.
int64_t optimum(const Buffers &buffers) {
  std::vector<std::size_t> sequence = identity(buffers);
  int64_t best = INT64_MAX;
  do
    best = std::min(best, arenaOf(buffers, sequence));
  while (std::next_permutation(sequence.begin(), sequence.end()));
  return best;
}

Buffers randomBuffers(std::minstd_rand &random, std::size_t count, int64_t maxBytes, int64_t positions, bool aligned) {
  Buffers buffers(count);
  for (std::size_t i = 0; i < count; ++i) {
    int64_t a = static_cast<int64_t>(random()) % positions, b = static_cast<int64_t>(random()) % positions;
    if (random() % 2)
      b = std::min(a + static_cast<int64_t>(random() % 3), positions - 1);
    buffers[i] = {static_cast<int64_t>(i), static_cast<int64_t>(random()) % (maxBytes + 1),
                  aligned ? int64_t{1} << random() % 9 : 64, std::min(a, b), std::max(a, b)};
  }
  return buffers;
}

TEST(MemoryPlan, RandomInstancesAreValid) {
  std::minstd_rand random(1);
  for (int round = 0; round < 6000; ++round) {
    std::size_t count = random() % 40;
    Buffers buffers =
        randomBuffers(random, count, round % 3 ? 5000 : 3, 1 + static_cast<int64_t>(random() % 30), round % 2);
    checkValid(buffers, plan(buffers));
    if (HasFatalFailure())
      return;
  }
}

TEST(MemoryPlan, ManyBuffers) {
  std::minstd_rand random(2);
  Buffers buffers = randomBuffers(random, 1500, 1 << 20, 3000, true);
  checkValid(buffers, plan(buffers));
}

TEST(MemoryPlan, NearTheOptimumOfSmallInstances) {
  std::minstd_rand random(3);
  int optimal = 0;
  const int rounds = 400;
  for (int round = 0; round < rounds; ++round) {
    Buffers buffers = randomBuffers(random, 2 + random() % 5, 8, 8, false);
    for (PlanBuffer &buffer : buffers)
      buffer.alignment = 1, buffer.bytes += 1;
    MemoryPlan found = plan(buffers);
    int64_t best = optimum(buffers);
    ASSERT_LE(found.lowerBound, best);
    ASSERT_LE(best, found.bytes);
    ASSERT_LE(found.bytes, 2 * best);
    optimal += found.bytes == best;
  }
  EXPECT_GE(optimal, rounds * 95 / 100);
}

TEST(MemoryPlan, IsTheBetterOfTheTwoGreedyPlans) {
  std::minstd_rand random(5);
  int sizeWins = 0, firstUseWins = 0;
  for (int round = 0; round < 500; ++round) {
    Buffers buffers = randomBuffers(random, 12, 9, 10, false);
    for (PlanBuffer &buffer : buffers)
      buffer.alignment = 1, buffer.bytes += 1;
    std::vector<std::size_t> bySize = identity(buffers), byFirstUse = bySize;
    std::sort(bySize.begin(), bySize.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(-buffers[a].bytes, buffers[a].firstUse, a) <
             std::tuple(-buffers[b].bytes, buffers[b].firstUse, b);
    });
    std::sort(byFirstUse.begin(), byFirstUse.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(buffers[a].firstUse, -buffers[a].bytes, a) <
             std::tuple(buffers[b].firstUse, -buffers[b].bytes, b);
    });
    int64_t size = arenaOf(buffers, bySize), firstUse = arenaOf(buffers, byFirstUse);
    EXPECT_EQ(plan(buffers).bytes, std::min(size, firstUse));
    sizeWins += size < firstUse;
    firstUseWins += firstUse < size;
  }
  EXPECT_GT(sizeWins, 0);
  EXPECT_GT(firstUseWins, 0);
}

TEST(MemoryPlan, DoesNotDependOnTheSequence) {
  std::minstd_rand random(4);
  for (int round = 0; round < 200; ++round) {
    Buffers buffers = randomBuffers(random, 12, 6, 6, false); // many ties
    MemoryPlan first = plan(buffers);
    std::map<int64_t, int64_t> offsets;
    for (std::size_t i = 0; i < buffers.size(); ++i)
      offsets[buffers[i].id] = first.offsets[i];
    std::shuffle(buffers.begin(), buffers.end(), random);
    MemoryPlan second = plan(buffers);
    EXPECT_EQ(second.bytes, first.bytes);
    for (std::size_t i = 0; i < buffers.size(); ++i)
      EXPECT_EQ(second.offsets[i], offsets[buffers[i].id]);
  }
}

TEST(MemoryPlan, ChainReusesTwoBuffers) {
  // A chain of layers of 1, 2, 3, 2, 1 KiB: the largest neighbouring pair is live at once.
  Buffers buffers;
  const int64_t sizes[] = {1024, 2048, 3072, 2048, 1024};
  for (int64_t i = 0; i < 5; ++i)
    buffers.push_back({i, sizes[i], 64, i, i + 1});
  MemoryPlan found = plan(buffers);
  checkValid(buffers, found);
  EXPECT_EQ(found.bytes, 5120);
  EXPECT_EQ(found.lowerBound, 5120);
}

TEST(MemoryPlan, KnownCases) {
  // A residual: its input lives across two layers.
  MemoryPlan residual = plan({{0, 100, 64, 0, 3}, {1, 200, 64, 1, 2}, {2, 200, 64, 2, 3}, {3, 100, 64, 3, 4}});
  EXPECT_EQ(residual.bytes, 128 + 256 + 256);
  EXPECT_EQ(residual.lowerBound, residual.bytes);
  // Never live together: one place. Uses that touch at one position are live together.
  EXPECT_EQ(plan({{0, 64, 64, 0, 1}, {1, 64, 64, 2, 3}}).bytes, 64);
  EXPECT_EQ(plan({{0, 64, 64, 0, 2}, {1, 64, 64, 2, 3}}).bytes, 128);
  // The buffer of 5 bytes lives alone; the others need 3 + 3 at position 1.
  MemoryPlan mixed = plan({{0, 3, 1, 0, 1}, {1, 2, 1, 0, 0}, {2, 5, 1, 2, 2}, {3, 3, 1, 1, 1}});
  EXPECT_EQ(mixed.bytes, 6);
  EXPECT_EQ(mixed.lowerBound, 6);
  // Sizes are rounded up to the alignment: 256 + 1.
  MemoryPlan aligned = plan({{0, 1, 1, 0, 0}, {1, 1, 256, 0, 0}});
  EXPECT_EQ(aligned.maxAlignment, 256);
  EXPECT_EQ(aligned.lowerBound, 257);
  EXPECT_EQ(aligned.bytes, 257);
}

TEST(MemoryPlan, Degenerate) {
  MemoryPlan none = plan({});
  EXPECT_EQ(none.bytes, 0);
  EXPECT_EQ(none.lowerBound, 0);
  EXPECT_EQ(none.maxAlignment, 1);
  MemoryPlan empty = plan({{0, 0, 64, 0, 5}, {1, 10, 64, 0, 5}, {2, 0, 64, 0, 5}});
  EXPECT_EQ(empty.offsets, (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(empty.bytes, 64);
  EXPECT_EQ(plan({{0, 1, 64, -5, -5}}).bytes, 64);
  EXPECT_EQ(plan({{0, 8, 8, INT64_MIN, INT64_MAX}, {1, 8, 8, INT64_MAX, INT64_MAX}}).bytes, 16);
}

TEST(MemoryPlan, Errors) {
  auto error = [](const Buffers &buffers) {
    Result<MemoryPlan> result = planMemory(buffers);
    return result ? "planned" : result.error();
  };
  EXPECT_EQ(error({{7, -1, 64, 0, 0}}), "memory plan: buffer 7 has -1 bytes");
  EXPECT_THAT(error({{7, 1, 48, 0, 0}}), HasSubstr("alignment 48 is not a power of two"));
  EXPECT_THAT(error({{7, 1, 0, 0, 0}}), HasSubstr("alignment 0"));
  EXPECT_THAT(error({{7, 1, INT64_MIN, 0, 0}}), HasSubstr("alignment -"));
  EXPECT_THAT(error({{7, 1, int64_t{1} << 31, 0, 0}}), HasSubstr("power of two up to 2^30"));
  EXPECT_THAT(error({{7, 1, 64, 3, 2}}), HasSubstr("last use 2 is before first use 3"));
  EXPECT_THAT(error({{7, 1, 64, 0, 0}, {7, 1, 64, 1, 1}}), HasSubstr("buffer 7 comes twice"));
  EXPECT_THAT(error({{0, INT64_MAX, 64, 0, 0}}), HasSubstr("above 2^61"));
  EXPECT_THAT(error({{0, int64_t{1} << 60, 1, 0, 0}, {1, int64_t{1} << 60, 1, 1, 1}, {2, 1, 1, 2, 2}}),
              HasSubstr("buffer 1 brings the sum"));
}

} // namespace
