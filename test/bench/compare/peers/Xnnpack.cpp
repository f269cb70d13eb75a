// XNNPACK (libxnnpack-dev): operators without a thread pool. Unsigned inputs are stored as q - 128 with zero point
// -128.
#include "test/bench/compare/peers/Peer.h"

#ifdef NIBBLE_BENCH_XNNPACK
#include <cpuinfo.h>
#include <xnnpack.h>

#include <cmath>
#include <stdexcept>

namespace nibble::bench {
namespace {

void check(xnn_status status, const char *what) {
  if (status != xnn_status_success)
    throw std::runtime_error(std::string(what) + " gave status " + std::to_string(static_cast<int>(status)));
}

/// An operator and its tensors.
struct Operator {
  ~Operator() { xnn_delete_operator(handle); }
  void run() const { check(xnn_run_operator(handle, nullptr), "xnn_run_operator"); }
  xnn_operator_t handle = nullptr;
  std::vector<std::shared_ptr<void>> memory;
  template <typename T>
  T *keep(std::shared_ptr<T[]> array) {
    memory.push_back(array);
    return array.get();
  }
};

/// The numbers that all create functions of convolutions share.
struct Window {
  uint32_t top, right, bottom, left, kh, kw, groups;
  size_t groupInputs, groupOutputs, inputs, outputs, batch, h, w;
  explicit Window(const Shape &s)
      : top(static_cast<uint32_t>((s.kh - 1) / 2)), right(static_cast<uint32_t>(s.kw / 2)),
        bottom(static_cast<uint32_t>(s.kh / 2)), left(static_cast<uint32_t>((s.kw - 1) / 2)),
        kh(static_cast<uint32_t>(s.kh)), kw(static_cast<uint32_t>(s.kw)),
        groups(static_cast<uint32_t>(s.depthwise ? s.c : 1)), groupInputs(static_cast<size_t>(s.perGroup())),
        groupOutputs(static_cast<size_t>(s.depthwise ? 1 : s.o)), inputs(static_cast<size_t>(s.c)),
        outputs(static_cast<size_t>(s.o)),
        // Rows of a product are the pixels of one image.
        batch(s.linear() ? 1 : static_cast<size_t>(s.batch)), h(static_cast<size_t>(s.linear() ? s.batch : s.h)),
        w(static_cast<size_t>(s.w)) {}
};

Peer floatPeer(const Case &c, const Data &data) {
  auto op = std::make_shared<Operator>();
  const Window v(c.shape);
  const float *a = op->keep(alignedCopy<float>(data.input));
  float *y = op->keep(alignedArray<float>(static_cast<size_t>(c.shape.outputs())));
  Peer peer{"XNNPACK", ""};
  if (c.shape.linear()) {
    peer.implementation = "fully_connected_nc_f32";
    check(xnn_create_fully_connected_nc_f32(v.inputs, v.outputs, v.inputs, v.outputs, data.weight.data(), nullptr,
                                            -INFINITY, INFINITY, 0, &op->handle),
          "xnn_create_fully_connected_nc_f32");
    check(xnn_setup_fully_connected_nc_f32(op->handle, v.h, a, y, nullptr), "xnn_setup_fully_connected_nc_f32");
  } else {
    // Depthwise weights are [1, kh, kw, c] with this flag, [c, kh, kw, 1] without.
    peer.implementation = "convolution2d_nhwc_f32";
    check(xnn_create_convolution2d_nhwc_f32(v.top, v.right, v.bottom, v.left, v.kh, v.kw, 1, 1, 1, 1, v.groups,
                                            v.groupInputs, v.groupOutputs, v.inputs, v.outputs, data.weight.data(),
                                            nullptr, -INFINITY, INFINITY, 0, &op->handle),
          "xnn_create_convolution2d_nhwc_f32");
    check(xnn_setup_convolution2d_nhwc_f32(op->handle, v.batch, v.h, v.w, a, y, nullptr),
          "xnn_setup_convolution2d_nhwc_f32");
  }
  peer.contestant.name = peer.name;
  peer.contestant.run = [op] { op->run(); };
  peer.owner = op;
  return peer;
}

IntegerRun integerRun(const Case &c, const IntegerData &data) {
  auto op = std::make_shared<Operator>();
  const Window v(c.shape);
  const int shift = data.inputSigned ? 0 : -128;
  const auto zero = static_cast<int8_t>(shift);
  const int8_t *a = op->keep(alignedCopy<int8_t>(data.input, shift));
  int8_t *y = op->keep(alignedArray<int8_t>(static_cast<size_t>(c.shape.outputs())));
  const float scale = 1 / data.multiplier;
  IntegerRun run;
  if (data.perChannel) {
    run.implementation = "convolution2d_nhwc_qc8";
    const std::vector<float> scales(v.outputs, 1.0f);
    check(xnn_create_convolution2d_nhwc_qc8(v.top, v.right, v.bottom, v.left, v.kh, v.kw, 1, 1, 1, 1, v.groups,
                                            v.groupInputs, v.groupOutputs, v.inputs, v.outputs, zero, 1.0f,
                                            scales.data(), data.weight.data(), nullptr, zero, scale, -128, 127, 0,
                                            &op->handle),
          "xnn_create_convolution2d_nhwc_qc8");
    check(xnn_setup_convolution2d_nhwc_qc8(op->handle, v.batch, v.h, v.w, a, y, nullptr),
          "xnn_setup_convolution2d_nhwc_qc8");
  } else if (c.shape.linear()) {
    run.implementation = "fully_connected_nc_qs8";
    check(xnn_create_fully_connected_nc_qs8(v.inputs, v.outputs, v.inputs, v.outputs, zero, 1.0f, 1.0f,
                                            data.weight.data(), nullptr, zero, scale, -128, 127, 0, &op->handle),
          "xnn_create_fully_connected_nc_qs8");
    check(xnn_setup_fully_connected_nc_qs8(op->handle, v.h, a, y, nullptr), "xnn_setup_fully_connected_nc_qs8");
  } else {
    run.implementation = "convolution2d_nhwc_qs8";
    check(xnn_create_convolution2d_nhwc_qs8(v.top, v.right, v.bottom, v.left, v.kh, v.kw, 1, 1, 1, 1, v.groups,
                                            v.groupInputs, v.groupOutputs, v.inputs, v.outputs, zero, 1.0f, 1.0f,
                                            data.weight.data(), nullptr, zero, scale, -128, 127, 0, &op->handle),
          "xnn_create_convolution2d_nhwc_qs8");
    check(xnn_setup_convolution2d_nhwc_qs8(op->handle, v.batch, v.h, v.w, a, y, nullptr),
          "xnn_setup_convolution2d_nhwc_qs8");
  }
  run.run = [op] { op->run(); };
  const size_t middle = middleOf(c.shape);
  run.middle = [y, shift, middle] { return y[middle] - shift; };
  run.owner = op;
  return run;
}

} // namespace

std::vector<Peer> xnnpackPeers(const Case &c, const Data &data, const PeerOptions &) {
  std::vector<Peer> peers;
  if (c.operands.group)
    return peers;
  if (c.operands.a.format == Format::F32)
    peers.push_back(floatPeer(c, data));
  else
    peers.push_back(
        integerPeer("XNNPACK", c, data, [&c](const IntegerData &integers) { return integerRun(c, integers); }));
  return peers;
}

Library xnnpack(const PeerOptions &options) {
  // XNNPACK asks cpuinfo which instructions it may use, once, when it is initialised.
  if (cpuinfo_initialize() && !options.wide) {
    cpuinfo_isa.avx512f = cpuinfo_isa.avx512cd = cpuinfo_isa.avx512dq = false;
    cpuinfo_isa.avx512bw = cpuinfo_isa.avx512vl = cpuinfo_isa.avx512vnni = false;
  }
  if (xnn_initialize(nullptr) != xnn_status_success)
    return {"XNNPACK", "", "xnn_initialize failed"};
  return {"XNNPACK", NIBBLE_BENCH_XNNPACK, "", xnnpackPeers};
}

} // namespace nibble::bench

#else
namespace nibble::bench {
Library xnnpack(const PeerOptions &) {
  return {"XNNPACK", "", "built without it (Debian: libxnnpack-dev, libcpuinfo-dev and libpthreadpool-dev)"};
}
} // namespace nibble::bench
#endif
