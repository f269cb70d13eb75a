// Compiled functions beside interpreted ones.
#include "test/unit/CompiledRun.h"
#include "compiler/Target/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/include/nibble/runtime.h"
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;

namespace nibble::test {

namespace {

/// Memory whose end no access may cross: a page that cannot be touched lies behind it. What lies in front in its first
/// page is marked and looked at afterwards. Sizes that are multiples of 64 give an address that is one, too.
class Memory {
public:
  explicit Memory(size_t bytes) : size(bytes), page(sysconf(_SC_PAGESIZE)), pages((bytes / page + 2) * page) {
    start = static_cast<char *>(mmap(nullptr, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (start == MAP_FAILED || mprotect(start + pages - page, page, PROT_NONE))
      llvm::report_fatal_error("no memory for a test");
    std::memset(start, mark, pages - page);
    data = start + pages - page - size;
  }
  ~Memory() { munmap(start, pages); }
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;
  bool frontIsWhole() const {
    return std::all_of(start, data, [](char c) { return c == mark; });
  }

  static constexpr char mark = 0x5a;
  size_t size, page, pages;
  char *start, *data;
};

/// The threads of a call, made once for each thread that calls; null for one.
const nibble_parallel *threadsFor(int threads) {
  struct Pool {
    ~Pool() { nibble_thread_pool_destroy(pool); }
    nibble_thread_pool *pool = nullptr;
    nibble_parallel parallel{};
  };
  thread_local std::map<int, Pool> pools;
  if (threads <= 1)
    return nullptr;
  Pool &pool = pools[threads];
  if (!pool.pool) {
    EXPECT_EQ(nibble_thread_pool_create(threads, &pool.pool), NIBBLE_OK);
    pool.parallel = nibble_thread_pool_parallel(pool.pool);
  }
  return &pool.parallel;
}

/// f32 values as they are, integers as i32.
bool fill(Memory &memory, const HostTensor &tensor) {
  size_t elements = memory.size / 4;
  if (tensor.f32.size() == elements) {
    std::memcpy(memory.data, tensor.f32.data(), memory.size);
    return true;
  }
  for (size_t k = 0; k < tensor.ints.size() && k < elements; ++k) {
    auto v = static_cast<int32_t>(tensor.ints[k]);
    std::memcpy(memory.data + 4 * k, &v, 4);
  }
  return tensor.ints.size() == elements;
}

HostTensor read(const Memory &memory, const EntryArgument &argument, int64_t batch) {
  std::vector<int64_t> shape = argument.shape;
  if (argument.batched)
    shape.insert(shape.begin(), batch);
  size_t elements = memory.size / 4;
  if (argument.type.isF32()) {
    std::vector<float> values(elements);
    std::memcpy(values.data(), memory.data, memory.size);
    return HostTensor::ofFloats(shape, std::move(values));
  }
  std::vector<int32_t> values(elements);
  std::memcpy(values.data(), memory.data, memory.size);
  return HostTensor::ofInts(shape, {values.begin(), values.end()});
}

} // namespace

std::unique_ptr<Compiled> Compiled::fromTiled(Session &session, ModuleOp source, StringRef target, int level) {
  OwningOpRef<ModuleOp> module = source.clone();
  std::map<std::string, std::vector<size_t>> results;
  for (auto function : module->getOps<func::FuncOp>()) {
    size_t next = function.getNumArguments();
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      auto tied = function.getResultAttrOfType<IntegerAttr>(i, "nibble.tied");
      results[function.getName().str()].push_back(tied ? static_cast<size_t>(tied.getInt()) : next++);
    }
  }
  if (failed(session.runPipeline(*module, ("nibble-lower-to-kernels{target=" + target + "}").str()))) {
    ADD_FAILURE() << session.diagnostics;
    return nullptr;
  }
  auto compiled = fromKernels(session, *module, target, level);
  if (compiled)
    compiled->results = std::move(results);
  return compiled;
}

std::unique_ptr<Compiled> Compiled::fromKernels(Session &session, ModuleOp module, StringRef target, int level) {
  auto compiled = std::make_unique<Compiled>();
  auto parsed = Target::parse(target.str());
  EXPECT_TRUE(parsed) << parsed.error();
  bool good = succeeded(session.runPipeline(module, "nibble-plan-memory"));
  FailureOr<std::vector<Entry>> entries = failure();
  if (good)
    entries = readEntries(module);
  good &= succeeded(entries) &&
          succeeded(session.runPipeline(module, ("nibble-to-llvm{target=" + target + " packed=true}").str()));
  if (!good || !parsed) {
    ADD_FAILURE() << session.diagnostics;
    return nullptr;
  }
  compiled->entries = std::move(*entries);
  for (const Entry &entry : compiled->entries)
    for (auto [i, argument] : llvm::enumerate(entry.arguments))
      if (argument.direction == EntryArgument::Direction::Out)
        compiled->results[entry.name].push_back(i);
  auto jit = JitModule::create(module, *parsed, {level});
  if (!jit) {
    ADD_FAILURE() << jit.error();
    return nullptr;
  }
  compiled->jit = std::move(*jit);
  return compiled;
}

std::vector<HostTensor> Compiled::run(StringRef name, ArrayRef<HostTensor> inputs, int threads, int64_t batch) const {
  auto entry = llvm::find_if(entries, [&](const Entry &e) { return e.name == name; });
  if (entry == entries.end()) {
    ADD_FAILURE() << "there is no entry " << name.str();
    return {};
  }
  batch = batch ? batch : entry->batch;
  std::vector<std::unique_ptr<Memory>> memory;
  std::vector<void *> pointers;
  for (auto [i, argument] : llvm::enumerate(entry->arguments)) {
    int64_t elements = argument.elements * (argument.batched ? batch : 1);
    memory.push_back(std::make_unique<Memory>(static_cast<size_t>(elements) * 4));
    pointers.push_back(memory.back()->data);
    if (i < inputs.size() && !fill(*memory.back(), inputs[i])) {
      ADD_FAILURE() << "argument " << i << " has " << inputs[i].size() << " elements, the entry takes " << elements;
      return {};
    }
  }
  memory.push_back(std::make_unique<Memory>(static_cast<size_t>(entry->arenaBytes(threads))));
  void *arena = memory.back()->data;
  const nibble_parallel *parallel = threadsFor(threads);
  int32_t status = entry->model ? jit->function<int32_t(void *const *, int64_t, void *, const nibble_parallel *)>(
                                      entry->name + "_packed")(pointers.data(), batch, arena, parallel)
                                : jit->function<int32_t(void *const *, void *, const nibble_parallel *)>(entry->name)(
                                      pointers.data(), arena, parallel);
  EXPECT_EQ(status, NIBBLE_OK) << nibble_status_string(status);
  for (auto [i, m] : llvm::enumerate(memory))
    EXPECT_TRUE(m->frontIsWhole()) << "an entry wrote in front of "
                                   << (m == memory.back() ? "the arena" : "argument " + std::to_string(i));
  std::vector<HostTensor> values;
  for (size_t slot : results.at(entry->name))
    values.push_back(read(*memory[slot], entry->arguments[slot], batch));
  return values;
}

void expectCompiledEqual(StringRef text, const EquivalenceOptions &options, StringRef target) {
  Session session;
  auto module = session.parse(text);
  ASSERT_TRUE(module);
  func::FuncOp function = *module->getOps<func::FuncOp>().begin();
  auto compiled = Compiled::fromTiled(session, *module, target);
  ASSERT_TRUE(compiled) << text.str();
  for (int round = 0; round < options.rounds; ++round) {
    auto inputs = randomInputs(function, options.seed + static_cast<uint64_t>(round), options);
    auto expected = reference::interpret(function, inputs);
    ASSERT_TRUE(succeeded(expected)) << session.diagnostics;
    for (HostTensor &e : *expected)
      e = e.offGrid();
    for (int threads : {1, 2})
      EXPECT_EQ(difference(*expected, compiled->run(function.getName(), inputs, threads)), "")
          << threads << " threads, seed " << options.seed + static_cast<uint64_t>(round) << "\n"
          << text.str();
  }
}

} // namespace nibble::test
