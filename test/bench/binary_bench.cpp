// Rates of the look-up kernels beside the bound of their instructions, measured in registers at the same time, and
// beside the other ways to count bits. Every product is checked. Pin it: taskset -c 1 binary_bench
#include "compiler/Kernels/Binary.h"
#include "compiler/Layout/Layout.h"
#include "test/bench/binary_limits.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <sys/mman.h>

using namespace nibble;
using namespace nibble::kernels;
using nibble::bench::BinaryLimits;
using nibble::bench::seconds;

#if defined(__x86_64__)
namespace {

/// A convolution of stride 1 over an image that has its border already; a matrix product is one of a 1 x 1 window and
/// an image of one row.
struct Problem {
  const char *op;
  int64_t height, width; ///< of the output
  int64_t channels, window, outputs;
  int64_t rows; ///< of a call, at most the width
  int64_t length() const { return channels * window * window; }
  double operations() const { return 2.0 * static_cast<double>(height * width * outputs * length()); }
  std::string shape() const {
    if (window == 1)
      return std::to_string(width) + "x" + std::to_string(outputs) + "x" + std::to_string(channels);
    return std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels) + "-" +
           std::to_string(outputs) + "x" + std::to_string(window) + "x" + std::to_string(window);
  }
};

constexpr Problem problems[] = {
    {"gemm", 1, 512, 4096, 1, 512, 12}, {"gemm", 1, 512, 512, 1, 512, 12}, {"gemm", 1, 1024, 1024, 1, 1024, 12},
    {"gemm", 1, 64, 1024, 1, 1024, 12}, {"gemm", 1, 3136, 576, 1, 64, 12}, {"gemm", 1, 196, 2304, 1, 512, 12},
    {"gemm", 1, 61, 1201, 1, 131, 12},  {"gemm", 1, 2, 4096, 1, 4096, 2},  {"gemv", 1, 1, 4096, 1, 4096, 1},
    {"gemv", 1, 1, 1024, 1, 1024, 1},   {"gemv", 1, 1, 256, 1, 32, 1},     {"gemv", 1, 1, 64, 1, 10, 1},
    {"conv", 56, 56, 64, 3, 64, 56},    {"conv", 14, 14, 256, 3, 256, 14}, {"conv", 14, 14, 32, 3, 32, 14},
    {"conv", 14, 14, 16, 3, 16, 14},
};

/// A kernel in executable memory.
class Code {
public:
  explicit Code(const MachineCode &made) : bytes((made.bytes.size() + 4095) / 4096 * 4096) {
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("mmap");
      std::exit(1);
    }
    std::memcpy(memory, made.bytes.data(), made.bytes.size());
    mprotect(memory, bytes, PROT_READ | PROT_EXEC);
  }
  ~Code() { munmap(memory, bytes); }
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;
  LookupFn fn() const { return reinterpret_cast<LookupFn>(memory); }

private:
  void *memory;
  size_t bytes;
};

/// Memory that starts with a cache line, as constants and the arena of compiled code do.
class Lines {
public:
  void resize(size_t bytes) { lines.resize((bytes + sizeof(Line) - 1) / sizeof(Line)); }
  uint8_t *data() { return lines.data()->bytes; }

private:
  struct alignas(64) Line {
    uint8_t bytes[64];
  };
  std::vector<Line> lines;
};

