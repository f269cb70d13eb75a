// When lists of groups (compiler/Kernels/Listed.h) are faster than the other kernels of 8-bit weights.
#include "compiler/Graph/Elements.h"
#include "compiler/Pack/KernelChoice.h"

using namespace mlir;

namespace nibble {
namespace {

/// Vector operations for 4 k of 8 columns and a row, up to which lists are faster. The others take 3 and 5.5, with
/// fewer loads beside them: measured, 660 GOP/s divided by the operations of lists against 234 and 160.
double mostOperations(const kernels::KernelInfo &kernel) {
  return kernel.accumulation == kernels::Accumulation::Pairs32 ? 2.75 : 4;
}

std::string decimal(double value) {
  const auto hundredths = static_cast<int64_t>(value * 100 + 0.5);
  const std::string digits = std::to_string(100 + hundredths % 100);
  return std::to_string(hundredths / 100) + "." + digits.substr(1);
}

/// Why a listed kernel cannot or should not take the place of `other`; empty if it should. Sets selection.listed.
std::string againstListed(const kernels::ListedKernelInfo &kernel, const TileFacts &facts, const Target &target,
                          const kernels::KernelInfo &other, kernels::Selection &selection) {
  SmallVector<StringRef> features;
  StringRef(kernel.features).split(features, ',', -1, false);
  for (StringRef feature : features)
    if (!target.has({feature.data(), feature.size()}))
      return "target has no " + feature.str();
  if (facts.groups != 1)
    return "groups = " + std::to_string(facts.groups);
  if (facts.tapsLieApart())
    return "taps of a row are " + std::to_string(facts.dilations[1]) + " columns apart; lists have them side by side";
  auto integers = readIntegers(facts.values);
  if (!integers)
    return "the weights cannot be read";
  const std::vector<int8_t> values(integers->begin(), integers->end());
  const kernels::ListedWeights weights{values,
                                       facts.shape[0],
                                       facts.shape[1],
                                       facts.run(),
                                       facts.columnsPadded ? facts.shape[2] : 1,
                                       facts.input->qmax - facts.input->qmin};
  if (std::string reason = kernels::listedRefusal(weights); !reason.empty())
    return reason;
  const kernels::ListedLength length = kernels::chooseListed(weights);
  if (length.bytes > INT32_MAX)
    return "lists of " + std::to_string(length.bytes) + " bytes; the kernel takes less than 2^31";
  // The other kernel computes whole tiles of its columns.
  const int64_t tiles = llvm::divideCeil(facts.shape[0], other.columns) * (other.columns / kernels::listedColumns);
  const auto groups = static_cast<double>(tiles * facts.shape[1] * llvm::divideCeil(facts.run(), kernels::dotGroup));
  const double each = static_cast<double>(length.operations()) / groups, most = mostOperations(other);
  if (each > most)
    return "these weights take " + decimal(each) + " operations for 4 steps of 8 columns; above " + decimal(most) +
           " " + std::string(other.name) + " is faster";
  selection.listed = length;
  return {};
}

} // namespace

void chooseListedKernel(const TileFacts &facts, const Target &target, kernels::Selection &selection) {
  const kernels::KernelInfo *other = kernels::findKernel(selection.kernel);
  if (!other || other->features != "avx2" || other->weightBits != 8 ||
      other->accumulation == kernels::Accumulation::Windows16)
    return;
  for (const kernels::ListedKernelInfo &kernel : kernels::listedKernels()) {
    std::string reason = againstListed(kernel, facts, target, *other, selection);
    if (reason.empty()) {
      selection.kernel = kernel.name;
      selection.widenEvery = selection.listed->window;
      return;
    }
    selection.rejections.push_back({std::string(kernel.name), std::move(reason)});
  }
}

} // namespace nibble
