// Other libraries that compute the same case.
#pragma once
#include "test/bench/compare/Data.h"
#include "test/bench/compare/Timing.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace nibble::bench {

struct PeerOptions {
  bool wide = true; ///< Whether peers may use more than AVX2.
  std::string python = "python3";
};

/// One way of a library to compute a case.
struct Peer {
  std::string name;           ///< "oneDNN"
  std::string implementation; ///< What the library says it uses, or the name of its function.
  Contestant contestant = {};
  std::shared_ptr<void> owner = {}; ///< Keeps everything alive that the contestant uses.
  /// Whether sums of the largest operands come out right on this CPU; of integers only.
  std::optional<bool> exact = {};
};

/// What a library of integers gives for one element in the middle of the result, after one run on `data`.
struct IntegerRun {
  std::string implementation;
  std::function<void()> run;
  std::function<int()> middle;
  std::shared_ptr<void> owner;
};
/// Makes a run, or throws std::exception with the reason why the library cannot compute it.
using MakeIntegerRun = std::function<IntegerRun(const IntegerData &)>;

/// A peer of an integer case: made twice, once with the largest operands to see whether its sums saturate.
Peer integerPeer(const std::string &name, const Case &c, const Data &data, const MakeIntegerRun &make);

/// The offset of an element in the middle of the result, where no tap is padded.
size_t middleOf(const Shape &shape);

/// Each gives the ways in which a library computes a case; none if it cannot.
std::vector<Peer> oneDnnPeers(const Case &c, const Data &data, const PeerOptions &options);
std::vector<Peer> openBlasPeers(const Case &c, const Data &data, const PeerOptions &options);
std::vector<Peer> xnnpackPeers(const Case &c, const Data &data, const PeerOptions &options);
std::vector<Peer> onnxRuntimePeers(const Case &c, const Data &data, const PeerOptions &options);

/// One library: its name, its version or why it is missing, and its peers.
struct Library {
  std::string name;
  std::string version; ///< Empty if it is missing:
  std::string missing; ///< the reason.
  std::vector<Peer> (*peers)(const Case &, const Data &, const PeerOptions &) = nullptr;
};
std::vector<Library> libraries(const PeerOptions &options);

Library oneDnn();
Library openBlas();
Library xnnpack(const PeerOptions &options);
Library onnxRuntime(const PeerOptions &options);

/// Memory aligned to 64 bytes with room behind the end, as libraries like it.
template <typename T>
std::shared_ptr<T[]> alignedArray(size_t count) {
  const size_t bytes = (count * sizeof(T) + 256 + 63) / 64 * 64;
  return {static_cast<T *>(::operator new[](bytes, std::align_val_t(64))),
          [](T *p) { ::operator delete[](p, std::align_val_t(64)); }};
}
template <typename T, typename From>
std::shared_ptr<T[]> alignedCopy(const From &values, int offset = 0) {
  auto copy = alignedArray<T>(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    copy[i] = static_cast<T>(values[i] + static_cast<typename From::value_type>(offset));
  return copy;
}

} // namespace nibble::bench
