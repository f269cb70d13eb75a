// What the compiler did with each layer of a network, how long each takes, and both as text, JSON and HTML.
#ifndef NIBBLE_REPORT_H
#define NIBBLE_REPORT_H

#include <cstdint>
#include <nibble/error.h>
#include <nibble/limits.h>
#include <string_view>

namespace nibble {

/// One layer of the compiled network, in the order in which they run: a convolution or linear layer with everything up
/// to the next rounding, or another op that touches memory by itself, such as pooling or the quantisation of an input.
/// Ops without a layer (relu in front of pooling, a dequantisation) are computed by the layer that reads them.
struct LayerReport {
  std::string name; ///< "conv1": the weight's name up to its last dot. Others: the op's, such as "max_pool2d_2".
  std::string op;   ///< "conv2d", "linear", "max_pool2d", "quantize", ...
  std::string file; ///< Where the layer was written.
  int line = 0;
  /// How elements are stored: "u4", "s8", "binary", "ternary", "f32" or "i32". Shapes are without the batch; weights
  /// are [O, KH, KW, I / groups].
  std::string input_type, weight_type, output_type;
  std::vector<std::int64_t> input_shape, weight_shape, output_shape;

  // Convolution and linear layers; empty or 0 for others.
  std::string kernel;
  std::string choice;                ///< Why this kernel: "predicted 12.1 us", ...
  std::vector<std::string> rejected; ///< "kernel: reason" for each other kernel, in the order in which they are tried.
  /// "3 x 3 x 1 flattened to 3 runs of 4": how a window of few channels became one that its kernel takes; empty
  /// for others. `macs` are those of the window as it was written.
  std::string window;
  /// "2103 groups in 712 windows, 7 groups more than the weights fill": into which lists a kernel of that name had its
  /// weights ordered, so that 16-bit sums cannot overflow; empty for others. A group is 4 weights of 8 channels.
  std::string lists;
  std::int64_t weight_bytes = 0; ///< As packed for the kernel.
  std::int64_t macs = 0;         ///< Multiply-accumulates for one image; taps in the padding do not count.

  /// Memory that the code of the layer touches, each buffer once and whole; -1: not known, the compilation ended before
  /// the kernels stage. Activations, for one image:
  std::int64_t bytes_read = -1, bytes_written = -1;
  std::int64_t constant_bytes = -1; ///< Weights, scales, biases, thresholds; read for each tile of images.
  std::int64_t scratch_bytes = -1;  ///< For each thread.
};

/// One parallel region of the code: the code of a layer is one or more of them.
struct StepReport {
  std::string name;      ///< "conv1.tile"
  std::size_t layer = 0; ///< Index of its layer.
};

struct Report {
  std::string name;   ///< Of the compiled C function.
  std::string target; ///< In canonical form, such as "x86_64-linux-gnu,+avx2".
  std::vector<LayerReport> layers;
  std::vector<StepReport> steps;      ///< In the order in which they run, once for each tile of images.
  std::int64_t weight_bytes = 0;      ///< All constants: weights, scales, biases, thresholds.
  std::int64_t batch_tile = 0;        ///< Images computed at a time.
  std::int64_t arena_planned = 0;     ///< Bytes for the values of a tile of images, as placed by the memory planner,
  std::int64_t arena_lower_bound = 0; ///< and the most that is alive at once;
  std::int64_t arena_scratch = 0;     ///< bytes per thread on top.
  std::vector<Diagnostic> remarks;    ///< What the compiler remarked, such as float ops that were allowed.

  std::int64_t arena_bytes(int threads) const noexcept { return arena_planned + threads * arena_scratch; }
  /// The first layer of that name, or null.
  const LayerReport *layer(std::string_view name) const noexcept;
};

/// Nanoseconds for one image, over the repetitions of a profile.
struct Time {
  double min = 0, median = 0;
};

/// Measured by Model::profile.
struct Profile {
  std::int64_t images = 0; ///< In each repetition.
  int repeat = 0, threads = 0;
  std::vector<Time> layers;  ///< As Report::layers; each is the sum over its steps and over the tiles of images.
  Time total;                ///< Of the whole call; more than the sum of the layers by what lies between them.
  MachineLimits limits = {}; ///< Measured after the layers, for the bounds in what follows.
};

/// One line with the kernel, operand types, operations and bytes of a layer, without its place and name.
std::string to_string(const LayerReport &layer);

/// LayerReport::rejected with neighbours that have the same reason as one: "dot_a, dot_b: target has no avx2".
std::vector<std::string> skipped(const LayerReport &layer);

/// As text, with one line for each layer and one for each reason against other kernels; `profile`, if it is of this
/// report, adds the times:
///   model.cpp:23: remark: small_cnn/fc: kernel portable_i16 (u4 x s4, 25,088 weight bytes), predicted 2.41 us; per
///   image
///                 31,360 multiply-accumulates, ...; at least 165 ns by vpmaddubsw+vpaddw; took 2.31 us, 14.00 times
///                 that; median 2.40 us; 31.2 % of all layers
///   model.cpp:23: note: skipped dot_u8s8_16_6x16_avx2, dot_u8s8_6x16_avx2: target has no avx2
std::string to_string(const Report &report, const Profile &profile = {});

/// By what the times of a report's layers are bounded: the limits of the profile if it is of this report and has some,
/// else the known ones.
MachineLimits limits_for(const Report &report, const Profile &profile = {});

/// "at least 165 ns by vpmaddubsw+vpaddw"
std::string to_string(const Bound &bound);

/// As JSON; `profile`, if it is of this report, adds the times. docs/report.md has the fields.
std::string to_json(const Report &report, const Profile &profile = {});

/// As one page of XHTML that needs no other file.
std::string to_html(const Report &report, const Profile &profile = {});

/// Parts of such pages, for pages of one's own.
namespace html {
/// Text with & < > " ' as entities, and what XML cannot hold (control characters, bytes that are no UTF-8) replaced.
std::string escape(std::string_view text);
/// A table with a row for each layer.
std::string layer_table(const Report &report, const Profile &profile = {});
/// A whole page; `title` is text, `body` XHTML.
std::string page(std::string_view title, std::string_view body);
} // namespace html

} // namespace nibble

#endif // NIBBLE_REPORT_H
