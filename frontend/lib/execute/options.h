// Numbers that a user chooses for training, against the ranges of nibble/train.h.
#pragma once
#include <nibble/train.h>

namespace nibble {

/// Throws one Error, naming the graph, for all options of `options` that are outside their range. Batch, threads and
/// target are checked where they are used.
void check_options(const Graph &graph, const TrainerOptions &options);

/// Throws Error, naming the graph, unless a learning rate is finite and at least 0.
void check_rate(const Graph &graph, float rate);

} // namespace nibble