/// One problem with one kernel: operands, code for each number of rows and columns that comes up, and the calls.
class Product {
public:
  Product(const LookupKernelInfo &kernel, const Problem &problem) : kernel(kernel), p(problem) {
    const int bits = lookupBits(kernel.elements);
    const int64_t taps = p.window * p.window, words = (p.channels * bits + 31) / 32;
    pixelBytes = words * 4;
    const int64_t inWidth = p.width + p.window - 1, inHeight = p.height + p.window - 1;
    std::mt19937 random(1);
    // One of `count` values from `first` on, `step` apart.
    const auto draw = [&](std::vector<int64_t> &values, unsigned count, int64_t first, int64_t step) {
      std::generate(values.begin(), values.end(),
                    [&] { return first + step * static_cast<int64_t>(random() % count); });
    };
    std::vector<int64_t> w(p.outputs * taps * p.channels), image(inHeight * inWidth * p.channels);
    const bool twoBits = kernel.elements == LookupElements::TwoBits;
    bits == 1 ? draw(w, 2, -1, 2) : draw(w, twoBits ? 4 : 3, twoBits ? -2 : -1, 1);
    bits == 1 ? draw(image, 2, -1, 2) : draw(image, twoBits ? 4 : 3, twoBits ? 0 : -1, 1);
    const int64_t shape[] = {p.outputs, p.window, p.window, p.channels};
    std::vector<uint8_t> packed =
        *layout::pack(kernel.counts() ? layout::countTile(4, bits)
                                      : layout::lookupTile(4, bits, kernel.weights == LookupWeights::Packed),
                      w, shape);
    if (kernel.counts() && bits == 2)
      packed = ternaryWords(packed);
    b.resize(packed.size());
    std::copy(packed.begin(), packed.end(), b.data());
    a.assign(inHeight * inWidth * words, 0);
    for (int64_t i = 0; i < static_cast<int64_t>(image.size()); ++i) {
      const int64_t pixel = i / p.channels, c = i % p.channels, field = bits == 1 ? image[i] < 0 : image[i] & 3;
      a[pixel * words + c * bits / 32] |= static_cast<uint32_t>(field << (c * bits % 32));
    }
    expected = someSums(w, image, inWidth);

    LookupParams params{.channels = p.channels, .taps = p.window, .maxOuter = p.window};
    params.aRowStride = params.aTapStride = pixelBytes;
    params.aOuterStride = inWidth * pixelBytes;
    params.bOuterStride =
        p.window * lookupBlockBytes(kernel.elements, kernel.weights, tapBytes(kernel.elements, p.channels));
    params.bColumnStride = p.window * params.bOuterStride;
    const int64_t columns = (p.outputs + lookupColumns - 1) / lookupColumns * lookupColumns;
    for (int64_t n = 0; n < columns; n += lookupMaxColumns) {
      params.columns = static_cast<int>(std::min<int64_t>(lookupMaxColumns, columns - n));
      for (int64_t y = 0; y < p.height; ++y)
        for (int64_t x = 0; x < p.width; x += params.rows) {
          params.rows = std::min({p.rows, p.width - x, kernel.maxRows(params.columns)});
          calls.push_back(
              {codeFor(params), n / lookupColumns * params.bColumnStride, n, y, x, params.rows, params.columns});
        }
    }
    accMemory.resize(p.rows * lookupMaxColumns * sizeof(int32_t));
    acc = reinterpret_cast<int32_t *>(accMemory.data());
  }

  /// All calls; the sums of a call go where those of the one before were, as they do where an epilogue takes them.
  void run() {
    const int64_t rowBytes = (p.width + p.window - 1) * pixelBytes;
    for (const Call &call : calls)
      call.fn(reinterpret_cast<const uint32_t *>(reinterpret_cast<const uint8_t *>(a.data()) + call.y * rowBytes +
                                                 call.x * pixelBytes),
              b.data() + call.b, acc, p.window);
  }

  /// Compares about a thousand sums, of all calls.
  bool isExact() {
    size_t next = 0;
    for (const Call &call : calls) {
      const auto first = next;
      std::fill_n(acc, p.rows * lookupMaxColumns, -1);
      std::vector<Call> all = {call};
      all.swap(calls);
      run();
      all.swap(calls);
      for (next = first; next < expected.size() && covers(call, expected[next]); ++next) {
        const Sum &sum = expected[next];
        if (acc[(sum.x - call.x) * call.columns + sum.n - call.n] != sum.value)
          return false;
      }
    }
    return next == expected.size();
  }

private:
  struct Call {
    LookupFn fn;
    int64_t b, n, y, x, rows, columns;
  };
  struct Sum {
    int64_t n, y, x;
    int32_t value;
  };
  static bool covers(const Call &call, const Sum &sum) {
    return sum.y == call.y && sum.x >= call.x && sum.x < call.x + call.rows && sum.n >= call.n &&
           sum.n < call.n + call.columns;
  }

  /// Some of the sums, in the order of the calls.
  std::vector<Sum> someSums(const std::vector<int64_t> &w, const std::vector<int64_t> &image, int64_t inWidth) const {
    std::vector<Sum> sums;
    const int64_t run = p.window * p.channels, each = std::max<int64_t>(1, p.height * p.width * p.outputs / 1000);
    int64_t index = 0;
    for (int64_t n0 = 0; n0 < p.outputs; n0 += lookupMaxColumns)
      for (int64_t y = 0; y < p.height; ++y)
        for (int64_t x = 0; x < p.width; ++x)
          for (int64_t n = n0; n < std::min(p.outputs, n0 + lookupMaxColumns); ++n)
            if (index++ % each == 0) {
              int64_t sum = 0;
              for (int64_t ky = 0; ky < p.window; ++ky)
                for (int64_t k = 0; k < run; ++k)
                  sum += w[(n * p.window + ky) * run + k] * image[((y + ky) * inWidth + x) * p.channels + k];
              sums.push_back({n, y, x, static_cast<int32_t>(sum)});
            }
    return sums;
  }

  LookupFn codeFor(const LookupParams &params) {
    for (const auto &made : codes)
      if (made.rows == params.rows && made.columns == params.columns)
        return made.code->fn();
    const MachineCode made = generate(kernel, params);
    if (!made) {
      std::fprintf(stderr, "binary_bench: %s\n", made.error.c_str());
      std::exit(1);
    }
    codes.push_back({params.rows, params.columns, std::make_unique<Code>(made)});
    return codes.back().code->fn();
  }

