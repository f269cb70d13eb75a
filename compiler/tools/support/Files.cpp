// The border to nibble_io, which throws. Nothing that throws leaves this file.
#include "compiler/tools/support/Files.h"
#include <exception>
#include <filesystem>
#include <new>
#include <nibble/error.h>
#include <nibble/npy.h>
#include <nibble/weights.h>

namespace nibble::tools {
namespace {

std::string textOf(const Error &error) {
  std::string text;
  for (const Diagnostic &diagnostic : error.diagnostics())
    text += (text.empty() ? "" : "; ") + (diagnostic.file.empty() ? "" : diagnostic.file + ": ") + diagnostic.message;
  return text;
}

/// What `action` gives, or what it throws as a Failure.
template <typename Action>
auto guarded(const std::string &path, Action action) noexcept -> decltype(action()) {
  try {
    return action();
  } catch (const Error &error) {
    return Failure{textOf(error)};
  } catch (const std::bad_alloc &) {
    return Failure{path + ": not enough memory"};
  } catch (const std::exception &error) {
    return Failure{path + ": " + error.what()};
  }
}

} // namespace

Result<std::shared_ptr<const WeightTable>> readWeights(const std::string &path) noexcept {
  using Answer = Result<std::shared_ptr<const WeightTable>>;
  return guarded(path, [&]() -> Answer {
    auto table = std::make_shared<WeightTable>();
    std::string wrong;
    for (const auto &[name, array] : Weights::load(path)) {
      if (array.type() != ElementType::f32) {
        wrong += (wrong.empty() ? "" : ", ") + name + " (" + to_string(array.type()) + ")";
        continue;
      }
      auto values = array.span<float>();
      table->emplace(name, WeightTensor{array.shape(), {values.begin(), values.end()}});
    }
    if (!wrong.empty())
      return Failure{path + ": weights must be f32; these are not: " + wrong};
    return std::shared_ptr<const WeightTable>(std::move(table));
  });
}

Result<std::shared_ptr<const Array>> readArray(const std::string &path) noexcept {
  using Answer = Result<std::shared_ptr<const Array>>;
  return guarded(path,
                 [&]() -> Answer { return std::shared_ptr<const Array>(std::make_shared<Array>(load_npy(path))); });
}

std::optional<Failure> writeArray(const std::string &path, const Array &array) noexcept {
  return guarded(path, [&]() -> std::optional<Failure> {
    // The file is replaced, not written into: a device must not be.
    std::error_code error;
    auto status = std::filesystem::status(path, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
      return Failure{path + " cannot be written: it is no regular file"};
    save_npy(path, array);
    return std::nullopt;
  });
}

Result<std::shared_ptr<Array>> makeArray(ElementType type, const Shape &shape) noexcept {
  using Answer = Result<std::shared_ptr<Array>>;
  return guarded("an array of shape " + to_string(shape),
                 [&]() -> Answer { return std::make_shared<Array>(type, shape); });
}

} // namespace nibble::tools
