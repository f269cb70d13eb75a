// Problems that the compiler reports to its callers, without MLIR in the interface.
#ifndef NIBBLE_COMPILER_BUILDER_BUILDDIAGNOSTIC_H
#define NIBBLE_COMPILER_BUILDER_BUILDDIAGNOSTIC_H

#include <string>
#include <vector>

namespace nibble {

/// A place in the user's source; line 0 is no place at all.
struct SourcePlace {
  std::string file = {};
  int line = 0;
  int column = 0;
};

struct BuildNote {
  SourcePlace place = {}; ///< Line 0: the place of the diagnostic itself.
  std::string message = {};
};

enum class BuildSeverity { Error, Warning, Remark };

struct BuildDiagnostic {
  SourcePlace place = {};
  BuildSeverity severity = BuildSeverity::Error;
  std::string message = {};
  std::vector<BuildNote> notes = {};
};

} // namespace nibble

#endif
