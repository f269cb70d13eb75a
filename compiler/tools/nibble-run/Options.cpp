// Flags and help of nibble-run.
#include "compiler/tools/nibble-run/Options.h"
#include "compiler/tools/support/CommandLine.h"

namespace nibble::tools {
namespace {

constexpr const char *description =
    R"(Runs a model of the graph, quantized, packed or tiled stage on arrays from files: compiled for this machine, or in
the interpreter that defines what every op means. A graph is frozen first, so both give the same bits.)";

constexpr const char *examples = R"(Examples:
  nibble-run model.mlir --weights=weights.safetensors --input=images.npy --output=logits.npy
  nibble-run model.mlir --weights=weights.safetensors --input=images.npy --reference --expect=logits.npy
  nibble-run packed.mlir --input=image=images.npy --threads=2 --expect=logits=logits.npy
  nibble-run model.mlir --weights=weights.safetensors --input=images.npy --bench=20
  nibble-run model.mlir --weights=weights.safetensors --input=images.npy --profile=20

FILE or NAME=FILE: a file without a name goes to the next input (output) in order. Exit status: 0; 1 after an error
message, or if a value differs from --expect (outputs are written before they are compared).)";

} // namespace

std::optional<int> parseRunOptions(int argc, char **argv, RunOptions &o) {
  CLI::App app(description, "nibble-run");
  app.footer(examples);
  app.add_option("MODEL", o.model, "The module, MLIR text; '-' for standard input")->required()->type_name("FILE");
  app.add_option("--weights", o.weights, "Values of all parameters: a .safetensors or .npz file of f32 tensors")
      ->type_name("FILE");
  app.add_option("--input", o.inputs, "A .npy file for an input; the batch is that of the files")
      ->type_name("[NAME=]FILE")
      ->allow_extra_args(false);
  app.add_option("--output", o.outputs, "Write an output to a .npy file")
      ->type_name("[NAME=]FILE")
      ->allow_extra_args(false);
  app.add_option("--expect", o.expects, "Compare an output with a .npy file, bit for bit (one NaN equals another)")
      ->type_name("[NAME=]FILE")
      ->allow_extra_args(false);
  app.add_option("--entry", o.entry, "The function to run [default: the only one]")->type_name("NAME");
  app.add_flag("--reference", o.reference, "Interpret instead of compiling");
  app.add_flag("--no-freeze", o.noFreeze, "With --reference: interpret the graph as training sees it, not frozen");
  app.add_option("--target", o.target, "Compile for these features of this machine, such as x86_64-linux-gnu,+avx2")
      ->capture_default_str()
      ->type_name("TARGET");
  addNumber(app, "--threads", o.threads, 1, 1024, "Threads that compiled code may use, 1 to 1024; changes no result");
  addNumber(app, "--batch-tile", o.batchTile, 0, 1 << 20, "Images that are computed at a time, 1 or more; 0: chosen");
  app.add_flag("--allow-float", o.allowFloat, "Accept float ops between two quantisers");
  addNumber(app, "--bench", o.bench, 1, 1000000,
            "Run N times more and print the least and the median time per image; one thread is pinned to its CPU");
  addNumber(app, "--profile", o.profile, 1, 1000000,
            "Run N times more and print for each layer its kernel, bytes, bound, and the least and the median time per "
            "image");
  return parse(app, argc, argv);
}

} // namespace nibble::tools
