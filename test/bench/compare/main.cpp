// compare_kernels: the kernels of compiled networks beside other libraries and the limits of the machine, on one core.
#include "test/bench/compare/Report.h"
#include "test/bench/compare/Threads.h"

#include <nibble/runtime.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sched.h>
#include <unistd.h>

using namespace nibble::bench;

namespace {

struct Options {
  std::string filter, json, isa = "native", python = "python3", peers;
  int repeat = 0, core = -1, threads = 1;
  double leastMilliseconds = 1;
  bool quick = false, list = false;
};

/// As many of the last cores that this process may use as there are threads.
cpu_set_t coresFor(const Options &options) {
  cpu_set_t mine, chosen;
  CPU_ZERO(&mine);
  CPU_ZERO(&chosen);
  sched_getaffinity(0, sizeof mine, &mine);
  const int last = options.core < 0 ? CPU_SETSIZE - 1 : options.core;
  for (int core = last; core >= 0 && CPU_COUNT(&chosen) < options.threads; --core)
    if (CPU_ISSET(core, &mine) || core == options.core)
      CPU_SET(core, &chosen);
  return chosen;
}

/// Libraries read the number of threads and the instruction set when they are loaded: this process starts itself again,
/// pinned to its cores and with these settings.
void pin(const Options &options, char **argv) {
  constexpr const char *mark = "NIBBLE_BENCH_PINNED";
  if (std::getenv(mark))
    return;
  const cpu_set_t set = coresFor(options);
  if (CPU_COUNT(&set) < options.threads || sched_setaffinity(0, sizeof set, &set) != 0) {
    std::fprintf(stderr, "compare_kernels: error: no %d core(s) to run on, up to core %d\n", options.threads,
                 options.core);
    std::exit(1);
  }
  setenv(mark, "1", 1);
  for (const char *threads : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    setenv(threads, "1", 1);
  if (options.isa == "avx2") {
    setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
    setenv("OPENBLAS_CORETYPE", "Haswell", 1);
  }
  execv("/proc/self/exe", argv);
  std::perror("compare_kernels: error: cannot start itself again");
  std::exit(1);
}

std::string cpuName() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("model name"))
      return line.substr(line.find(": ") + 2);
  return "unknown CPU";
}

Machine examine(const Options &options, const PeerOptions &peers) {
  Machine machine;
  machine.cpu = cpuName();
  machine.wide = peers.wide;
  machine.target = peers.wide ? "native" : "x86_64-linux-gnu,+avx2";
  machine.libraries = libraries(peers);
  std::erase_if(machine.libraries,
                [wanted = std::regex(options.peers), threads = options.threads](const Library &library) {
                  return threads > 1 || !std::regex_search(library.name, wanted);
                });
  for (const Limit *limit : limitsOfCpu(peers.wide)) {
    Contestant run = contestantOf(*limit);
    interleave({&run}, {.repeat = options.quick ? 50 : 200});
    machine.limits.emplace_back(limit, rateOf(*limit, run.times));
  }
  machine.bandwidths = measureBandwidths(options.quick ? 0.8 : 3);
  return machine;
}

std::vector<Case> selected(const Options &options) {
  const std::regex filter(options.filter);
  std::vector<Case> cases;
  for (const Case &c : allCases())
    if ((!options.quick || c.shape.quick) && std::regex_search(c.str(), filter))
      cases.push_back(c);
  return cases;
}

/// Cases that take one thread long enough, on one and on several.
int runThreads(const Options &options, const std::vector<Case> &cases, const Machine &machine,
               const MeasureOptions &measuring, const std::string &path) {
  std::printf("%s\n", threadTableHead(options.threads).c_str());
  std::vector<ThreadRow> rows;
  bool wrong = false;
  for (const Case &c : cases) {
    auto row = measureThreads(c, machine, measuring, options.threads, options.leastMilliseconds * 1e-3);
    if (!row)
      continue;
    std::printf("%s\n", threadTableLine(*row).c_str());
    std::fflush(stdout);
    wrong |= row->seconds && !row->exact;
    rows.push_back(std::move(*row));
    writeThreadJson(path, rows, machine); // what is there stays there if the run is ended
  }
  writeThreadJson(path, rows, machine);
  std::printf("\n%zu rows in %s\n", rows.size(), path.c_str());
  if (wrong)
    throw std::runtime_error("a kernel does not give what the interpreter gives");
  return 0;
}

