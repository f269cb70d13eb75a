// OpenBLAS (libopenblas-dev): f32 products; a 1x1 convolution is one.
#include "test/bench/compare/peers/Peer.h"

#ifdef NIBBLE_BENCH_OPENBLAS
#include <cblas.h>

extern "C" char *openblas_get_config(void);
extern "C" char *openblas_get_corename(void);
extern "C" void openblas_set_num_threads(int);

namespace nibble::bench {

std::vector<Peer> openBlasPeers(const Case &c, const Data &data, const PeerOptions &) {
  const Shape &s = c.shape;
  if (c.operands.group || c.operands.a.format != Format::F32 || s.depthwise || s.kh != 1 || s.kw != 1)
    return {};
  const int m = static_cast<int>(s.batch * s.h * s.w), n = static_cast<int>(s.o), k = static_cast<int>(s.c);
  auto a = alignedCopy<float>(data.input), w = alignedArray<float>(data.weight.size()),
       y = alignedArray<float>(static_cast<size_t>(m) * static_cast<size_t>(n));
  const bool vector = m == 1;
  // [N, K] for a vector, [K, N] for a matrix: whichever the library reads faster.
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < k; ++j)
      w[static_cast<size_t>(vector ? i * k + j : j * n + i)] = data.weight[static_cast<size_t>(i * k + j)];
  Peer peer{"OpenBLAS", std::string(vector ? "sgemv " : "sgemm ") + openblas_get_corename()};
  peer.contestant.name = peer.name;
  peer.contestant.run = [a, w, y, m, n, k, vector] {
    if (vector)
      cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1, w.get(), k, a.get(), 1, 0, y.get(), 1);
    else
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a.get(), k, w.get(), n, 0, y.get(), n);
  };
  std::vector<Peer> peers;
  peers.push_back(std::move(peer));
  return peers;
}

Library openBlas() {
  openblas_set_num_threads(1);
  return {"OpenBLAS", openblas_get_config(), "", openBlasPeers};
}

} // namespace nibble::bench

#else
namespace nibble::bench {
Library openBlas() { return {"OpenBLAS", "", "built without it (Debian: libopenblas-dev)"}; }
} // namespace nibble::bench
#endif
