// docs/spec.md stays true: every rule that the reference cites exists, its coefficients are the code's, its examples
// hold.
#include "test/unit/NumericsTestSupport.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

using namespace nibble::reference;
using namespace nibble::numerics_test;

namespace {

std::string read(const std::filesystem::path &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> matches(const std::string &text, const std::regex &pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    found.insert((*it)[1].str());
  return found;
}

std::filesystem::path root() { return NIBBLE_SOURCE_DIR; }
std::string spec() { return read(root() / "docs/spec.md"); }

TEST(Spec, EveryCitedRuleExists) {
  std::set<std::string> rules = matches(spec(), std::regex(R"(\*\*(R\d+\.\d+))"));
  EXPECT_GT(rules.size(), 45u);
  for (const auto &entry : std::filesystem::directory_iterator(root() / "compiler/Reference"))
    if (entry.is_regular_file())
      for (const std::string &cited : matches(read(entry.path()), std::regex(R"(\b(R\d+\.\d+))")))
        EXPECT_TRUE(rules.contains(cited)) << entry.path().filename() << " cites " << cited;
}

TEST(Spec, CoefficientsAreThoseOfTheCode) {
  auto values = [](const std::string &text) {
    std::set<std::string> bits;
    for (const std::string &literal : matches(text, std::regex(R"((-?0x[01]\.[0-9a-f]+p[-+]?\d+))")))
      bits.insert(std::to_string(std::strtof(literal.c_str(), nullptr)) + " " +
                  std::to_string(bitsOf(std::strtof(literal.c_str(), nullptr))));
    return bits;
  };
  std::string code = read(root() / "compiler/Reference/Functions.h");
  std::string text = spec();
  std::set<std::string> written = values(text.substr(text.find("## R10")));
  std::set<std::string> used = values(code);
  EXPECT_GT(used.size(), 30u);
  for (const std::string &value : used)
    if (value.find(" " + std::to_string(bitsOf(0x1.8p+23f))) == std::string::npos) // C, written 1.5 * 2^23
      EXPECT_TRUE(written.contains(value)) << value;
}

TEST(Spec, ExamplesOfTheFunctions) {
  EXPECT_EQ(exp(1.0f), 0x1.5bf0a8p+1f);
  EXPECT_EQ(log(2.0f), 0x1.62e43p-1f);
  EXPECT_EQ(tanh(0.5f), 0x1.d9353ep-2f);
  EXPECT_EQ(erf(1.0f), 0x1.af767ap-1f);
  EXPECT_EQ(rsqrt(2.0f), 0x1.6a09e6p-1f);
}

TEST(Spec, ExamplesOfThresholds) {
  EXPECT_THAT(gridThresholds(.01f, .3f, {0, 3}, {-500, 500})->points, testing::ElementsAre(21, 120, 221));
  nibble::Result<Thresholds> falling = gridThresholds(-.01f, .3f, {0, 3}, {-500, 500});
  EXPECT_EQ(falling->base, 3);
  EXPECT_THAT(falling->points, testing::ElementsAre(-220, -119, -20));
}

TEST(Spec, ExamplesOfBinaryPadding) {
  std::vector<float> x{1, -1, 1}, w{1, -1, 1};
  auto at = [&](int position, float padding) {
    float sum = 0;
    for (int k = 0; k < 3; ++k) {
      int i = position + k - 1;
      sum += w[k] * (i < 0 || i > 2 ? padding : x[i]);
    }
    return sum;
  };
  EXPECT_THAT((std::vector{at(0, 1), at(1, 1), at(2, 1)}), testing::ElementsAre(-1, 3, -1));
  EXPECT_THAT((std::vector{at(0, 0), at(1, 0), at(2, 0)}), testing::ElementsAre(-2, 3, -2));
}

} // namespace