int run(const Options &options) {
  const std::vector<Case> cases = selected(options);
  if (options.list) {
    for (const Case &c : cases)
      std::printf("%s\n", c.str().c_str());
    return 0;
  }
  if (cases.empty())
    throw std::runtime_error("no case matches; --list shows them all");
  MeasureOptions measuring;
  measuring.timing = {.seconds = options.quick ? 0.15 : 0.6, .repeat = options.repeat, .least = options.quick ? 3 : 10};
  measuring.peers = {.wide = options.isa == "native", .python = options.python};
  measuring.checkedMacs = options.quick ? 30e6 : 120e6;
  const Machine machine = examine(options, measuring.peers);
  std::printf("%s\n", machineText(machine).c_str());
  const std::string path = options.json.empty()
                               ? options.threads > 1 ? "build/bench/threads.json" : "build/bench/kernels.json"
                               : options.json;
  if (options.threads > 1)
    return runThreads(options, cases, machine, measuring, path);
  std::printf("%s\n", tableHead().c_str());
  std::vector<Row> rows;
  bool wrong = false;
  for (const Case &c : cases) {
    for (Row &row : measure(c, machine, measuring)) {
      std::printf("%s\n", tableLine(row).c_str());
      wrong |= !row.isPeer() && row.exact == false;
      rows.push_back(std::move(row));
    }
    std::fflush(stdout);
    writeJson(path, rows, machine); // what is there stays there if the run is ended
  }
  std::printf("\n%s\n%zu rows in %s\n", summary(rows).c_str(), rows.size(), path.c_str());
  if (wrong)
    throw std::runtime_error("a kernel does not give what the interpreter gives");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app{"Compiled kernels beside other libraries, interleaved on one core (docs/benchmarks.md)"};
  app.add_option("--filter", options.filter, "Cases whose line in --list matches this regular expression");
  app.add_option("--repeat", options.repeat, "Repetitions of each program; 0: as many as fit the time of a case")
      ->check(CLI::Range(0, 100000));
  app.add_option("--json", options.json,
                 "Where to write the rows [default: build/bench/kernels.json, with --threads threads.json]; "
                 "machine.json is written beside it");
  app.add_option("--isa", options.isa, "native, or avx2: nobody may use more")
      ->check(CLI::IsMember({"native", "avx2"}))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Compare so many threads with one, on so many cores, without peers")
      ->check(CLI::Range(1, 64));
  app.add_option("--least-ms", options.leastMilliseconds,
                 "With --threads: leave out what one thread computes in less [default: 1]")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--core", options.core, "The (last) core to run on [default: the last one]")
      ->check(CLI::Range(0, 1023));
  app.add_option("--python", options.python, "The Python that has onnxruntime")->capture_default_str();
  app.add_option("--peers", options.peers, "Peers whose name matches this regular expression; '^$' for none");
  app.add_flag("--quick", options.quick, "A few shapes, short repetitions: about a minute");
  app.add_flag("--list", options.list, "Only list the cases");
  CLI11_PARSE(app, argc, argv);
  if (!nibble_cpu_has("avx2") || !nibble_cpu_has("fma")) {
    std::fprintf(stderr, "compare_kernels: error: this machine has no avx2 and fma\n");
    return 1;
  }
  try {
    if (!options.list)
      pin(options, argv);
    return run(options);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "compare_kernels: error: %s\n", error.what());
    return 1;
  }
}
