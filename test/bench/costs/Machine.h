// The name of this machine, for tables that were made on it.
#ifndef NIBBLE_TEST_BENCH_COSTS_MACHINE_H
#define NIBBLE_TEST_BENCH_COSTS_MACHINE_H

#include <fstream>
#include <string>

namespace nibble::bench {

/// "AMD EPYC, family 25 model 17"
inline std::string machineName() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, name, family, model;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(": ");
    if (colon == line.npos)
      continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1), value = line.substr(colon + 2);
    std::string *field = key == "model name"   ? &name
                         : key == "cpu family" ? &family
                         : key == "model"      ? &model
                                               : nullptr;
    if (field && field->empty())
      *field = value;
  }
  return name + ", family " + family + " model " + model;
}

} // namespace nibble::bench

#endif
