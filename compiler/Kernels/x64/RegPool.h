// A pool of machine registers, so that a generator names roles instead of numbers and adapts to what is left.
#ifndef NIBBLE_COMPILER_KERNELS_X64_REGPOOL_H
#define NIBBLE_COMPILER_KERNELS_X64_REGPOOL_H

#include <initializer_list>
#include <optional>
#include <vector>

namespace nibble::kernels::x64 {

/// Hands out registers in a fixed order: equal requests give equal code. Reg is an Xbyak register type.
template <typename Reg>
class RegPool {
public:
  explicit RegPool(std::initializer_list<int> indices) {
    for (auto index = std::rbegin(indices); index != std::rend(indices); ++index)
      free.push_back(Reg(*index));
  }
  /// Registers of a type derived from Reg, which only names their width: they keep it.
  template <typename Wider>
  static RegPool ofWider(int count) {
    RegPool pool({});
    while (count > 0)
      pool.free.push_back(Wider(--count));
    return pool;
  }

  /// A register. An empty pool gives register 0 and remembers the fault, which ends the generation with an error.
  Reg take() {
    if (std::optional<Reg> reg = takeIfSpare(0))
      return *reg;
    overdrawn = true;
    return Reg(0);
  }

  /// A register, if at least `reserve` others stay free.
  std::optional<Reg> takeIfSpare(size_t reserve) {
    if (free.size() <= reserve)
      return std::nullopt;
    const Reg reg = free.back();
    free.pop_back();
    return reg;
  }

  bool wasOverdrawn() const { return overdrawn; }

private:
  std::vector<Reg> free; // The next one to hand out is last.
  bool overdrawn = false;
};

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_REGPOOL_H
