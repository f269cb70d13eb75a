// The contract of generated kernels.
#include "test/unit/KernelContract.h"

#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Listed.h"
#include "compiler/Kernels/Requantize.h"

#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace nibble::kernels::test {

//===-- Code ----------------------------------------------------------------------------------------------------===//

void expectSameBytesAtAnyAddress(std::span<const KernelCase> cases) {
  constexpr size_t most = 1 << 18, behind = 64;
  alignas(64) static uint8_t first[most + behind], second[most + 2 * behind];
  size_t another = 1;
  for (const KernelCase &one : cases) {
    SCOPED_TRACE(one.shape);
    const size_t size = one.emit({first, most}).size;
    another = another % 61 + 3;
    for (const size_t shift : {size_t(1), size_t(4), size_t(23), size_t(48), another}) {
      // Other content as well: a byte that is skipped instead of written would show.
      std::memset(first, 0xcc, size + behind);
      std::memset(second, 0x11, shift + size + behind);
      const Emitted here = one.emit({first, most}), there = one.emit({second + shift, most});
      ASSERT_EQ("", here.error);
      ASSERT_GT(here.size, 0u);
      ASSERT_EQ(size, here.size);
      ASSERT_EQ(size, there.size);
      ASSERT_EQ(0, std::memcmp(first, second + shift, size)) << "at another address";
      for (size_t i = 0; i < behind; ++i)
        ASSERT_EQ(0xcc, first[size + i]) << "wrote behind the reported size";
    }
  }
}

void expectWholeCodeOrNone(const KernelCase &one) {
  SCOPED_TRACE(one.shape);
  const MachineCode whole = one.generate(8192);
  ASSERT_TRUE(whole) << whole.error;
  const size_t size = whole.bytes.size();
  for (const size_t initial : {size_t(0), size_t(1), size_t(100), size_t(500), size_t(1000), size - 1, size})
    EXPECT_EQ(whole.bytes, one.generate(initial).bytes) << "from " << initial << " bytes";
  std::vector<uint8_t> buffer(size);
  for (const size_t given : {size_t(0), size_t(1), std::min(size_t(500), size - 1), size / 2, size - 1}) {
    const Emitted emitted = one.emit(std::span(buffer).first(given));
    EXPECT_TRUE(emitted.tooSmall) << given << " of " << size << " bytes";
    EXPECT_EQ(0u, emitted.size) << given << " of " << size << " bytes";
  }
  EXPECT_EQ(size, one.emit(buffer).size) << "after failures, which must leave nothing behind";
  EXPECT_EQ(whole.bytes, buffer);
}

void expectSameFromTwoThreads(std::span<const KernelCase> cases) {
  constexpr size_t enough = 16384, tooFew = 32; // one of them also runs into the error state every time
  std::vector<MachineCode> made[2];
  const auto work = [&](int who) {
    for (const KernelCase &one : cases)
      made[who].push_back(one.generate(who ? tooFew : enough));
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].shape);
    ASSERT_EQ("", made[0][i].error);
    ASSERT_GT(made[0][i].bytes.size(), tooFew);
    ASSERT_EQ(made[0][i].bytes, made[1][i].bytes);
  }
}

std::string refusalOf(const KernelCase &impossible) {
  const std::string prefix = "kernel " + std::string(impossible.kernel) + ": ", text = impossible.generate(8192).error;
  EXPECT_TRUE(text.starts_with(prefix)) << text << ": " << impossible.shape;
  const std::string reason = text.substr(std::min(text.size(), prefix.size()));
  std::vector<uint8_t> buffer(1);
  EXPECT_EQ(reason, impossible.emit(buffer).error) << impossible.shape;
  return reason;
}

//===-- Memory --------------------------------------------------------------------------------------------------===//

static size_t pageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

namespace {

/// Memory between two pages that may not be touched; the data lies against one of them.
class GuardedMemory {
public:
  enum class Against { LowerGuard, UpperGuard };
  GuardedMemory(size_t size, Against side);
  ~GuardedMemory() { munmap(mapping, mappedBytes); }
  GuardedMemory(const GuardedMemory &) = delete;
  GuardedMemory &operator=(const GuardedMemory &) = delete;

  uint8_t *data() const { return start; }
  size_t size() const { return bytes; }

private:
  size_t bytes, mappedBytes;
  void *mapping;
  uint8_t *start;
};

} // namespace

GuardedMemory::GuardedMemory(size_t size, Against side) : bytes(size) {
  const size_t page = pageBytes(), inner = (size + page - 1) / page * page;
  mappedBytes = inner + 2 * page;
  mapping = mapPages(mappedBytes, PROT_NONE);
  uint8_t *first = static_cast<uint8_t *>(mapping) + page;
  if (inner)
    mprotect(first, inner, PROT_READ | PROT_WRITE);
  start = side == Against::LowerGuard ? first : first + inner - size;
}

static sigjmp_buf afterFault;
static volatile uintptr_t faultAddress;

