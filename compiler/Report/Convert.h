// The report and the profile in the form of the public API. A template, so that the compiler needs no header of the
// API.
#ifndef NIBBLE_COMPILER_REPORT_CONVERT_H
#define NIBBLE_COMPILER_REPORT_CONVERT_H

#include "compiler/Report/Profile.h"

namespace nibble::report {

/// `Public` is nibble::Report of <nibble/report.h>; its remarks are left empty.
template <typename Public>
Public convert(const Model &model) {
  Public report;
  report.name = model.name;
  report.target = model.target;
  report.weight_bytes = model.constantBytes;
  report.batch_tile = model.batch;
  report.arena_planned = model.arena.planned;
  report.arena_lower_bound = model.arena.lowerBound;
  report.arena_scratch = model.arena.scratch;
  for (const Layer &from : model.layers) {
    auto &to = report.layers.emplace_back();
    to.name = from.name;
    to.op = from.op;
    to.file = from.place.file;
    to.line = from.place.line;
    to.kernel = from.kernel;
    to.choice = from.choice;
    to.rejected = from.rejected;
    to.window = from.window;
    to.lists = from.lists;
    to.input_type = from.input.type;
    to.weight_type = from.weight.type;
    to.output_type = from.output.type;
    to.input_shape = from.input.shape;
    to.weight_shape = from.weight.shape;
    to.output_shape = from.output.shape;
    to.weight_bytes = from.weightBytes;
    to.macs = from.macs;
    if (from.memory) {
      to.bytes_read = from.memory->read;
      to.bytes_written = from.memory->written;
      to.constant_bytes = from.memory->constants;
      to.scratch_bytes = from.memory->scratch;
    }
  }
  for (const Step &from : model.steps)
    report.steps.push_back({from.name, from.layer});
  return report;
}

/// `Public` is nibble::Profile of <nibble/report.h>; its limits are left empty.
template <typename Public>
Public convert(const Profile &from) {
  Public profile;
  profile.images = from.images;
  profile.repeat = from.repeat;
  profile.threads = from.threads;
  for (const Time &time : from.layers)
    profile.layers.push_back({time.least, time.median});
  profile.total = {from.total.least, from.total.median};
  return profile;
}

} // namespace nibble::report

#endif
