// When lists of groups (compiler/Kernels/Listed.h) are faster than the other kernels of 8-bit weights.
#include "compiler/Graph/Elements.h"
#include "compiler/Pack/KernelChoice.h"

#include <cmath>

using namespace mlir;

namespace nibble {
namespace {

/// Vector operations for 4 k of 8 columns and a row, up to which lists are faster. The others take 3 and 5.5, with
/// fewer loads beside them: measured, 660 GOP/s divided by the operations of lists against 234 and 160.
double mostOperations(const kernels::KernelInfo &kernel) {
  return kernel.accumulation == kernels::Accumulation::Pairs32 ? 2.75 : 4;
}

std::string decimal(double value) {
  const int64_t hundredths = std::llround(value * 100);
  const std::string digits = std::to_string(100 + hundredths % 100);
  return std::to_string(hundredths / 100) + "." + digits.substr(1);
}

/// The lists of the weights, or why a listed kernel cannot or should not take the place of `other`.
kernels::Candidate candidateOf(const kernels::ListedKernelInfo &kernel, const TileFacts &facts, const Target &target,
                               const kernels::KernelInfo &other) {
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
  // The other kernel computes whole tiles of its columns.
  const int64_t tiles = llvm::divideCeil(facts.shape[0], other.columns) * (other.columns / kernels::listedColumns);
  const auto groups = static_cast<double>(tiles * facts.shape[1] * llvm::divideCeil(facts.run(), kernels::dotGroup));
  const double each = static_cast<double>(length.operations()) / groups, most = mostOperations(other);
  if (length.bytes > INT32_MAX)
    candidate.reason = "lists of " + std::to_string(length.bytes) + " bytes; the kernel takes less than 2^31";
  else if (each > most)
    candidate.reason = "these weights take " + decimal(each) + " operations for 4 steps of 8 columns; above " +
                       decimal(most) + " " + std::string(other.name) + " is faster";
  candidate.widenEvery = length.window, candidate.weightBits = 8;
  candidate.listed = length, candidate.shareOfNext = each / most;
  return candidate;
}

} // namespace

std::vector<kernels::Candidate> listedCandidates(const TileFacts &facts, const Target &target,
                                                 const kernels::KernelInfo &other) {
  std::vector<kernels::Candidate> candidates;
  for (const kernels::ListedKernelInfo &kernel : kernels::listedKernels())
    candidates.push_back(candidateOf(kernel, facts, target, other));
  return candidates;
}

} // namespace nibble