static void onFault(int, siginfo_t *info, void *) {
  faultAddress = reinterpret_cast<uintptr_t>(info->si_addr);
  siglongjmp(afterFault, 1);
}

/// Calls `fn` and turns a fault into a message; empty if there was none.
static std::string callGuarded(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer) {
  struct sigaction action = {}, oldSegv, oldBus;
  action.sa_sigaction = onFault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &oldSegv);
  sigaction(SIGBUS, &action, &oldBus);
  const bool faulted = sigsetjmp(afterFault, 1) != 0;
  if (!faulted)
    fn(a, b, acc, outer);
  sigaction(SIGSEGV, &oldSegv, nullptr);
  sigaction(SIGBUS, &oldBus, nullptr);
  if (!faulted)
    return {};
  const auto distance = [](const void *from) {
    return std::to_string(static_cast<int64_t>(faultAddress - reinterpret_cast<uintptr_t>(from)));
  };
  return "access outside the operands, at a + " + distance(a) + " = b + " + distance(b) + " = acc + " + distance(acc);
}

/// Memory that the last argument points to, if it does.
static size_t lastBytes(const KernelCall &call) { return std::max(call.scratchBytes, call.constants.size()); }

static int64_t lastArgument(const KernelCall &call, uint8_t *scratch) {
  std::ranges::copy(call.constants, scratch);
  return lastBytes(call) ? static_cast<int64_t>(reinterpret_cast<intptr_t>(scratch)) : call.outer;
}

/// Makes the call, without faults, and compares the result.
static void expectOracle(const KernelCall &call, const uint8_t *a, const uint8_t *b, uint8_t *out, uint8_t *scratch) {
  const std::unique_ptr<LoadedKernel> code = load(call.code);
  ASSERT_TRUE(code);
  ASSERT_EQ("", callGuarded(code->fn(), a, reinterpret_cast<const int8_t *>(b), reinterpret_cast<int32_t *>(out),
                            lastArgument(call, scratch)));
  ASSERT_EQ("", call.differs(out));
}

void expectInsideOperands(const KernelCall &call) {
  using Against = GuardedMemory::Against;
  for (const Against side : {Against::LowerGuard, Against::UpperGuard}) {
    SCOPED_TRACE(call.shape + (side == Against::LowerGuard ? "; forbidden in front" : "; forbidden behind"));
    const GuardedMemory a(call.aBytes, side), b(call.b.size(), side), out(call.out.size(), side),
        scratch(lastBytes(call), side);
    call.placeA(a.data());
    std::ranges::copy(call.b, b.data());
    std::ranges::copy(call.out, out.data());
    ASSERT_NO_FATAL_FAILURE(expectOracle(call, a.data(), b.data(), out.data(), scratch.data()));
  }
}

int64_t forbiddenStride() { return static_cast<int64_t>(2 * pageBytes()); }

void expectNothingReadBetween(const KernelCall &call, int64_t runBytes) {
  const size_t page = pageBytes();
  ASSERT_LE(runBytes, static_cast<int64_t>(page));
  const size_t bytes = (call.aBytes + 2 * page - 1) / (2 * page) * (2 * page);
  static std::unique_ptr<GuardedMemory> memory; // kept for the next shape: hundreds of pages
  if (!memory || memory->size() < bytes) {
    memory = std::make_unique<GuardedMemory>(bytes, GuardedMemory::Against::LowerGuard);
    for (size_t at = page; at < bytes; at += 2 * page)
      mprotect(memory->data() + at, page, PROT_NONE);
  }
  for (const bool atEnd : {false, true}) {
    SCOPED_TRACE(call.shape + (atEnd ? "; forbidden behind the runs" : "; forbidden in front of the runs"));
    uint8_t *a = memory->data() + (atEnd ? page - runBytes : 0);
    call.placeA(a);
    std::vector<uint8_t> out = call.out, scratch(lastBytes(call));
    ASSERT_NO_FATAL_FAILURE(expectOracle(call, a, call.b.data(), out.data(), scratch.data()));
  }
}

//===-- State ---------------------------------------------------------------------------------------------------===//

/// The machine state that callWithState sets before the call and finds after it.
struct alignas(32) MachineState {
  uint64_t calleeSaved[6]; // rbx rbp r12 r13 r14 r15
  uint64_t flags;
  uint32_t mxcsr, callersMxcsr;
  uint8_t vectors[16][32];
  uint64_t hasAvx512; ///< Set by callWithState: garbage is in zmm0..31 and k0..k7, too.
};

static constexpr uint64_t calleeSavedMark = 0x1122334455667700;
static constexpr uint32_t mxcsrMark = 0xdfc0; // all masked, flush to zero, denormals are zero, round up
static constexpr uint32_t mxcsrExceptions = 0x3f;

// callWithState calls `fn` with marked callee-saved registers and mxcsr, garbage in every other register, and stores
// what it leaves.
#if defined(__x86_64__)
extern "C" void nibbleTestCallWithState(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer,
                                        MachineState *state, uint64_t mark, uint32_t mxcsr);
