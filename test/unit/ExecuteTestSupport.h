// What the tests of training and compiling share: comparing bits, and the interpreter's word on a training step.
#pragma once
#include "test/unit/ExecuteTestInterpreter.h"
#include "test/unit/ExecuteTestNets.h"

#include <functional>

namespace nibble::test {

/// The message of the Error that a call throws, or "no error".
std::string messageOf(const std::function<void()> &call);

/// f32 and i32 arrays for the interpreter.
reference::HostTensor host(const Array &array);

/// Fails at the first value that differs: EXPECT_EQ of arrays would print pages.
void expectSame(const Array &have, const Array &wanted, const std::string &what);

/// One step of the trainer and of the interpreter from the same state: loss, correct, and every parameter, state and
/// slot have the same bits. `options` are those that the trainer was made with.
void expectStepAsInterpreted(const Graph &graph, Trainer &trainer, const TrainerOptions &options,
                             const LabelledImages &batch, const std::string &what);

} // namespace nibble::test
