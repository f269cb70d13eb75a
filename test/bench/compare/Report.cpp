// Table and JSON.
#include "test/bench/compare/Report.h"
#include "test/bench/compare/Threads.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdarg>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace nibble::bench {
namespace {

using json = nlohmann::ordered_json;

[[gnu::format(printf, 1, 2)]] std::string format(const char *text, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, text);
  vsnprintf(line, sizeof line, text, arguments);
  va_end(arguments);
  return line;
}

std::string ratioText(const std::string &peer, const std::optional<double> &ratio) {
  return ratio ? format("%5.2fx %s", *ratio, peer.c_str()) : "    -";
}

const char *exactText(const Row &row) {
  if (!row.exact)
    return "-";
  if (row.isPeer())
    return *row.exact ? "yes" : "no";
  return !*row.exact ? "WRONG" : row.checked < 1 ? "yes, part" : "yes";
}

template <typename T>
json orNull(const std::optional<T> &value) {
  return value ? json(*value) : json(nullptr);
}
json textOrNull(const std::string &text) { return text.empty() ? json(nullptr) : json(text); }
json milliseconds(const std::optional<double> &seconds) { return seconds ? json(*seconds * 1e3) : json(nullptr); }

json toJson(const Row &row) {
  json object{{"op", row.op},
              {"operands", row.operands},
              {"shape", row.shape},
              {"ms_min", milliseconds(row.seconds)},
              {"ms_median", milliseconds(row.medianSeconds)},
              {"gops", orNull(row.gops())},
              {"bound_gops", row.boundGops},
              {"bound_by", row.boundBy},
              {"peer", textOrNull(row.peer)},
              {"peer_ms_min", milliseconds(row.peerSeconds)},
              {"ratio", orNull(row.ratio())},
              {"exact", orNull(row.exact)},
              {"kernel", textOrNull(row.kernel)},
              {"repetitions", row.repetitions},
              {"refused", textOrNull(row.refused)}};
  if (!row.isPeer()) {
    object["exact_peer"] = textOrNull(row.exactPeer);
    object["exact_peer_ms_min"] = milliseconds(row.exactPeerSeconds);
    object["exact_ratio"] = orNull(row.exactRatio());
    object["checked"] = row.checked;
    object["rejected"] = row.rejected;
    object["weight_bytes"] = row.weightBytes;
  }
  return object;
}

json toJson(const Machine &machine) {
  json object{{"cpu", machine.cpu}, {"target", machine.target}, {"isa", machine.wide ? "native" : "avx2"}};
  for (const Library &library : machine.libraries)
    object["peers"][library.name] = library.missing.empty() ? library.version : "missing: " + library.missing;
  for (const auto &[limit, rate] : machine.limits)
    object["limits"][limit->name] = {{"unit", std::string("G") + limit->unit + "/s"}, {"rate", rate / 1e9}};
  for (const Bandwidth &level : machine.bandwidths)
    object["read_gb_per_s"][level.level] = level.bytesPerSecond / 1e9;
  return object;
}

void write(const std::filesystem::path &path, const json &value) {
  std::ofstream stream(path);
  stream << value.dump(1) << '\n';
  stream.close();
  if (!stream)
    throw std::runtime_error("cannot write " + path.string());
}

struct Mean {
  double logs = 0, least = INFINITY, most = 0;
  int count = 0;
  void add(const std::optional<double> &value) {
    if (!value || *value <= 0)
      return;
    logs += std::log(*value);
    least = std::min(least, *value);
    most = std::max(most, *value);
    ++count;
  }
  std::string text() const {
    return count ? format("%5.2f (%.2f..%.2f)", std::exp(logs / count), least, most) : std::string("    -");
  }
};

} // namespace

std::string machineText(const Machine &machine) {
  std::string text = machine.cpu + ", target " + machine.target + "\n";
  for (const Library &library : machine.libraries)
    text += "peer " + library.name + ": " +
            (library.missing.empty() ? library.version : "missing: " + library.missing) + "\n";
  for (const auto &[limit, rate] : machine.limits)
    text += format("limit %-28s %8.1f G%s/s\n", limit->name, rate / 1e9, limit->unit);
  for (const Bandwidth &level : machine.bandwidths)
    text += format("read  %-28s %8.1f GB/s (%lld KiB)\n", level.level.c_str(), level.bytesPerSecond / 1e9,
                   static_cast<long long>(level.bytes >> 10));
  return text;
}

std::string tableHead() {
  return format("%-21s %-14s %-20s %-28s %9s %9s %8s %8s %5s  %-27s %-23s %-23s %s", "op", "operands", "shape",
                "kernel", "min ms", "median", "GOP/s", "bound", "of it", "bound by", "fastest peer", "fastest exact",
                "exact");
}

