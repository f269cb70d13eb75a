// Catches MLIR's diagnostics and keeps them as text with the user's place.
#ifndef NIBBLE_COMPILER_BUILDER_DIAGNOSTICCOLLECTOR_H
#define NIBBLE_COMPILER_BUILDER_DIAGNOSTICCOLLECTOR_H

#include "compiler/Builder/BuildDiagnostic.h"
#include "mlir/IR/Diagnostics.h"

namespace nibble {

/// The first file and line that a location names (inside fused, named and call-site locations).
SourcePlace placeOf(mlir::Location location);

/// A message as a user of the DSL reads it: "'nibble.conv2d' op cannot ..." becomes "conv2d cannot ...".
std::string messageOf(mlir::Diagnostic &diagnostic);

/// While it lives, every diagnostic of the context on this thread is appended to `out` and printed nowhere.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext *context, std::vector<BuildDiagnostic> &out);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace nibble

#endif
