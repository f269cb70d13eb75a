// Writes frontend/lib/limits/known.def: the limits of this machine. Pin it, on a quiet machine:
//   taskset -c 1 build/release/bin/bench/machine_limits > known && mv known frontend/lib/limits/known.def
#include "test/bench/costs/Machine.h"

#include <nibble/limits.h>

#include <cstdio>

int main() {
  const nibble::MachineLimits limits = nibble::measure_limits(6);
  std::printf("// Limits of the machine on which the compiler's tables were made. Written by machine_limits\n"
              "// (test/bench/costs), never by hand.\n//\n"
              "// NIBBLE_KNOWN_MACHINE(text)\n"
              "// NIBBLE_KNOWN_INSTRUCTIONS(sequence, rate a second, unit)\n"
              "// NIBBLE_KNOWN_MEMORY(level, bytes that fit, bytes a second)\n// clang-format off\n"
              "NIBBLE_KNOWN_MACHINE(\"%s\")\n",
              nibble::bench::machineName().c_str());
  for (const nibble::InstructionLimit &limit : limits.instructions)
    std::printf("NIBBLE_KNOWN_INSTRUCTIONS(\"%s\", %.4g, \"%s\")\n", limit.name.c_str(), limit.rate,
                limit.unit.c_str());
  for (const nibble::MemoryLimit &level : limits.memory)
    std::printf("NIBBLE_KNOWN_MEMORY(\"%s\", %lld, %.4g)\n", level.level.c_str(),
                static_cast<long long>(level.capacity), level.rate);
  std::printf("#undef NIBBLE_KNOWN_MACHINE\n#undef NIBBLE_KNOWN_INSTRUCTIONS\n#undef NIBBLE_KNOWN_MEMORY\n"
              "// clang-format on\n");
}
