// A value or one error message, for the parts of the compiler that know nothing of MLIR and use no exceptions.
#pragma once
#include <string>
#include <utility>
#include <variant>

namespace nibble {

/// Why an operation failed: one sentence for the user, without a final full stop.
struct Failure {
  std::string message;
};

/// Either a T or a Failure. Test it before `*` or `->`; `error()` may only be called when the test was false.
template <typename T>
class [[nodiscard]] Result {
public:
  Result(T value) : state(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state.index() == 0; }
  T &operator*() { return *std::get_if<0>(&state); }
  const T &operator*() const { return *std::get_if<0>(&state); }
  T *operator->() { return std::get_if<0>(&state); }
  const T *operator->() const { return std::get_if<0>(&state); }
  const std::string &error() const { return std::get_if<1>(&state)->message; }

private:
  std::variant<T, Failure> state;
};

} // namespace nibble
