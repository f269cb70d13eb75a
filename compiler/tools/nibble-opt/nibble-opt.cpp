// nibble-opt: runs passes of the project (and the upstream ones it builds on) over a module, for tests and for reading.
#include "compiler/Pipelines/Register.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  nibble::registerDialects(registry);
  nibble::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Nibble pass driver\n", registry));
}
