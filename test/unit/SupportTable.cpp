// The table of the support matrix.
#include "test/unit/SupportTable.h"

namespace nibble::test {

static std::vector<Format> formats(std::initializer_list<const char *> names) {
  std::vector<Format> list;
  for (const char *name : names)
    list.push_back(Format::of(name));
  return list;
}

const std::vector<Format> &activationFormats() {
  static const std::vector<Format> list =
      formats({"f32", "binary", "ternary", "u1",  "u2",  "u3",  "u4",  "u5",   "u6", "u7",  "u8",
               "u4z", "u8z",    "i2",      "i3",  "i4",  "i5",  "i6",  "i7",   "i8", "i2n", "i3n",
               "i4n", "i5n",    "i6n",     "i7n", "i8n", "i8z", "i16", "i16n", "u16"});
  return list;
}

const std::vector<Format> &weightFormats() {
  static const std::vector<Format> list =
      formats({"f32", "binary", "ternary", "i2", "i4", "i8", "i2n", "i3n", "i4n", "i5n",
               "i6n", "i7n",    "i8n",     "u1", "u2", "u4", "u8",  "i8z", "i16", "u16"});
  return list;
}

namespace {

using Strings = std::vector<std::string>;

class Table {
public:
  explicit Table(const std::map<std::string, SupportRow> &rows) : rows(rows) {}

  std::string text() {
    auto columns = groups(weightFormats(), [&](const std::string &w) { return column(w); });
    auto lines = groups(activationFormats(), [&](const std::string &x) { return line(x); });
    std::string text = "| activations |", rule = "| --- |";
    for (const auto &[cells, names] : columns)
      text += " weights " + llvm::join(names, " ") + " |", rule += " --- |";
    text += "\n" + rule + "\n";
    for (const auto &[cells, names] : lines) {
      text += "| " + llvm::join(names, " ") + " |";
      for (const auto &[unused, weights] : columns)
        text += " " + cell(names.front(), weights.front()) + " |";
      text += "\n";
    }
    text += "\n";
    for (auto [i, reason] : llvm::enumerate(reasons))
      text += std::to_string(i + 1) + ". " + reason + "\n";
    return text;
  }

private:
  std::string cell(const std::string &x, const std::string &w) {
    std::string text;
    for (Granularity granularity : {Granularity::Tensor, Granularity::WeightChannel}) {
      auto found = rows.at(x).find({w, granularity});
      if (found == rows.at(x).end())
        continue;
      std::string here = found->second.empty() ? "exact" : "(" + std::to_string(note(found->second)) + ")";
      if (text.find(here) == std::string::npos)
        text += (text.empty() ? "" : " ") + here;
    }
    return text;
  }
  size_t note(const std::string &reason) {
    auto known = llvm::find(reasons, reason);
    size_t number = static_cast<size_t>(known - reasons.begin()) + 1;
    if (known == reasons.end())
      reasons.push_back(reason);
    return number;
  }
  Strings column(const std::string &w) {
    Strings cells;
    for (const Format &x : activationFormats())
      cells.push_back(cell(x.name, w));
    return cells;
  }
  Strings line(const std::string &x) {
    Strings cells;
    for (const Format &w : weightFormats())
      cells.push_back(cell(x, w.name));
    return cells;
  }

  /// Formats with equal cells, in order of the first of each group.
  static std::vector<std::pair<Strings, Strings>> groups(const std::vector<Format> &formats,
                                                         llvm::function_ref<Strings(const std::string &)> cellsOf) {
    std::vector<std::pair<Strings, Strings>> groups;
    for (const Format &format : formats) {
      Strings cells = cellsOf(format.name);
      auto same = llvm::find_if(groups, [&](auto &group) { return group.first == cells; });
      if (same == groups.end())
        groups.push_back({cells, {format.name}});
      else
        same->second.push_back(format.name);
    }
    return groups;
  }

  const std::map<std::string, SupportRow> &rows;
  Strings reasons;
};

} // namespace

std::string supportTable(const std::map<std::string, SupportRow> &rows) { return Table(rows).text(); }

} // namespace nibble::test
