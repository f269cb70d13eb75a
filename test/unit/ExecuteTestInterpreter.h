// The interpreter behind an interface without MLIR: what compiled programs are compared with.
#pragma once
#include "compiler/Reference/HostTensor.h"
#include "compiler/Train/TrainingOptions.h"
#include <map>
#include <string>

namespace nibble::test {

using Values = std::map<std::string, reference::HostTensor>;

/// Builds the training step of a model and runs it on `values`, which holds every argument by name. Gives the results
/// by name: "loss", "correct", and each new value under its parameter's name. Empty after a failure, which is reported
/// to GoogleTest.
Values interpretStep(const std::string &module, const TrainingOptions &options, const Values &values);

/// Runs the model itself: its one result for its one input.
reference::HostTensor interpretModel(const std::string &module, const reference::HostTensor &input,
                                     const Values &parameters);

} // namespace nibble::test
