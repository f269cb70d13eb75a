// The support matrix: every pair of operand formats, granularity and layer gives a bit-exact result or a message that
// names the op, the place, the reason and what to do.
#include "test/unit/SupportCell.h"
#include <atomic>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

using namespace nibble;
using namespace nibble::test;

namespace {

std::vector<Format> formats(const std::vector<std::string> &names) {
  std::vector<Format> list;
  for (const std::string &name : names)
    list.push_back(Format::of(name));
  return list;
}

/// n: narrow, z: with a zero point.
const std::vector<Format> activations =
    formats({"f32", "binary", "ternary", "u1",  "u2",  "u3",  "u4",  "u5",   "u6", "u7",  "u8",
             "u4z", "u8z",    "i2",      "i3",  "i4",  "i5",  "i6",  "i7",   "i8", "i2n", "i3n",
             "i4n", "i5n",    "i6n",     "i7n", "i8n", "i8z", "i16", "i16n", "u16"});
const std::vector<Format> weights = formats({"f32", "binary", "ternary", "i2", "i4", "i8", "i2n", "i3n", "i4n", "i5n",
                                             "i6n", "i7n",    "i8n",     "u1", "u2", "u4", "u8",  "i8z", "i16", "u16"});
constexpr Granularity granularities[] = {Granularity::Tensor, Granularity::WeightChannel,
                                         Granularity::ActivationChannel};

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

/// What became of cells: bit-exact ones and refused ones by reason.
struct Summary {
  int exact = 0;
  std::map<std::string, int> refused;
  Summary &operator+=(const Summary &other) {
    exact += other.exact;
    for (const auto &[reason, count] : other.refused)
      refused[reason] += count;
    return *this;
  }
  void print(const char *what) const {
    int total = 0;
    for (const auto &[reason, count] : refused)
      total += count;
    std::printf("%s: %d bit-exact, %d refused\n", what, exact, total);
    for (const auto &[reason, count] : refused)
      std::printf("  %5d  %s\n", count, reason.c_str());
  }
};

/// One refused cell: the message must be whole.
void check(const std::string &what, const Refusal &refusal) {
  EXPECT_EQ(refusal.flaw(), "") << what << ": the error '" << refusal.message << "' at '" << refusal.place
                                << "' lacks this";
}

//===----------------------------------------------------------------------===//
// The matrix
//===----------------------------------------------------------------------===//

/// Reasons of one pair of formats by granularity; empty where every layer was exact.
using Row = std::map<std::pair<std::string, Granularity>, std::string>;

/// All weights and granularities of one activation format and layer. Sizes and endings take turns.
Summary runGroup(const Format &x, Layer layer, size_t number, Row &row) {
  constexpr int64_t channels[] = {1, 3, 8, 17, 40}, outputs[] = {17, 1, 40, 8, 3, 33, 16};
  constexpr std::pair<int64_t, int64_t> images[] = {{2, 2}, {1, 3}, {3, 1}, {2, 1}};
  Summary summary;
  auto run = std::make_unique<CellRun>("x86_64-linux-gnu,+fma");
  int k = 0;
  static int chunk = getenv("CHUNK") ? atoi(getenv("CHUNK")) : 1000;
  for (const Format &w : weights)
    for (Granularity granularity : granularities) {
      if (!exists(x, w, granularity))
        continue;
      size_t n = number++;
      auto [height, width] = images[n % 4];
      Cell cell{.x = x,
                .w = w,
                .granularity = granularity,
                .layer = layer,
                .ending = allEndings[n % 5],
                .channels = channels[n / 2 % 5],
                .outputs = outputs[n % 7],
                .height = height,
                .width = width};
      std::optional<Refusal> refusal = run->add(cell);
      if (!refusal && ++k % chunk == 0) {
        summary.exact += run->run();
        run = std::make_unique<CellRun>("x86_64-linux-gnu,+fma");
      }
      if (refusal) {
        check(cell.text(), *refusal);
        ++summary.refused[refusal->reason()];
      }
      row[{w.name, granularity}] = refusal ? refusal->reason() : "";
    }
  summary.exact += run->run();
  return summary;
}

/// The table of the documentation: equal rows and equal columns are one.
std::string tableOf(const std::map<std::string, Row> &rows) {
  std::vector<std::string> reasons;
  auto cellText = [&](const std::string &x, const std::string &w) {
    std::string text;
    for (Granularity granularity : {Granularity::Tensor, Granularity::WeightChannel}) {
      auto cell = rows.at(x).find({w, granularity});
      if (cell == rows.at(x).end())
        continue;
      auto known = std::find(reasons.begin(), reasons.end(), cell->second);
      std::string here = "exact";
      if (!cell->second.empty()) {
        here = "(" + std::to_string(known - reasons.begin() + 1) + ")";
        if (known == reasons.end())
          reasons.push_back(cell->second);
      }
      if (text.find(here) == std::string::npos)
        text += (text.empty() ? "" : ", ") + here;
    }
    return text;
  };
  auto group = [](const std::vector<Format> &list, auto key) {
    std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> groups; // key, names
    for (const Format &f : list) {
      auto k = key(f.name);
      auto same = std::find_if(groups.begin(), groups.end(), [&](auto &g) { return g.first == k; });
      if (same == groups.end())
        groups.push_back({k, {f.name}});
      else
        same->second.push_back(f.name);
    }
    return groups;
  };
  auto columnKey = [&](const std::string &w) {
    std::vector<std::string> key;
    for (const Format &x : activations)
      key.push_back(cellText(x.name, w));
    return key;
  };
  auto rowKey = [&](const std::string &x) {
    std::vector<std::string> key;
    for (const Format &w : weights)
      key.push_back(cellText(x, w.name));
    return key;
  };
  auto join = [](const std::vector<std::string> &names) {
    std::string text;
    for (const std::string &name : names)
      text += (text.empty() ? "" : " ") + name;
    return text;
  };
  auto columns = group(weights, columnKey);
  std::string text = "| activations | ", line = "| --- |";
  for (const auto &[key, names] : columns)
    text += "weights " + join(names) + " | ", line += " --- |";
  text.pop_back();
  text += "\n" + line + "\n";
  for (const auto &[key, names] : group(activations, rowKey)) {
    text += "| " + join(names) + " |";
    for (const auto &column : columns)
      text += " " + cellText(names.front(), column.second.front()) + " |";
    text += "\n";
  }
  text += "\n";
  for (size_t i = 0; i < reasons.size(); ++i)
    text += std::to_string(i + 1) + ". " + reasons[i] + "\n";
  return text;
}

TEST(SupportMatrix, EveryPairGranularityAndLayer) {
  constexpr size_t layers = std::size(allLayers);
  std::vector<Summary> summaries(activations.size() * layers);
  std::vector<Row> byGroup(summaries.size());
  inParallel(getenv("NGROUPS") ? atoi(getenv("NGROUPS")) : summaries.size(), [&](size_t i) {
    summaries[i] = runGroup(activations[i / layers], allLayers[i % layers], i * 3, byGroup[i]);
  });
  Summary all;
  std::map<std::string, Row> rows;
  for (size_t i = 0; i < summaries.size(); ++i) {
    all += summaries[i];
    const std::string &x = activations[i / layers].name;
    for (const auto &[cell, reason] : byGroup[i]) {
      auto [known, isNew] = rows[x].try_emplace(cell, reason);
      EXPECT_EQ(known->second, reason) << x << " x " << cell.first
                                       << " depends on the layer: " << nameOf(allLayers[i % layers]);
    }
  }
  all.print("Operands x granularity x layer");
  std::ifstream file(NIBBLE_SUPPORT_PAGE);
  std::stringstream page;
  page << file.rdbuf();
  std::string table = tableOf(rows);
  EXPECT_NE(page.str().find(table), std::string::npos) << NIBBLE_SUPPORT_PAGE << " should hold this table:\n" << table;
}

} // namespace
