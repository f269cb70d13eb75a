// The layouts of activations and weights.
#include "compiler/Pack/StorageLayouts.h"
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Kernels/Listed.h"

using namespace mlir;

namespace nibble {

bool isPortableKernel(StringRef kernel) {
  static constexpr StringRef names[] = {portableBinary,    portableI16,       portableF32,
                                        portableF32Packed, portableDepthwise, portableScalar};
  return llvm::is_contained(names, kernel);
}

bool isKernel(StringRef kernel) { return isByteKernel(kernel) || isLookupKernel(kernel) || isPortableKernel(kernel); }

bool isDepthwiseKernel(StringRef kernel) {
  return kernels::findDepthwiseKernel({kernel.data(), kernel.size()}) != nullptr;
}

bool isListedKernel(StringRef kernel) { return kernels::findListedKernel({kernel.data(), kernel.size()}) != nullptr; }

bool isByteKernel(StringRef kernel) {
  return kernels::findKernel({kernel.data(), kernel.size()}) || isListedKernel(kernel) || isDepthwiseKernel(kernel);
}

bool scalesGroups(StringRef kernel) {
  const kernels::KernelInfo *info = kernels::findKernel({kernel.data(), kernel.size()});
  return info && info->scalesGroups();
}

static const kernels::LookupKernelInfo *lookupKernel(StringRef kernel) {
  return kernels::findLookupKernel({kernel.data(), kernel.size()});
}

bool isLookupKernel(StringRef kernel) { return lookupKernel(kernel) != nullptr; }

int packedInputBits(StringRef kernel) {
  if (const kernels::LookupKernelInfo *lookup = lookupKernel(kernel))
    return kernels::lookupBits(lookup->elements);
  return kernel == portableBinary ? 1 : 0;
}

static bool hasNoZeroPoint(const GridFacts &facts) {
  return llvm::all_of(facts.zeros, [](int64_t z) { return z == 0; });
}

bool isTernary(const GridFacts &facts) {
  return facts.known && facts.qmin >= -1 && facts.qmax <= 1 && hasNoZeroPoint(facts);
}

int packedBits(const GridFacts &facts) {
  if (facts.binary)
    return 1;
  const bool isFew = facts.known && facts.qmax - facts.qmin <= 3 && llvm::all_equal(facts.zeros);
  return isTernary(facts) || isFew ? 2 : 0;
}

bool lookupTakes(kernels::LookupElements elements, const GridFacts &input, const GridFacts &weight) {
  if (weight.group)
    return false;
  switch (elements) {
  case kernels::LookupElements::Binary:
    return input.binary && weight.binary;
  case kernels::LookupElements::Ternary:
    return isTernary(input) && isTernary(weight);
  case kernels::LookupElements::TwoBits:
    break;
  }
  return packedBits(input) == 2 && !isTernary(input) && weight.known && weight.qmin >= -2 && weight.qmax <= 1 &&
         hasNoZeroPoint(weight);
}

LayoutAttr layoutOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<LayoutAttr>(tensor.getEncoding()) : LayoutAttr();
}

Result<layout::Layout> activationLayout(Type grid, Storage storage, int64_t rank) {
  auto facts = gridFacts(grid);
  if (!facts || !facts->known)
    return Failure{"the scale of its grid is not known; freeze the graph first (nibble-freeze)"};
  if ((storage == Storage::Bits || storage == Storage::Fields) && rank < 2)
    return Failure{"its rows would go over several images"};
  if (storage == Storage::Bits)
    return layout::bitsAlongLastDim(static_cast<int>(rank), 32);
  if (storage == Storage::Fields) {
    if (isTernary(*facts))
      return layout::ternaryAlongLastDim(static_cast<int>(rank), 32);
    if (packedBits(*facts) != 2)
      return Failure{"its grid has more than four values, which do not fit fields of two bits"};
    layout::Layout fields = layout::fieldsAlongLastDim(static_cast<int>(rank), 32);
    fields.offset = facts->qmin;
    return fields;
  }
  if (storage == Storage::Bytes) {
    if (facts->qmax - facts->qmin > 255)
      return Failure{"its grid has more than 256 values, which do not fit bytes"};
    layout::Layout bytes = layout::rowMajor(static_cast<int>(rank), 8, 8);
    bytes.code = layout::Code::unsigned_;
    bytes.offset = facts->qmin;
    return bytes;
  }
  layout::Layout words = layout::rowMajor(static_cast<int>(rank), 16, 16);
  if (!llvm::all_equal(facts->zeros))
    return Failure{"it has several zero points; activations are stored with one per tensor"};
  words.offset = facts->zeros.front();
  if (facts->qmin < layout::minValue(words) || facts->qmax > layout::maxValue(words))
    return Failure{"its grid [" + std::to_string(facts->qmin) + ", " + std::to_string(facts->qmax) +
                   "] with zero point " + std::to_string(words.offset) +
                   " does not fit 16-bit words; use a signed quantiser of 16 bits, or at most 8 bits"};
  return words;
}

