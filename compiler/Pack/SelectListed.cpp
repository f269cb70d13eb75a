// When lists of groups (compiler/Kernels/Listed.h) are faster than the other kernels of 8-bit weights.
#include "compiler/Graph/Elements.h"
#include "compiler/Pack/KernelChoice.h"

#include <cmath>

using namespace mlir;

namespace nibble {
namespace {

std::string decimal(double value) {
  const int64_t hundredths = std::llround(value * 100);
  const std::string digits = std::to_string(100 + hundredths % 100);
  return std::to_string(hundredths / 100) + "." + digits.substr(1);
}

/// The lists of the weights, or why a listed kernel cannot take them.
kernels::Candidate candidateOf(const kernels::ListedKernelInfo &kernel, const TileFacts &facts, const Target &target) {
  kernels::Candidate candidate{std::string(kernel.name), {}};
  SmallVector<StringRef> features;
  StringRef(kernel.features).split(features, ',', -1, false);
  auto missing =
      llvm::find_if(features, [&](StringRef feature) { return !target.has({feature.data(), feature.size()}); });
  auto integers = readIntegers(facts.values);
  if (missing != features.end())
    candidate.reason = "target has no " + missing->str();
  else if (facts.groups != 1)
    candidate.reason = "groups = " + std::to_string(facts.groups);
  else if (facts.tapsLieApart())
    candidate.reason =
        "taps of a row are " + std::to_string(facts.dilations[1]) + " columns apart; lists have them side by side";
  else if (!integers)
    candidate.reason = "the weights cannot be read";
  if (!candidate.reason.empty())
    return candidate;
  const std::vector<int8_t> values(integers->begin(), integers->end());
  const kernels::ListedWeights weights{values,
                                       facts.shape[0],
                                       facts.shape[1],
                                       facts.run(),
                                       facts.columnsPadded ? facts.shape[2] : 1,
                                       facts.input->qmax - facts.input->qmin};
  candidate.reason = kernels::listedRefusal(weights);
  if (!candidate.reason.empty())
    return candidate;
  const kernels::ListedLength length = kernels::chooseListed(weights);
  if (length.bytes > INT32_MAX)
    candidate.reason = "lists of " + std::to_string(length.bytes) + " bytes; the kernel takes less than 2^31";
  const auto steps = static_cast<double>(weights.plainGroups());
  candidate.note = decimal(static_cast<double>(length.operations()) / steps) + " operations for 4 steps of 8 columns";
  candidate.widenEvery = length.window, candidate.weightBits = 8, candidate.listed = length;
  return candidate;
}

} // namespace

std::vector<kernels::Candidate> listedCandidates(const TileFacts &facts, const Target &target) {
  std::vector<kernels::Candidate> candidates;
  for (const kernels::ListedKernelInfo &kernel : kernels::listedKernels())
    candidates.push_back(candidateOf(kernel, facts, target));
  return candidates;
}

} // namespace nibble
