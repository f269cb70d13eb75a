// Compiled functions beside interpreted ones.
#include "test/unit/CompiledRun.h"
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Emit/Jit.h"
#include "compiler/Target/Target.h"
#include "runtime/include/nibble/runtime.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <cstring>

using namespace mlir;

namespace nibble::test {

namespace {
/// 64-byte aligned memory.
class Memory {
public:
  explicit Memory(size_t bytes) : size(bytes), data(static_cast<char *>(std::aligned_alloc(64, (bytes + 128 + 63) / 64 * 64))) { std::memset(data, 0x5a, bytes + 64); }
  ~Memory() { std::free(data); }
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;
  size_t size;
  char *data;
};
} // namespace

std::vector<HostTensor> runCompiled(Session &session, ModuleOp source, StringRef name, ArrayRef<HostTensor> inputs, const CompiledOptions &options) {
  OwningOpRef<ModuleOp> module = source.clone();
  auto target = Target::parse(options.target);
  if (!target) {
    ADD_FAILURE() << target.error();
    return {};
  }
  auto function = source.lookupSymbol<func::FuncOp>(name);
  SmallVector<int64_t> tied;
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto index = function.getResultAttrOfType<IntegerAttr>(i, "nibble.tied");
    tied.push_back(index ? index.getInt() : -1);
  }
  if (failed(session.runPipeline(*module, "nibble-lower-to-kernels{target=" + options.target + "}"))) {
    ADD_FAILURE() << session.diagnostics;
    return {};
  }
  if (failed(session.runPipeline(*module, "nibble-plan-memory"))) {
    ADD_FAILURE() << session.diagnostics;
    return {};
  }
  auto entries = readEntries(*module);
  if (failed(entries) || entries->size() != 1) {
    ADD_FAILURE() << "expected one entry\n" << session.diagnostics;
    return {};
  }
  Entry entry = entries->front();
  if (failed(session.runPipeline(*module, "nibble-to-llvm{target=" + options.target + " packed=true}"))) {
    ADD_FAILURE() << session.diagnostics;
    return {};
  }
  auto jit = JitModule::create(*module, *target);
  if (!jit) {
    ADD_FAILURE() << jit.error();
    return {};
  }

  int64_t batch = options.batch ? options.batch : entry.batch;
  std::vector<std::unique_ptr<Memory>> memory;
  std::vector<void *> pointers;
  for (auto [i, argument] : llvm::enumerate(entry.arguments)) {
    int64_t elements = argument.elements * (argument.batched ? batch : 1);
    memory.push_back(std::make_unique<Memory>(elements * 4));
    pointers.push_back(memory.back()->data);
    if (i >= inputs.size())
      continue;
    if (inputs[i].f32.size() == static_cast<size_t>(elements)) {
      std::memcpy(memory.back()->data, inputs[i].f32.data(), elements * 4);
    } else if (inputs[i].ints.size() == static_cast<size_t>(elements)) {
      for (int64_t k = 0; k < elements; ++k) {
        int32_t v = static_cast<int32_t>(inputs[i].ints[k]);
        std::memcpy(memory.back()->data + 4 * k, &v, 4);
      }
    } else {
      ADD_FAILURE() << "argument " << i << " has " << inputs[i].size() << " elements, the entry takes " << elements;
      return {};
    }
  }
  Memory arena(static_cast<size_t>(entry.arenaBytes(options.threads)));
  nibble_thread_pool *pool = nullptr;
  nibble_parallel parallel{};
  if (options.threads > 1) {
    EXPECT_EQ(nibble_thread_pool_create(options.threads, &pool), NIBBLE_OK);
    parallel = nibble_thread_pool_parallel(pool);
  }
  int32_t status = -1;
  if (entry.model)
    status = (*jit)->function<int32_t(void *const *, int64_t, void *, const nibble_parallel *)>(entry.name + "_packed")(pointers.data(), batch, arena.data,
                                                                                                                        pool ? &parallel : nullptr);
  else
    status = (*jit)->function<int32_t(void *const *, void *, const nibble_parallel *)>(entry.name)(pointers.data(), arena.data, pool ? &parallel : nullptr);
  if (pool)
    nibble_thread_pool_destroy(pool);
  EXPECT_EQ(status, NIBBLE_OK) << nibble_status_string(status);
  for (auto &m : memory)
    for (size_t i = m->size; i < m->size + 64; ++i)
      EXPECT_EQ(m->data[i], 0x5a) << "an entry wrote behind an argument";

  std::vector<HostTensor> results;
  size_t next = function.getNumArguments();
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    size_t slot = tied[i] >= 0 ? static_cast<size_t>(tied[i]) : next++;
    auto type = cast<RankedTensorType>(function.getResultTypes()[i]);
    std::vector<int64_t> shape(type.getShape().begin(), type.getShape().end());
    const EntryArgument &argument = entry.arguments[slot];
    if (argument.batched)
      shape[0] = batch;
    std::vector<float> values(memory[slot]->size / 4);
    std::memcpy(values.data(), memory[slot]->data, memory[slot]->size);
    results.push_back(HostTensor::ofFloats(shape, values));
  }
  return results;
}

void expectCompiledEqual(StringRef text, const EquivalenceOptions &options, StringRef target) {
  Session session;
  auto module = session.parse(text);
  ASSERT_TRUE(module);
  func::FuncOp function = *module->getOps<func::FuncOp>().begin();
  for (int round = 0; round < options.rounds; ++round) {
    auto inputs = randomInputs(function, options.seed + round, options);
    auto expected = reference::interpret(function, inputs);
    ASSERT_TRUE(succeeded(expected)) << session.diagnostics;
    for (int threads : {1, 2}) {
      auto got = runCompiled(session, *module, function.getName(), inputs, {target.str(), threads, 0});
      if (got.empty())
        return;
      for (auto &e : *expected)
        e = e.offGrid();
      EXPECT_EQ(difference(*expected, got), "") << threads << " threads, seed " << options.seed + round << "\n" << text.str();
    }
  }
}

} // namespace nibble::test
