// What compile() and compile_to_object() share.
#pragma once
#include "compiler/Driver/Model.h"

#include <nibble/compile.h>

namespace nibble {

driver::ModelOptions model_options(const CompileOptions &options);
Report to_report(const driver::ModelReport &from, std::vector<Diagnostic> remarks);

} // namespace nibble
