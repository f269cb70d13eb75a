// Progress: the bar, the lines, silence.
#include <nibble/progress.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

using namespace nibble;

namespace {

using testing::MatchesRegex;

Progress::Options options(Progress::Mode mode, std::ostream &stream, double interval = 0) {
  return {.mode = mode, .interval = interval, .stream = &stream};
}

TEST(Progress, lines) {
  std::ostringstream out;
  Progress progress("training", 4, options(Progress::Mode::lines, out));
  progress.advance();
  progress.advance(2, "loss 0.5");
  progress.finish("done well");
  progress.finish("again");
  progress.advance();
  EXPECT_THAT(out.str(), MatchesRegex("training: 25 %, [0-9.]+ s, [0-9.]+ s left\n"
                                      "training: 75 %, [0-9.]+ s, [0-9.]+ s left, loss 0.5\n"
                                      "training: 100 %, [0-9.]+ s, done well\n"));
}

TEST(Progress, fewLines) {
  std::ostringstream out;
  Progress progress("training", 1000, options(Progress::Mode::lines, out, 3600));
  for (int i = 0; i < 1000; ++i)
    progress.advance(1, "loss");
  EXPECT_EQ(out.str(), "");
  progress.finish();
  EXPECT_THAT(out.str(), MatchesRegex("training: 100 %, [0-9.]+ s, loss\n"));
}

TEST(Progress, bar) {
  const std::string scale = "training\n"
                            "0%   10   20   30   40   50   60   70   80   90   100%\n"
                            "|----|----|----|----|----|----|----|----|----|----|\n";
  std::ostringstream out;
  Progress progress("training", 100, options(Progress::Mode::bar, out));
  EXPECT_EQ(out.str(), scale);
  progress.advance(50, "loss 1");
  EXPECT_EQ(out.str(), scale + std::string(25, '*'));
  progress.advance(-3);
  progress.advance(0);
  progress.advance(1000);
  EXPECT_EQ(out.str(), scale + std::string(51, '*') + "\n");
  progress.finish();
  EXPECT_EQ(out.str().substr(0, scale.size() + 52 + 8), scale + std::string(51, '*') + "\nloss 1, ");
}

TEST(Progress, leftEarly) {
  std::ostringstream out;
  {
    Progress progress("x", 100, options(Progress::Mode::bar, out));
  }
  EXPECT_TRUE(out.str().ends_with("|\n\n"));
}

TEST(Progress, silentAndNotATerminal) {
  std::ostringstream out;
  {
    Progress silent("x", 2, options(Progress::Mode::silent, out));
    silent.advance();
    silent.finish("y");
  }
  EXPECT_EQ(out.str(), "");
  Progress automatic("x", 0, options(Progress::Mode::automatic, out));
  Progress moved = std::move(automatic);
  moved.finish();
  automatic.finish(); // NOLINT: a moved-from progress does nothing
  EXPECT_THAT(out.str(), MatchesRegex("x: 100 %, [0-9.]+ s\n"));
}

} // namespace
