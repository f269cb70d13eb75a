// Results in bytes, which a kernel makes of the sums of another (compiler/Kernels/Requantize.h).
#include "compiler/Codegen/KernelTile.h"
#include "dialects/Ukr/IR/Ukr.h"
#include <cmath>

using namespace mlir;

namespace nibble::codegen {

std::vector<float> KernelTile::perChannel(std::optional<ArrayRef<float>> values) const {
  std::vector<float> all(s.O, 0);
  for (int64_t c = 0; values && c < s.O; ++c)
    all[c] = (*values)[values->size() == 1 ? 0 : c];
  return all;
}

std::optional<ByteRange> KernelTile::byteRange(ArrayRef<double> largest) {
  if (e.kind != Epilogue::Kind::Affine || e.residual || e.binary || operands.output.elem != Elem::U8)
    return std::nullopt;
  auto same = [](ArrayRef<float> v) {
    return llvm::all_of(v, [&](float x) { return x == v[0]; }) && v[0] == std::rint(v[0]) && std::fabs(v[0]) <= 512;
  };
  ArrayRef<float> lo = *op.getLo(), hi = *op.getHi();
  if (!same(lo) || !same(hi))
    return std::nullopt;
  const int64_t offset = e.stored - e.zero;
  const int64_t low = static_cast<int64_t>(lo[0]) + offset, high = static_cast<int64_t>(hi[0]) + offset;
  if (std::abs(offset) > 512 || low < 0 || low > high || high > 255)
    return std::nullopt;
  // What the fma gives must be an integer of 32 bits once it is rounded; a little less, as this sum is rounded, too.
  constexpr double most = 2147480000;
  const std::vector<float> multiplier = perChannel(op.getMultiplier()), bias = perChannel(op.getBias());
  for (int64_t c = 0; c < s.O; ++c) {
    const double m = multiplier[c], b = bias[c];
    if (!(largest[c] * std::fabs(m) + std::fabs(b) < most))
      return std::nullopt;
  }
  return ByteRange{static_cast<int>(offset), static_cast<int>(low), static_cast<int>(high)};
}

std::string KernelTile::requantizeKernelFor(const PixelRun &run, int64_t width, const Correction &correction) {
  const kernels::RequantizeKernelInfo &info = kernels::requantizeKernels().front();
  const kernels::RequantizeParams params{.rows = static_cast<int>(run.rows),
                                         .columns = static_cast<int>(columns),
                                         .stored = static_cast<int>(width),
                                         .rowStride = run.rows == 1 ? 0 : run.pixelStride * s.O,
                                         .hasCorrection = !correction.values.empty(),
                                         .offset = bytes->offset,
                                         .low = bytes->low,
                                         .high = bytes->high};
  auto [it, isNew] =
      requantizeKernels.try_emplace({params.rows, params.stored, params.rowStride, params.hasCorrection});
  if (!isNew)
    return it->second;
  return it->second = defineKernel(
             kernels::generate(info, params), ".bytes" + Twine(run.rows) + "x" + Twine(width),
             [&](OpBuilder &b, StringRef symbol, ArrayRef<int8_t> code) {
               ukr::KernelOp::create(b, op.getLoc(), symbol, info.name, params.rows, params.columns, params.stored,
                                     params.rowStride, columns * kernels::requantizeColumnBytes(params.hasCorrection),
                                     /*tiles=*/1, /*b_outer_stride=*/0, /*b_tile_stride=*/0, /*widen_every=*/0,
                                     /*taps=*/1, /*tap_stride=*/0, /*max_outer=*/0, /*scaled=*/false,
                                     /*out_stride=*/IntegerAttr(), code);
             });
}

const Buffer &KernelTile::constantsOf(Correction &correction) {
  if (correction.constants)
    return correction.constants;
  // Blocks of columns begin anew with each group.
  const std::vector<float> multiplier = perChannel(op.getMultiplier()), bias = perChannel(op.getBias());
  const int64_t inGroup = s.outputsPerGroup();
  std::vector<char> all;
  for (int64_t first = 0; first < s.O; first += inGroup) {
    auto part = [&](const auto &values) { return std::span(values).subspan(first, inGroup); };
    const std::vector<uint8_t> packed = kernels::packRequantize(
        static_cast<int>(columns), correction.values.empty() ? std::span<const int32_t>() : part(correction.values),
        part(multiplier), part(bias));
    all.insert(all.end(), packed.begin(), packed.end());
  }
  return correction.constants = emitter.constant(name + ".requantize", Elem::I8, all);
}

Value KernelTile::constantsFrom(Region &r, Value channel, const Correction &correction) {
  const int64_t inGroup = s.outputsPerGroup();
  if (s.groups > 1 && inGroup % columns)
    channel = r.add(r.mul(r.div(channel, inGroup), static_cast<int64_t>(llvm::alignTo(inGroup, columns))),
                    r.rem(channel, inGroup));
  return r.mul(channel, kernels::requantizeColumnBytes(!correction.values.empty()));
}

/// With a kernel, for `width` channels of a call, `columns` or what is left of a group.
void KernelTile::finishBytes(Region &r, Value from, Value channel, int64_t width, const PixelRun &run,
                             Correction &correction) {
  std::string kernel = requantizeKernelFor(run, width, correction);
  if (kernel.empty())
    return;
  const Buffer &constants = constantsOf(correction);
  ukr::CallRequantizeOp::create(r, kernel, sums, from, r.ref(constants), constantsFrom(r, channel, correction),
                                r.ref(operands.output), r.add(r.mul(run.pixel, s.O), channel));
}

} // namespace nibble::codegen
