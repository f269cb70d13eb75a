// What --report prints and writes.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_COMPILE_REPORT_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_COMPILE_REPORT_H

#include "compiler/Report/Report.h"
#include "compiler/Support/Result.h"

#include <span>
#include <string_view>

namespace nibble::tools {

/// The kernel and memory of each layer, then the memory of the code:
///   nibble: remark: small_cnn/fc: kernel portable_i16 (u4 x s4, 8,192 weight bytes); per image ...; skipped A, B (why)
///   nibble: remark: weights and all other constants: 8492 bytes
///   nibble: remark: small_cnn: 16384 bytes planned (lower bound 16384), 1024 of scratch a thread: an arena of 17408
///   bytes for 1 thread; batch tile 16
std::string reportText(std::span<const report::Model> models, int threads);

/// What is wrong with --report=`path`, or nothing: it ends in .json, .html or .txt.
std::optional<Failure> checkReportPath(std::string_view path);

/// The content of that file. Error: a .json or .html file is of one model.
Result<std::string> reportFile(std::string_view path, std::span<const report::Model> models, int threads) noexcept;

} // namespace nibble::tools

#endif
