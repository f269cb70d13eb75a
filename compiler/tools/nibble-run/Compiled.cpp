// Running a function compiled into this process, and timing it.
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Emit/Call.h"
#include "compiler/Emit/Jit.h"
#include "compiler/Report/Profile.h"
#include "compiler/tools/nibble-run/Execute.h"
#include "compiler/tools/nibble-run/Profile.h"
#include "compiler/tools/support/Files.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstring>
#include <functional>
#include <nibble/runtime.h>
#include <sched.h>

using namespace mlir;

namespace nibble::tools {
namespace {

/// Keeps the calling thread on the CPU that it is on; gives its number, or nothing if the system refuses.
std::optional<int> pin() {
  int cpu = sched_getcpu();
  if (cpu < 0)
    return std::nullopt;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof(set), &set) == 0 ? std::optional<int>(cpu) : std::nullopt;
}

int32_t bench(const Signature &signature, int64_t images, const CompiledOptions &options,
              const std::function<int32_t()> &call) {
  std::optional<int> cpu = options.threads == 1 ? pin() : std::nullopt;
  std::vector<double> times;
  for (int i = 0; i < options.bench; ++i) {
    auto start = std::chrono::steady_clock::now();
    if (int32_t status = call())
      return status;
    std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    times.push_back(time.count());
  }
  const report::Time time = report::timeOf(std::move(times), std::max<int64_t>(images, 1));
  llvm::outs() << signature.name << ": batch " << images << ", " << options.threads
               << (options.threads == 1 ? " thread" : " threads");
  if (options.threads == 1)
    llvm::outs() << (cpu ? " pinned to CPU " + std::to_string(*cpu) : std::string(", not pinned"));
  llvm::outs() << ", " << options.bench << (options.bench == 1 ? " run" : " runs")
               << llvm::format(": min %.1f ns/image, median %.1f ns/image\n", time.least, time.median);
  return 0;
}

Result<std::string> profile(const Signature &signature, int64_t images, const CompiledOptions &options,
                            const nibble_parallel *threads, const report::Call &call) {
  const auto *model = llvm::find_if(options.reports, [&](auto &model) { return model.name == signature.name; });
  if (model == options.reports.end())
    return Failure{"the compilation has no report of '" + signature.name + "'"};
  Result<report::Profile> times = report::measure(*model, images, options.profile, threads, call);
  return times ? profileText(*model, *times) : Failure{times.error()};
}

/// The threads of a pool, for as long as this lives.
struct Pool {
  ~Pool() { nibble_thread_pool_destroy(pool); }
  nibble_thread_pool *pool = nullptr;
  nibble_parallel parallel{};
};

} // namespace

Outputs runCompiled(ModuleOp module, const Target &target, const Signature &signature, const Inputs &inputs,
                    const CompiledOptions &options) {
  FailureOr<std::vector<Entry>> entries = readEntries(module);
  if (failed(entries))
    return Failure{""};
  auto entry = llvm::find_if(*entries, [&](const Entry &e) { return e.name == signature.name; });
  if (entry == entries->end())
    return Failure{"the compiled code has no entry '" + signature.name + "'"};
  auto jit = JitModule::create(module, target);
  if (!jit)
    return Failure{jit.error()};

  // The entry takes the function's arguments, then a buffer for each result that is not tied to an argument.
  std::vector<std::shared_ptr<Array>> outputs(signature.outputs.size());
  std::vector<void *> pointers(signature.inputs.size());
  static std::byte nothing; // an empty tensor needs an address too
  auto address = [](const Array &array) {
    return array.byte_size() ? const_cast<std::byte *>(array.bytes().data()) : &nothing;
  };
  for (size_t i = 0; i < pointers.size(); ++i)
    pointers[i] = address(*inputs.arrays[i]);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Port &port = signature.outputs[i];
    Shape shape = port.shape;
    if (!shape.empty() && shape[0] < 0)
      shape[0] = inputs.batch;
    auto array = makeArray(port.type, shape);
    if (!array)
      return Failure{"output '" + port.name + "': " + array.error()};
    outputs[i] = *array;
    if (!port.tiedTo) {
      pointers.push_back(address(*outputs[i]));
    } else {
      *outputs[i] = *inputs.arrays[*port.tiedTo];
      pointers[*port.tiedTo] = address(*outputs[i]);
    }
  }
  if (pointers.size() != entry->arguments.size())
    return Failure{"the compiled entry takes " + std::to_string(entry->arguments.size()) + " tensors instead of " +
                   std::to_string(pointers.size())};

  auto arena = makeArray(ElementType::u8, {std::max<int64_t>(entry->arenaBytes(options.threads), 1)});
  if (!arena)
    return Failure{"the arena: " + arena.error()};
  Pool pool;
  const nibble_parallel *parallel = nullptr;
  if (options.threads > 1) {
    if (int32_t status = nibble_thread_pool_create(options.threads, &pool.pool))
      return Failure{"threads cannot be started: " + std::string(nibble_status_string(status))};
    pool.parallel = nibble_thread_pool_parallel(pool.pool);
    parallel = &pool.parallel;
  }
  auto *model = (*jit)->function<ModelFunction>(signature.name + "_packed");
  auto *step = (*jit)->function<StepFunction>(signature.name);
  if (entry->model ? !model : !step)
    return Failure{"the compiled code does not define '" + signature.name + "'"};
  auto callOn = [&](const nibble_parallel *lent) {
    void *memory = address(**arena);
    return entry->model ? model(pointers.data(), inputs.batch, memory, lent) : step(pointers.data(), memory, lent);
  };
  auto call = [&] { return callOn(parallel); };
  auto failureOf = [&](int32_t status) {
    return Failure{"'" + signature.name + "' failed: " + nibble_status_string(status)};
  };
  int32_t status = call();
  Arrays results;
  for (const auto &output : outputs) // copies: timing a training step goes on from its results
    results.push_back(options.bench || options.profile ? std::make_shared<Array>(*output) : output);
  if (!status && options.bench)
    status = bench(signature, entry->model ? inputs.batch : entry->batch, options, call);
  if (status)
    return failureOf(status);
  if (options.profile) {
    auto once = [&](const nibble_parallel *lent) -> std::optional<Failure> {
      int32_t status = callOn(lent);
      return status ? std::optional(failureOf(status)) : std::nullopt;
    };
    auto text = profile(signature, inputs.batch, options, parallel, once);
    if (!text)
      return Failure{text.error()};
    llvm::outs() << *text << "\n";
  }
  return results;
}

} // namespace nibble::tools
