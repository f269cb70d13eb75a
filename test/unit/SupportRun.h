// Takes small models through the whole compiler: refused with a message, or run beside the interpreter.
#pragma once
#include "compiler/Pipelines/Stages.h"
#include "compiler/Target/Target.h"
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
  /// How many functions were not refused.
  int size() const { return static_cast<int>(accepted.size()); }

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

/// The fixture of layers that are run for several targets, the parameters; skipped, with the reason, where this machine
/// has not what a target needs. In the end it prints the generated kernels that took part.
class SupportTest : public testing::TestWithParam<const char *> {
protected:
  /// `prefix` stands before the parameter.
  explicit SupportTest(std::string prefix = "") : prefix(std::move(prefix)) {}
  void SetUp() override;
  void TearDown() override;

  /// To a run for the target: what must not be refused.
  static void expectAdded(CellRun &run, const Cell &cell);
  static void expectAdded(CellRun &run, const std::string &what, const std::string &text);
  /// All that was added must be bit-exact.
  void expectExact(CellRun &run, const std::string &what = "");

  std::optional<Target> target;
  std::map<std::string, int> generated; ///< By expectExact: pieces of machine code from each generator.

private:
  std::string prefix;
};

/// For INSTANTIATE_TEST_SUITE_P: the letters and digits of the parameter.
std::string targetName(const testing::TestParamInfo<const char *> &info);

} // namespace nibble::test
