// The formats of the support matrix and its table in docs/support.md.
#pragma once
#include "test/unit/SupportCell.h"
#include <map>
#include <vector>

namespace nibble::test {

/// Every activation format and every weight format that a model may ask for.
const std::vector<Format> &activationFormats();
const std::vector<Format> &weightFormats();
inline constexpr Granularity allGranularities[] = {Granularity::Tensor, Granularity::WeightChannel,
                                                   Granularity::ActivationChannel};

/// Why each pair of one activation format with weights of some format and granularity is refused; empty if it is not.
using SupportRow = std::map<std::pair<std::string, Granularity>, std::string>;

/// The table in Markdown, rows and columns with equal cells joined; the reasons as numbered notes below.
std::string supportTable(const std::map<std::string, SupportRow> &rows);

} // namespace nibble::test
