// Flags and help of nibble-compile.
#include "compiler/tools/nibble-compile/Options.h"
#include "compiler/tools/support/CommandLine.h"

namespace nibble::tools {
namespace {

constexpr const char *description = R"(Compiles a model from any stage of the IR to any later one.

Stages: graph, frozen, quantized, packed, tiled, kernels, llvm, object (docs/pipeline.md).)";

constexpr const char *examples = R"(Examples:
  nibble-compile model.mlir --weights=weights.safetensors --target=x86_64-linux-gnu,+avx2 -o model.o
  nibble-compile model.mlir --weights=weights.safetensors --target=x86_64-linux-gnu,+avx2 --emit=header -o model.h
  nibble-compile model.mlir --weights=weights.npz --compile-to=packed --report -o packed.mlir
  nibble-compile packed.mlir --compile-from=packed --emit=asm -o model.s
  nibble-compile model.mlir --weights=weights.npz --report=report.json --report=report.html -o model.o
  nibble-compile model.mlir --weights=weights.npz --tune --report -o model.o
  nibble-compile model.mlir --weights=weights.npz --dump-stages=stages -o model.o

The same input, target and options give the same bytes, but for --tune. Output files appear complete or not at all. Exit status: 0, or 1
after an error message.)";

} // namespace

std::optional<int> parseCompileOptions(int argc, char **argv, CompileOptions &o) {
  CLI::App app(description, "nibble-compile");
  app.footer(examples);
  app.add_option("MODEL", o.input, "The module, MLIR text; '-' for standard input")->required()->type_name("FILE");
  app.add_option("--weights", o.weights, "Values of all parameters: a .safetensors or .npz file of f32 tensors")
      ->type_name("FILE");
  app.add_option("--target", o.target,
                 "Triple and features, such as x86_64-linux-gnu,+avx2 or aarch64-linux-gnu; native: this machine")
      ->capture_default_str()
      ->type_name("TARGET");
  app.add_option("--compile-from", o.from, "The stage that the module is at [default: found by what it holds]")
      ->type_name("STAGE");
  app.add_option(
         "--compile-to", o.to,
         "The stage to stop at; an earlier stage than object gives MLIR [default: object, with --emit=mlir llvm]")
      ->type_name("STAGE");
  app.add_option(
         "--emit", o.emit,
         "mlir: the module; llvm: optimised LLVM IR; asm: assembly; object: a relocatable object; header: its C "
         "header [default: object, with an earlier --compile-to mlir]")
      ->type_name("KIND");
  app.add_option("--entry", o.entry, "Compile this function alone [default: all of them]")->type_name("NAME");
  addNumber(app, "--batch-tile", o.batchTile, 0, 1 << 20, "Images that are computed at a time, 1 or more; 0: chosen");
  app.add_flag("--allow-float", o.allowFloat, "Accept float ops between two quantisers; each is reported");
  addNumber(app, "--opt-level", o.level, 0, 3, "LLVM's optimisation, 0 to 3; changes no result");
  app.add_flag("--report", o.reports,
               "Print the kernel of each layer, why others were passed over, operations, and the memory needed; "
               "--report=FILE.json, .html or .txt writes a file instead; may be given several times");
  addNumber(app, "--threads", o.threads, 1, 1024,
            "Threads for which --report counts the memory; the code runs with any number");
  app.add_flag("--tune", o.tune,
               "Measure the kernels of each layer on this machine and take the fastest; changes no result");
  app.add_option("--tune-cache", o.tuneCache,
                 "Where --tune keeps times [default: $XDG_CACHE_HOME/nibble or ~/.cache/nibble]")
      ->type_name("DIR");
  app.add_option("--dump-stages", o.dumpDirectory,
                 "Write the module at every stage on the way to DIR/NN-STAGE.mlir; kept when a later stage fails")
      ->type_name("DIR");
  app.add_flag("--strip-locations", o.stripLocations,
               "Leave places in the source and names of layers out of MLIR output: for reading, not for resuming");
  app.add_option("-o", o.output, "Output; '-' is standard output [default: -, required for --emit=object]")
      ->type_name("OUT");
  return parse(app, argc, argv);
}

} // namespace nibble::tools
