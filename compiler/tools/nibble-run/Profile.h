// What --profile prints.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_PROFILE_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_PROFILE_H

#include "compiler/Report/Profile.h"

namespace nibble::tools {

/// The text form of the public API, with bounds by limits that are measured now. Why other kernels were passed over is
/// left to nibble-compile --report. Error: not enough memory.
Result<std::string> profileText(const report::Model &model, const report::Profile &profile) noexcept;

} // namespace nibble::tools

#endif
