// How long each layer of compiled code takes, without MLIR.
#ifndef NIBBLE_COMPILER_REPORT_PROFILE_H
#define NIBBLE_COMPILER_REPORT_PROFILE_H

#include "compiler/Report/Report.h"
#include "compiler/Support/Result.h"

#include <functional>

struct nibble_parallel; // compiler/Emit/Call.h, runtime/include/nibble/runtime.h

namespace nibble::report {

/// Nanoseconds for one image, over several runs.
struct Time {
  double least = 0, median = 0;
};

/// `runs`, at least one, are nanoseconds for `images`.
Time timeOf(std::vector<double> runs, int64_t images);

struct Profile {
  int64_t images = 0; ///< In each run.
  int repeat = 0, threads = 0;
  std::vector<Time> layers; ///< As Model::layers; each is the sum over its steps and over the tiles of images.
  Time total;               ///< Of the whole call.
};

/// Calls the entry of the model once with that nibble_parallel. Gives what went wrong, if something did.
using Call = std::function<std::optional<Failure>(const nibble_parallel *)>;

/// Times `repeat` calls with `images` after one that does not count, all on `threads` (null: the calling thread),
/// around the parallel regions that the code asks for. Error: that of a call, or the regions are not those of the
/// report.
Result<Profile> measure(const Model &model, int64_t images, int repeat, const nibble_parallel *threads,
                        const Call &call);

} // namespace nibble::report

#endif