std::optional<Storage> storageOf(RankedTensorType type) {
  LayoutAttr layout = layoutOf(type);
  auto facts = gridFacts(type.getElementType());
  if (!layout || !facts)
    return std::nullopt;
  for (Storage storage : {Storage::Words, Storage::Bytes, Storage::Bits, Storage::Fields}) {
    bool fits = storage != Storage::Bits || facts->binary;
    auto candidate = activationLayout(type.getElementType(), storage, type.getRank());
    if (fits && candidate && *candidate == layout.getLayout())
      return storage;
  }
  return std::nullopt;
}

Storage inputStorage(StringRef kernel, Type element) {
  if (!isQuantizedType(element))
    return Storage::None;
  if (isByteKernel(kernel))
    return Storage::Bytes;
  const int packed = packedInputBits(kernel);
  return packed == 2 ? Storage::Fields : packed == 1 ? Storage::Bits : Storage::Words;
}

/// Width of a field that holds weights of this grid in the blocks of portable_i16 and portable_f32_packed. A sign bit
/// has no zero: where a run of binary weights does not fill its blocks of 8, the padding needs fields of 2 bits to be
/// worth nothing.
static int fieldBits(const GridFacts &facts, int64_t run) {
  if (facts.binary && run % 8 == 0)
    return 1;
  if (facts.bits <= 2) // ternary too
    return 2;
  return facts.bits <= 4 ? 4 : 8;
}

layout::Layout weightLayout(StringRef kernel, RankedTensorType weights) {
  auto facts = gridFacts(weights.getElementType());
  layout::Layout layout = layout::rowMajor(4, facts ? 8 : 32, facts ? 8 : 32);
  const kernels::KernelInfo *info = kernels::findKernel({kernel.data(), kernel.size()});
  if (info || isListedKernel(kernel)) { // lists are made of these when kernels are
    layout = info ? layout::dotTile(4, info->weightBits, info->columns) : layout::dotTile(4, 8, kernels::listedColumns);
    // Taps of one value: a row of them is the run.
    if (weights.getShape()[3] == 1)
      for (layout::Tile &tile : layout.tiles)
        tile.dim = tile.dim == 3 ? 2 : tile.dim;
    return layout;
  }
  if (const kernels::LookupKernelInfo *info = lookupKernel(kernel))
    return info->counts() ? layout::countTile(4, kernels::lookupBits(info->elements)) // words are made with kernels
                          : layout::lookupTile(4, kernels::lookupBits(info->elements),
                                               info->weights == kernels::LookupWeights::Packed);
  if (isDepthwiseKernel(kernel))
    return layout::depthwiseTile(4);
  if (kernel == portableBinary) {
    layout = layout::bitsAlongLastDim(4, 32);
    layout.tiles.insert(layout.tiles.begin(), {0, 16});
  } else if (kernel == portableI16) {
    layout = layout::weightTile(4, fieldBits(*facts, weights.getShape().back()), 16, 2, 16);
  } else if (kernel == portableF32Packed) {
    layout = layout::weightTile(4, fieldBits(*facts, weights.getShape().back()), 16, 1, 16);
  } else if (kernel == portableF32) {
    layout.tiles = {{0, 16}};
  } else if (kernel == portableDepthwise) {
    layout.order = {1, 2, 3, 0};
  }
  if (facts && !facts->isSigned)
    layout.code = layout::Code::unsigned_;
  return layout;
}

} // namespace nibble
