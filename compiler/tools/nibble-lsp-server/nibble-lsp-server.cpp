// nibble-lsp-server: a language server for files of the project's dialects (docs/editors.md).
#include "compiler/Pipelines/Register.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include <cstdlib>

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  nibble::registerDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry)) ? EXIT_FAILURE : EXIT_SUCCESS;
}
