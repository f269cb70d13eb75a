// One case: our network, the peers and the limits in turn, and the check against the interpreter.
#pragma once
#include "test/bench/compare/Limits.h"
#include "test/bench/compare/peers/Peer.h"

namespace nibble::bench {

/// A line of the result: what one program needs for one case.
struct Row {
  std::string op, operands, shape; ///< op: "gemm", or "peer:NAME".
  std::optional<double> seconds, medianSeconds;
  int repetitions = 0;
  double gop = 0;       ///< 10^9 operations of the case.
  double boundGops = 0; ///< The most that this machine can do, in GOP/s;
  std::string boundBy;  ///< and what it is up against.
  std::string kernel;   ///< The kernel that was chosen, or a peer's own words.
  std::optional<bool> exact;
  std::string refused; ///< Why there is no time.
  // Of our own rows:
  std::string peer, exactPeer; ///< The fastest one, and the fastest whose sums are right; empty without one.
  std::optional<double> peerSeconds, exactPeerSeconds;
  std::vector<std::string> rejected; ///< Faster kernels that were passed over, with the reason.
  int64_t weightBytes = 0;
  double checked = 0; ///< Share of the outputs that was compared with the interpreter.

  bool isPeer() const { return op.starts_with("peer:"); }
  /// Fastest peer's time over ours: above 1 we are faster.
  std::optional<double> ratio() const { return over(peerSeconds); }
  std::optional<double> exactRatio() const { return over(exactPeerSeconds); }
  std::optional<double> gops() const { return seconds ? std::optional(gop / *seconds) : std::nullopt; }

private:
  std::optional<double> over(const std::optional<double> &other) const {
    return seconds && other ? std::optional(*other / *seconds) : std::nullopt;
  }
};

struct Machine {
  std::string cpu, target; ///< The CPU's name; the target that our networks are compiled for.
  bool wide = true;        ///< Whether more than AVX2 may be used, by anyone.
  std::vector<Library> libraries;
  std::vector<std::pair<const Limit *, double>> limits; ///< Work per second.
  std::vector<Bandwidth> bandwidths;
};

struct MeasureOptions {
  TimingOptions timing;
  PeerOptions peers;
  double checkedMacs = 150e6; ///< Multiply-accumulates of the interpreter.
};

/// A message on one line, without the place in this program that a diagnostic names.
std::string oneLine(std::string text);

/// Our row, then those of the peers.
std::vector<Row> measure(const Case &c, const Machine &machine, const MeasureOptions &options);

} // namespace nibble::bench
