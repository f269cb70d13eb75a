// The table and the JSON files.
#pragma once
#include "test/bench/compare/Measure.h"

namespace nibble::bench {

/// What the machine can do, and which libraries are there.
std::string machineText(const Machine &machine);
/// The heads of the columns, and one line.
std::string tableHead();
std::string tableLine(const Row &row);
/// For each pair of operands the geometric means and the extremes of the ratios.
std::string summary(const std::vector<Row> &rows);

/// Writes the rows to `path` and the machine to machine.json beside it; throws std::runtime_error.
void writeJson(const std::string &path, const std::vector<Row> &rows, const Machine &machine);

} // namespace nibble::bench
