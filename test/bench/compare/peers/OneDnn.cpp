// oneDNN 2.6 (libdnnl-dev): matrix products with packed weights, convolutions in the layouts that it prefers.
#include "test/bench/compare/peers/Peer.h"

#ifdef NIBBLE_BENCH_ONEDNN
#include <dnnl.hpp>

#include <cmath>
#include <unordered_map>

namespace nibble::bench {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

struct Primitive {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
  memory result; ///< In plain order, filled by read().

  void run() {
    primitive.execute(stream, arguments);
    stream.wait();
  }
  /// `plain` holds the values of argument `index` in the order of `from`; they are laid out as the primitive wants
  /// them.
  void set(int index, const memory::desc &wanted, const memory::desc &from, const void *plain) {
    memory target(wanted, engine);
    memory source(from, engine, const_cast<void *>(plain));
    dnnl::reorder(source, target).execute(stream, source, target);
    stream.wait();
    arguments[index] = target;
  }
  void *read(const memory::desc &order) {
    result = memory(order, engine);
    memory source = arguments.at(DNNL_ARG_DST);
    dnnl::reorder(source, result).execute(stream, source, result);
    stream.wait();
    return result.get_data_handle();
  }
};

dnnl::primitive_attr attributes(const std::vector<float> &scales, int channel) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (!scales.empty())
    attributes.set_output_scales(scales.size() > 1 ? 1 << channel : 0, scales);
  return attributes;
}

/// Sets the primitive and its tensors up.
template <typename Description>
std::string finish(Primitive &p, const Description &made, const memory::desc &aPlain, const memory::desc &wPlain,
                   const void *a, const void *w) {
  p.set(DNNL_ARG_SRC, made.src_desc(), aPlain, a);
  p.set(DNNL_ARG_WEIGHTS, made.weights_desc(), wPlain, w);
  p.arguments[DNNL_ARG_DST] = memory(made.dst_desc(), p.engine);
  p.arguments[DNNL_ARG_SCRATCHPAD] = memory(made.scratchpad_desc(), p.engine);
  return made.impl_info_str();
}

/// What is computed, and where the results are read.
struct Problem {
  const Shape &shape;
  Type a, w, y;
  std::vector<float> scales; ///< Of the result: none, one, or one per channel.
  const void *input, *weight;

  memory::desc result() const {
    return shape.linear() ? memory::desc({shape.batch, shape.o}, y, Tag::ab)
                          : memory::desc({shape.batch, shape.o, shape.h, shape.w}, y, Tag::nhwc);
  }
};

/// With weights [K, N] in this order; any: as oneDNN packs them. Gives what it says about its implementation.
std::string buildProduct(Primitive &p, const Problem &problem, Tag order) {
  const Shape &s = problem.shape;
  const memory::desc a({s.batch, s.c}, problem.a, Tag::ab), plain({s.c, s.o}, problem.w, Tag::ba);
  const dnnl::matmul::primitive_desc made({a, memory::desc({s.c, s.o}, problem.w, order), problem.result()},
                                          attributes(problem.scales, 1), p.engine);
  p.primitive = dnnl::matmul(made);
  return finish(p, made, a, plain, problem.input, problem.weight);
}

std::string buildConvolution(Primitive &p, const Problem &problem) {
  const Shape &s = problem.shape;
  const auto any = [](const memory::dims &dims, Type type) { return memory::desc(dims, type, Tag::any); };
  const memory::dims x{s.batch, s.c, s.h, s.w}, y{s.batch, s.o, s.h, s.w}, ones{1, 1};
  const memory::dims weights = s.depthwise ? memory::dims{s.o, 1, 1, s.kh, s.kw} : memory::dims{s.o, s.c, s.kh, s.kw};
  const memory::dims low{(s.kh - 1) / 2, (s.kw - 1) / 2}, high{s.kh / 2, s.kw / 2};
  const dnnl::convolution_forward::desc wanted(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_auto,
                                               any(x, problem.a), any(weights, problem.w), any(y, problem.y), ones, low,
                                               high);
  const dnnl::convolution_forward::primitive_desc made(wanted, attributes(problem.scales, 1), p.engine);
  p.primitive = dnnl::convolution_forward(made);
  return finish(p, made, memory::desc(x, problem.a, Tag::nhwc),
                memory::desc(weights, problem.w, s.depthwise ? Tag::abdec : Tag::ohwi), problem.input, problem.weight);
}

/// Packed weights are usually the fastest for products, but far from it for some vectors: the best of three orders.
std::pair<std::shared_ptr<Primitive>, std::string> build(const Problem &problem) {
  std::pair<std::shared_ptr<Primitive>, std::string> best;
  double least = INFINITY;
  for (Tag order : {Tag::any, Tag::ab, Tag::ba}) {
    auto p = std::make_shared<Primitive>();
    if (!problem.shape.linear())
      return {p, buildConvolution(*p, problem)};
    std::string said = buildProduct(*p, problem, order);
    p->run();
    for (int i = 0; i < 3; ++i) {
      const double start = now();
      p->run();
      if (const double time = now() - start; time < least) {
        least = time;
        best = {p, said};
      }
    }
  }
  return best;
}

Peer floatPeer(const Case &c, const Data &data) {
  auto [p, said] = build({c.shape, Type::f32, Type::f32, Type::f32, {}, data.input.data(), data.weight.data()});
  Peer peer{"oneDNN", said};
  peer.contestant.name = peer.name;
  peer.contestant.run = [p] { p->run(); };
  peer.owner = p;
  return peer;
}

IntegerRun integerRun(const Case &c, const IntegerData &data) {
  const Type type = data.inputSigned ? Type::s8 : Type::u8;
  const std::vector<float> scales(data.perChannel ? static_cast<size_t>(c.shape.o) : 1, data.multiplier);
  auto input = alignedCopy<uint8_t>(data.input);
  const Problem problem{c.shape, type, Type::s8, type, scales, input.get(), data.weight.data()};
  auto [p, said] = build(problem);
  IntegerRun run;
  run.implementation = said;
  run.run = [p] { p->run(); };
  run.middle = [p, plain = problem.result(), isSigned = data.inputSigned, middle = middleOf(c.shape)]() -> int {
    const auto *y = static_cast<const uint8_t *>(p->read(plain)) + middle;
    return isSigned ? static_cast<int8_t>(*y) : *y;
  };
  run.owner = p;
  return run;
}

} // namespace

std::vector<Peer> oneDnnPeers(const Case &c, const Data &data, const PeerOptions &) {
  std::vector<Peer> peers;
  if (c.operands.group)
    return peers;
  if (c.operands.a.format == Format::F32)
    peers.push_back(floatPeer(c, data));
  else
    peers.push_back(
        integerPeer("oneDNN", c, data, [&c](const IntegerData &integers) { return integerRun(c, integers); }));
  return peers;
}

Library oneDnn() {
  const dnnl_version_t *v = dnnl_version();
  return {"oneDNN", std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch), "",
          oneDnnPeers};
}

} // namespace nibble::bench

#else
namespace nibble::bench {
Library oneDnn() { return {"oneDNN", "", "built without it (Debian: libdnnl-dev)"}; }
} // namespace nibble::bench
#endif