  struct Made {
    int64_t rows, columns;
    std::unique_ptr<Code> code;
  };
  const LookupKernelInfo &kernel;
  const Problem p;
  int64_t pixelBytes;
  std::vector<uint32_t> a;
  Lines b, accMemory;
  int32_t *acc;
  std::vector<Sum> expected;
  std::vector<Made> codes;
  std::vector<Call> calls;
};

/// The shortest of many runs, with the limits measured in between.
template <typename Run>
double shortest(BinaryLimits &limits, Run run) {
  double best = 1e9;
  const double begin = seconds();
  for (int i = 0; i < 5 || (seconds() - begin < 0.3 && i < 3000); ++i) {
    if (i % 100 == 0)
      limits.measure();
    // Short ones several at a time: the clock takes some 50 ns.
    const int together = best < 2e-6 ? 100 : 1;
    const double start = seconds();
    for (int j = 0; j < together; ++j)
      run();
    best = std::min(best, (seconds() - start) / together);
  }
  return best;
}

void report(const char *op, const char *way, const std::string &shape, double operations, double best, double bound,
            double lookupBound, bool exact) {
  const double rate = operations / best / 1e9;
  std::printf("%-5s %-26s %-22s %10.2f us %7.0f GOP/s  %4.2f of its bound %5.0f  %4.2f of look-ups %5.0f  %s\n", op,
              way, shape.c_str(), best * 1e6, rate, rate / bound, bound, rate / lookupBound, lookupBound,
              exact ? "exact" : "WRONG");
  std::fflush(stdout);
}

bool runKernels(BinaryLimits &limits) {
  bool good = true;
  for (const LookupKernelInfo &kernel : lookupKernels())
    for (const Problem &problem : problems) {
      if (kernel.counts() && !(limits.counted > 0 && __builtin_cpu_supports("avx512bw"))) {
        std::printf("%s: this machine has no %s\n", std::string(kernel.name).c_str(),
                    std::string(kernel.features).c_str());
        break;
      }
      Product product(kernel, problem);
      const bool exact = product.isExact();
      const double best = shortest(limits, [&] { product.run(); });
      const double share = kernel.elements == LookupElements::Binary ? 1 : 0.5; // elements in four bits: 4 or 2
      const double bound =
          kernel.counts()
              ? limits.counted
              : share * (kernel.weights == LookupWeights::Packed && problem.rows == 1 ? limits.packed : limits.lookup);
      report(problem.op, std::string(kernel.name).c_str(), problem.shape(), problem.operations(), best, bound,
             share * limits.lookup, exact);
      good &= exact;
    }
  return good;
}

/// The other ways, as loops in C++ over layouts that suit them.
bool runOthers(BinaryLimits &limits) {
  bool good = true;
  for (const auto &[m, n, k] : {std::array<int64_t, 3>{512, 512, 4096}, {1, 4096, 4096}, {1, 32, 256}}) {
    std::mt19937 random(2);
    std::vector<uint32_t> a(m * k / 32), w(n * k / 32);
    std::generate(a.begin(), a.end(), random);
    std::generate(w.begin(), w.end(), random);
    bench::OtherWay other(m, n, k, a, w);
    const auto isExact = [&, words = k / 32, n = n] {
      for (int64_t i = 0; i < static_cast<int64_t>(other.acc.size()); i += 37) {
        int64_t count = 0;
        for (int64_t word = 0; word < words; ++word)
          count += __builtin_popcount(a[i / n * words + word] ^ w[i % n * words + word]);
        if (other.acc[i] != words * 32 - 2 * count)
          return false;
      }
      return true;
    };
    const std::string shape = std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
    const auto row = [&, m = m, n = n, k = k](const char *way, double bound, double best) {
      report(m == 1 ? "gemv" : "gemm", way, shape, 2.0 * static_cast<double>(m * n * k), best, bound, limits.lookup,
             isExact());
      good &= isExact();
      std::fill(other.acc.begin(), other.acc.end(), 0);
    };
    const double carrySave = shortest(limits, [&] { other.carrySave(); });
    row("xor + carry-save adders", limits.csa, carrySave);
    const double popcnt = shortest(limits, [&] { other.popcnt(); });
    row("xor + popcnt r64", limits.popcnt, popcnt);
  }
  return good;
}

} // namespace

int main() {
  if (!__builtin_cpu_supports("avx2")) {
    std::fprintf(stderr, "binary_bench: this machine has no avx2\n");
    return 1;
  }
  BinaryLimits limits;
  limits.measure();
  bool good = runOthers(limits);
  good &= runKernels(limits);
  std::printf(
      "\nlimits, in registers, GOP/s: look-ups %.0f, packed look-ups %.0f, carry-save %.0f, vpshufb counts %.0f, "
      "popcnt r64 %.0f, vpopcntd %.0f\n",
      limits.lookup, limits.packed, limits.csa, limits.pshufb, limits.popcnt, limits.counted);
  return good ? 0 : 1;
}
#else
int main() {
  std::fprintf(stderr, "binary_bench: this machine is no x86-64\n");
  return 1;
}
#endif
