// What all peers have in common.
#include "test/bench/compare/peers/Peer.h"

namespace nibble::bench {

size_t middleOf(const Shape &shape) {
  const int64_t pixel = shape.linear() ? shape.batch / 2 : shape.h / 2 * shape.w + shape.w / 2;
  return static_cast<size_t>(pixel * shape.o + shape.o / 2);
}

Peer integerPeer(const std::string &name, const Case &c, const Data &data, const MakeIntegerRun &make) {
  bool exact = false;
  {
    IntegerRun extreme = make(extremeIntegers(c));
    extreme.run();
    exact = extreme.middle() == extremeResult;
  }
  IntegerRun run = make(makeIntegers(c, data));
  Peer peer{name, run.implementation};
  peer.contestant.name = name;
  peer.contestant.run = run.run;
  peer.owner = run.owner;
  peer.exact = exact;
  return peer;
}

std::vector<Library> libraries(const PeerOptions &options) {
  return {oneDnn(), openBlas(), xnnpack(options), onnxRuntime(options)};
}

} // namespace nibble::bench