static_assert(offsetof(MachineState, flags) == 48 && offsetof(MachineState, mxcsr) == 56 &&
              offsetof(MachineState, callersMxcsr) == 60 && offsetof(MachineState, vectors) == 64 &&
              offsetof(MachineState, hasAvx512) == 576);

// The last two arguments come on the stack: at [rsp + 64] and [rsp + 72] after seven pushes.
asm(R"(
  .intel_syntax noprefix
  .text
nibbleTestCallWithState:
  push rbx
  push rbp
  push r12
  push r13
  push r14
  push r15
  push r9
  stmxcsr dword ptr [r9 + 60]
  ldmxcsr dword ptr [rsp + 72]
  mov rbx, qword ptr [rsp + 64]
  lea rbp, [rbx + 1]
  lea r12, [rbx + 2]
  lea r13, [rbx + 3]
  lea r14, [rbx + 4]
  lea r15, [rbx + 5]
  mov r11, rdi
  mov rdi, rsi
  mov rsi, rdx
  mov rdx, rcx
  mov rcx, r8
  mov rax, rbx
  mov r8, rbx
  mov r9, rbx
  mov r10, rbx
  mov r9, qword ptr [rsp]
  cmp qword ptr [r9 + 576], 0
  mov r9, rbx
  jz 1f
  .irp v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  vpternlogd zmm\v, zmm\v, zmm\v, 255
  .endr
  .irp k, 0, 1, 2, 3, 4, 5, 6, 7
  kxnorw k\k, k\k, k\k
  .endr
  jmp 2f
1:
  .irp v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vpcmpeqd ymm\v, ymm\v, ymm\v
  .endr
2:
  call r11
  mov r11, qword ptr [rsp]
  mov qword ptr [r11], rbx
  mov qword ptr [r11 + 8], rbp
  mov qword ptr [r11 + 16], r12
  mov qword ptr [r11 + 24], r13
  mov qword ptr [r11 + 32], r14
  mov qword ptr [r11 + 40], r15
  pushfq
  pop qword ptr [r11 + 48]
  stmxcsr dword ptr [r11 + 56]
  ldmxcsr dword ptr [r11 + 60]
  .irp v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vmovdqu ymmword ptr [r11 + 64 + 32 * \v], ymm\v
  .endr
  vzeroupper
  cld
  pop r9
  pop r15
  pop r14
  pop r13
  pop r12
  pop rbp
  pop rbx
  ret
  .att_syntax
)");

static void callWithState(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer,
                          MachineState &state) {
  state.hasAvx512 = __builtin_cpu_supports("avx512f") != 0;
  nibbleTestCallWithState(fn, a, b, acc, outer, &state, calleeSavedMark, mxcsrMark);
}
#else
static void callWithState(DotFn, const uint8_t *, const int8_t *, int32_t *, int64_t, MachineState &) {}
#endif

void expectCallersStateKept(const KernelCall &call) {
  SCOPED_TRACE(call.shape);
  const std::unique_ptr<LoadedKernel> code = load(call.code);
  ASSERT_TRUE(code);
  std::vector<uint8_t> a(call.aBytes), out = call.out, scratch(lastBytes(call));
  call.placeA(a.data());
  MachineState state = {};
  callWithState(code->fn(), a.data(), reinterpret_cast<const int8_t *>(call.b.data()),
                reinterpret_cast<int32_t *>(out.data()), lastArgument(call, scratch.data()), state);
  if (!call.isRounded) {
    ASSERT_EQ("", call.differs(out.data())) << "with garbage in all registers";
  }
  for (uint64_t i = 0; i < 6; ++i)
    ASSERT_EQ(calleeSavedMark + i, state.calleeSaved[i]) << "register " << i << " of rbx rbp r12 r13 r14 r15";
  ASSERT_EQ(mxcsrMark, call.isRounded ? state.mxcsr & ~mxcsrExceptions : state.mxcsr) << "mxcsr";
  ASSERT_EQ(0u, state.flags & 0x400) << "direction flag";
  for (const auto &vector : state.vectors)
    for (int byte = 16; byte < 32; ++byte)
      ASSERT_EQ(0, vector[byte]) << "vzeroupper is missing";
}

//===-- Results and registries ----------------------------------------------------------------------------------===//

std::function<std::string(const uint8_t *out)> differsFrom(std::vector<int32_t> words) {
  return [words = std::move(words)](const uint8_t *out) -> std::string {
    for (size_t i = 0; i < words.size(); ++i) {
      int32_t got;
      std::memcpy(&got, out + i * sizeof got, sizeof got);
      if (got != words[i])
        return "word " + std::to_string(i) + " is " + std::to_string(got) + ", not " + std::to_string(words[i]);
    }
    return {};
  };
}

int familiesWith(std::string_view name) {
  return (findKernel(name) != nullptr) + (findLookupKernel(name) != nullptr) + (findDepthwiseKernel(name) != nullptr) +
         (findListedKernel(name) != nullptr) + (findRequantizeKernel(name) != nullptr);
}

} // namespace nibble::kernels::test
