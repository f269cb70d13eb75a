// The one exception type of the public API.
#ifndef NIBBLE_ERROR_H
#define NIBBLE_ERROR_H

#include <stdexcept>
#include <string>
#include <vector>

namespace nibble {

enum class Severity { error, warning, remark };

/// Further information about a diagnostic: what to do, or where the other end of the problem is.
struct Note {
  std::string file = {}; ///< Empty: the place of the diagnostic itself.
  int line = 0;
  std::string message = {};
};

/// One problem. `file` is a source file with a line (from 1), a data file with line 0, or empty for no place at all.
struct Diagnostic {
  std::string file = {};
  int line = 0;
  Severity severity = Severity::error;
  std::string message = {};
  std::vector<Note> notes = {};
};

/// The lines that a user sees, joined by newlines without one at the end:
///   model.cpp:23: error: conv2d cannot stay binary: zero padding adds a third value to {-1, +1}
///   model.cpp:23: note: use Pad::same_plus_one, or keep this layer in 8 bits
///   weights.npz: error: truncated file            (a data file)
///   nibble: error: unknown target "z80"           (no place)
std::string format(const std::vector<Diagnostic> &diagnostics);

/// Thrown for every mistake of a user and for every failure of the system, with all diagnostics that were collected.
/// what() gives them as `format` does.
class Error : public std::runtime_error {
public:
  explicit Error(std::vector<Diagnostic> diagnostics);
  explicit Error(std::string message);          ///< One error without a place.
  Error(std::string file, std::string message); ///< One error about a data file.

  const std::vector<Diagnostic> &diagnostics() const noexcept { return diagnostics_; }

private:
  std::vector<Diagnostic> diagnostics_;
};

} // namespace nibble

#endif // NIBBLE_ERROR_H
