// Takes small models through the whole compiler: refused with a message, or run beside the interpreter.
#pragma once
#include "compiler/Pipelines/Stages.h"
#include "test/unit/CompiledRun.h"
#include "test/unit/SupportCell.h"
#include <map>

namespace nibble::test {

/// Why a model was refused: the first error, which must name an op and a place of the model and say what to do.
struct Refusal {
  std::string message;
  std::string place; ///< "model.cpp:3", or empty if the error has none.
  /// What is missing of op, place, reason and advice; empty if nothing is.
  std::string flaw() const;
  /// The message without op, types and numbers.
  std::string reason() const;
};

/// Functions that are each either refused or compiled, run and compared with the interpreter on what they were before.
class CellRun {
public:
  explicit CellRun(std::string target = "native", int level = 0) : target(std::move(target)), level(level) {}

  /// The refusal, if the cell has one.
  std::optional<Refusal> add(const Cell &cell);
  /// The first function of a text at the quantized stage; its name does not matter.
  std::optional<Refusal> add(const std::string &what, const std::string &text);
  /// Compiles and runs in this process what was not refused: a batch of more images than the tile has, with 1 and 2
  /// threads. Gives the number of functions that were bit-exact; a test failure for each other one.
  int run();

  /// A function with inputs of `batch` images and what it must give.
  struct Case {
    std::string what, name;
    std::vector<HostTensor> inputs, expected;
  };
  std::vector<Case> cases();
  /// An object with all functions, and the header that goes with it.
  std::pair<std::string, std::string> object();
  /// How many pieces of machine code come from each generator.
  std::map<std::string, int> generatedKernels();

  static constexpr int64_t tile = 2, batch = 5;

private:
  std::optional<Refusal> add(const std::string &what, mlir::OwningOpRef<mlir::ModuleOp> module, Stage stage);

  struct Accepted {
    std::string what;
    mlir::OwningOpRef<mlir::ModuleOp> source;
  };
  std::string target;
  int level;
  Session session;
  mlir::OwningOpRef<mlir::ModuleOp> kernels;
  std::vector<Accepted> accepted;
};

} // namespace nibble::test
