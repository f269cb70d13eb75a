// nibble-opt: runs passes of the project (and the upstream ones it builds on) over a module, for tests and for reading.
#include "compiler/Pipelines/Register.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"

namespace {

constexpr const char *description = R"(nibble-opt: runs passes over an MLIR module and prints the result.

  nibble-opt model.mlir --nibble-bind-weights=seed=1 --nibble-freeze --nibble-lower-to-integers
  nibble-opt quantized.mlir --nibble-to-packed=target=x86_64-linux-gnu,+avx2 -o packed.mlir

Stages, and the passes and pipelines that lead to them (docs/pipeline.md):
  graph      what the DSL writes: f32 tensors, parameters, explicit quantisers
  frozen     --nibble-bind-weights --nibble-freeze
  quantized  --nibble-lower-to-integers --nibble-choose-thresholds
  packed     --nibble-to-packed: --nibble-form-tiles --nibble-select-kernels --nibble-assign-layouts
             --nibble-materialize-layouts --nibble-pack-constants --nibble-verify-layouts
  tiled      --nibble-to-tiled: --nibble-tile-batch
  kernels    --nibble-lower-to-kernels
  llvm       --nibble-to-llvm: --nibble-plan-memory --nibble-expand-fma --convert-ukr-to-llvm
             --nibble-emit-entries --nibble-verify-llvm
A training step of a graph is lowered from there by --nibble-lower-to-kernels; it is made by
  --nibble-prepare-training --nibble-differentiate --nibble-apply-optimizer --nibble-verify-training-step

To go through all stages in one run use nibble-compile. --help-hidden also lists the options of LLVM.
)";

/// LLVM's libraries bring hundreds of options of their own; those registered so far are left out of --help.
void hideOptionsOfLibraries() {
  constexpr llvm::StringLiteral kept[] = {"help", "help-list", "version"};
  for (auto &[name, option] : llvm::cl::getRegisteredOptions())
    if (!llvm::is_contained(kept, name))
      option->setHiddenFlag(llvm::cl::Hidden);
}

} // namespace

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  nibble::registerDialects(registry);
  nibble::registerPasses();
  hideOptionsOfLibraries();
  mlir::registerCLIOptions("nibble-opt", registry);
  auto [input, output] = mlir::parseCLIOptions(argc, argv, description);
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, input, output, registry));
}
