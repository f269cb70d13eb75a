// Measurement of one case.
#include "test/bench/compare/Measure.h"
#include "test/bench/compare/Ours.h"

#include <algorithm>
#include <iterator>

namespace nibble::bench {

std::string oneLine(std::string text) {
  text = text.substr(0, text.find('\n'));
  if (const size_t at = text.find("error: "); at != std::string::npos)
    text.erase(0, at + 7);
  return text;
}

namespace {

std::vector<Peer> peersOf(const Case &c, const Data &data, const Machine &machine, const PeerOptions &options,
                          std::vector<Row> &refusals, const Row &blank) {
  std::vector<Peer> peers;
  for (const Library &library : machine.libraries) {
    if (!library.missing.empty())
      continue; // said once, with the machine
    try {
      std::vector<Peer> ways = library.peers(c, data, options);
      std::move(ways.begin(), ways.end(), std::back_inserter(peers));
    } catch (const std::exception &error) {
      Row row = blank;
      row.op = "peer:" + library.name;
      row.refused = oneLine(error.what());
      refusals.push_back(std::move(row));
    }
  }
  return peers;
}

/// What a case may be up against, measured beside its kernels.
class Bounds {
public:
  Bounds(const Case &c, const Machine &machine)
      : rows(c.shape.rows()), gop(c.gop()), bytes(c.bytes()), level(levelOf(machine.bandwidths, c.bytes())),
        limits(limitsOf(c.operands.route, machine.wide)) {
    double arithmetic = 0;
    runs.reserve(limits.size());
    for (const RouteLimit &route : limits) {
      runs.push_back(contestantOf(*route.limit));
      for (const auto &[limit, rate] : machine.limits)
        if (limit == route.limit)
          arithmetic = std::max(arithmetic, route.boundOf(rate, c.shape.rows()) / 1e9);
    }
    // Reading is measured where it matters, with as many bytes as the case has.
    if (bytes / level.bytesPerSecond > 0.5 * gop / arithmetic)
      readers = readersOf(bytes);
  }

  void join(std::vector<Contestant *> &contestants) {
    for (std::vector<Contestant> *group : {&runs, &readers})
      for (Contestant &run : *group)
        contestants.push_back(&run);
  }

  /// The tighter of what the arithmetic and what the memory allows.
  void set(Row &row) const {
    for (size_t i = 0; i < limits.size(); ++i) {
      const double rate = limits[i].boundOf(rateOf(*limits[i].limit, runs[i].times), rows) / 1e9;
      if (rate > row.boundGops) {
        row.boundGops = rate;
        row.boundBy = limits[i].limit->name;
      }
    }
    double reading = bytes / level.bytesPerSecond;
    for (const Contestant &reader : readers)
      reading = &reader == &readers.front() ? reader.times.min() : std::min(reading, reader.times.min());
    if (gop / reading < row.boundGops) {
      row.boundGops = gop / reading;
      row.boundBy = "read " + level.level;
    }
  }

private:
  int64_t rows;
  double gop, bytes;
  const Bandwidth &level;
  std::vector<RouteLimit> limits;
  std::vector<Contestant> runs, readers;
};

void setTimes(Row &row, const Contestant &contestant) {
  row.refused = contestant.error;
  if (!contestant.error.empty() || contestant.times.seconds.empty())
    return;
  row.seconds = contestant.times.min();
  row.medianSeconds = contestant.times.median();
  row.repetitions = static_cast<int>(contestant.times.seconds.size());
}

} // namespace

std::vector<Row> measure(const Case &c, const Machine &machine, const MeasureOptions &options) {
  const Data data = makeData(c);
  Row ours;
  ours.op = c.op();
  ours.operands = c.operands.name;
  ours.shape = c.shape.str();
  ours.gop = c.gop();
  const Row blank = ours;

  std::unique_ptr<Network> network;
  Contestant own{"nibble", {}};
  try {
    network = std::make_unique<Network>(c, data, machine.target);
    ours.kernel = network->kernel();
    ours.rejected = network->rejected();
    ours.weightBytes = network->weightBytes();
  } catch (const std::exception &error) {
    own.error = oneLine(error.what());
  }

  std::vector<Row> peerRows;
  std::vector<Peer> peers = peersOf(c, data, machine, options.peers, peerRows, blank);
  Bounds bounds(c, machine);
  std::vector<Contestant *> contestants;
  std::transform(peers.begin(), peers.end(), std::back_inserter(contestants),
                 [](Peer &peer) { return &peer.contestant; });
  bounds.join(contestants);
  if (network) {
    contestants.insert(contestants.begin(), &own);
    try {
      network->withLayer([&](const Network::Layer &layer) {
        own.run = layer.run;
        own.prepare = layer.prepare;
        interleave(contestants, options.timing);
      });
      ours.checked = network->check(options.checkedMacs);
      ours.exact = true;
    } catch (const std::exception &error) {
      ours.exact = own.times.seconds.empty() ? std::nullopt : std::optional(false);
      own.error = oneLine(error.what());
    }
  } else {
    interleave(contestants, options.timing);
  }

  setTimes(ours, own);
  bounds.set(ours);
  for (Peer &peer : peers) {
    Row row = blank;
    row.op = "peer:" + peer.name;
    row.kernel = peer.implementation;
    row.exact = peer.exact;
    setTimes(row, peer.contestant);
    if (row.seconds && (!ours.peerSeconds || *row.seconds < *ours.peerSeconds)) {
      ours.peerSeconds = row.seconds;
      ours.peer = peer.name;
    }
    if (row.seconds && row.exact.value_or(false) && (!ours.exactPeerSeconds || *row.seconds < *ours.exactPeerSeconds)) {
      ours.exactPeerSeconds = row.seconds;
      ours.exactPeer = peer.name;
    }
    peerRows.push_back(std::move(row));
  }
  for (Row &row : peerRows) {
    row.boundGops = ours.boundGops;
    row.boundBy = ours.boundBy;
  }
  peerRows.insert(peerRows.begin(), std::move(ours));
  return peerRows;
}

} // namespace nibble::bench