std::string tableLine(const Row &row) {
  std::string line = format("%-21s %-14s %-20s %-28.28s ", (row.isPeer() ? "  " + row.op.substr(5) : row.op).c_str(),
                            row.operands.c_str(), row.shape.c_str(), row.kernel.empty() ? "-" : row.kernel.c_str());
  if (!row.seconds)
    return line + (row.exact == false ? "WRONG: " : "refused: ") + row.refused;
  line += format("%9.4f %9.4f %8.1f %8.1f %4.0f%%  %-27s", *row.seconds * 1e3, *row.medianSeconds * 1e3, *row.gops(),
                 row.boundGops, 100 * *row.gops() / row.boundGops, row.boundBy.c_str());
  if (row.isPeer())
    return line + format(" %-23s %-23s %s", "", "", exactText(row));
  return line + format(" %-23s %-23s %s", ratioText(row.peer, row.ratio()).c_str(),
                       ratioText(row.exactPeer, row.exactRatio()).c_str(), exactText(row));
}

std::string summary(const std::vector<Row> &rows) {
  struct Means {
    std::string operands;
    Mean ratio, exact, bound;
    int refused = 0;
  };
  std::vector<Means> groups;
  for (const Row &row : rows) {
    if (row.isPeer())
      continue;
    if (groups.empty() || groups.back().operands != row.operands)
      groups.push_back({row.operands, {}, {}, {}});
    Means &group = groups.back();
    group.ratio.add(row.ratio());
    group.exact.add(row.exactRatio());
    if (row.seconds)
      group.bound.add(*row.gops() / row.boundGops);
    group.refused += !row.seconds;
  }
  std::string text =
      format("%-14s %-22s %-22s %-22s %s\n", "operands", "to fastest peer", "to fastest exact", "of bound", "refused");
  for (const Means &group : groups)
    text += format("%-14s %-22s %-22s %-22s %d\n", group.operands.c_str(), group.ratio.text().c_str(),
                   group.exact.text().c_str(), group.bound.text().c_str(), group.refused);
  return text;
}

namespace {

void writeFiles(const std::string &path, const json &list, const Machine &machine) {
  const std::filesystem::path file(path);
  if (file.has_parent_path())
    std::filesystem::create_directories(file.parent_path());
  write(file, list);
  write(file.parent_path() / "machine.json", toJson(machine));
}

json toJson(const ThreadRow &row) {
  json object{{"op", row.op},
              {"operands", row.operands},
              {"shape", row.shape},
              {"kernel", textOrNull(row.kernel)},
              {"threads", row.threads},
              {"ms_min", milliseconds(row.seconds)},
              {"ms_median", milliseconds(row.medianSeconds)},
              {"ms_min_one", milliseconds(row.oneSeconds)},
              {"gops", row.seconds ? json(row.gop / *row.seconds) : json(nullptr)},
              {"speedup", row.seconds ? json(row.speedup()) : json(nullptr)},
              {"loop_speedup", row.loopSpeedup},
              {"of_bandwidth", row.seconds ? json(row.ofBandwidth()) : json(nullptr)},
              {"exact", row.exact},
              {"checked", row.checked},
              {"refused", textOrNull(row.error)}};
  return object;
}

} // namespace

void writeJson(const std::string &path, const std::vector<Row> &rows, const Machine &machine) {
  json list = json::array();
  for (const Row &row : rows)
    list.push_back(toJson(row));
  writeFiles(path, list, machine);
}

std::string threadTableHead(int threads) {
  return format("%-6s %-14s %-20s %-28s %10s %10s %10s %9s %10s %13s", "op", "operands", "shape", "kernel", "min ms, 1",
                format("min ms, %d", threads).c_str(), "median", "speed-up", "of a loop", "of bandwidth");
}

std::string threadTableLine(const ThreadRow &row) {
  std::string line = format("%-6s %-14s %-20s %-28.28s ", row.op.c_str(), row.operands.c_str(), row.shape.c_str(),
                            row.kernel.empty() ? "-" : row.kernel.c_str());
  if (!row.error.empty())
    return line + "refused: " + row.error;
  return line + format("%10.4f %10.4f %10.4f %8.2fx %9.2fx %12.0f%%", *row.oneSeconds * 1e3, *row.seconds * 1e3,
                       *row.medianSeconds * 1e3, row.speedup(), row.loopSpeedup, 100 * row.ofBandwidth());
}

void writeThreadJson(const std::string &path, const std::vector<ThreadRow> &rows, const Machine &machine) {
  json list = json::array();
  for (const ThreadRow &row : rows)
    list.push_back(toJson(row));
  writeFiles(path, list, machine);
}

} // namespace nibble::bench
