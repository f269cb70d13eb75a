// Passes from the quantized stage to the packed stage, in the order in which they run.
#ifndef NIBBLE_PACK_PASSES
#define NIBBLE_PACK_PASSES

include "mlir/Pass/PassBase.td"

def FormTiles : Pass<"nibble-form-tiles", "::mlir::func::FuncOp"> {
  let summary = "Makes one nibble.tile of each contraction and the requantisation behind it";
  let description = [{
    conv2d and linear become nibble.tile, with the nibble.requantize (and its residual) that is the only use of their result as epilogue.
    A linear layer [N, I] x [O, I] is the convolution [N, 1, 1, I] x [O, 1, 1, I], with nibble.reshape around it. Weights must be
    constants; those behind a nibble.dequantize are evaluated.

    A convolution that pads with +1 or -1 gets a nibble.pad in front: padded taps of a tile are worth 0 and are skipped. For an
    asymmetric grid 0 is the zero point, so that zero padding needs no care.

    A requantisation with the profile `fixed`, or with other uses of the accumulator beside it, stays an op of its own.
  }];
}

def FlattenWindows : Pass<"nibble-flatten-windows", "::mlir::ModuleOp"> {
  let summary = "Makes the rows of a window of few channels one run of values, so that a dot kernel can compute the tile";
  let description = [{
    A convolution of few channels (the first layer of most networks) has rows of KW * C values whose taps fill no groups of 4 values, and
    padding cuts them between taps. Each row of an image [N, H, W, C] is W * C values one behind the other, in which the rows of neighbouring
    windows are SW * C values apart. So the tile

      [N, H, W, C] x [O, KH, KW, C],    strides [SH, SW], dilations [DH, DW]

    is the same sum as

      [N, H, W' * C, 1] x [O, KH, R, 1],    strides [SH, SW * C], dilations [DH, 1]

    where R = ((KW - 1) * DW + 1) * C rounded up to a multiple of 4, the added weights (and those between the taps of a dilated window) are 0, and a
    nibble.pad in front has added the columns of the padding and so many that the last window ends inside the row. Rows of padding
    are left to the tile, which skips them. Binary weights, among which there is no 0, become ternary ones.

    A tile is rewritten where portable_i16 would be chosen for it, a dot kernel computes what it becomes, and no more than
    half of the new weights are added ones; for dot_u8s8_6x16_avx2_exact, which is no faster for a product than portable_i16, where there are no more
    pairs of values than KW * ceil(C / 2) in a row. So is a tile on a listed kernel whose columns are padded, where lists of whole rows of the
    window save more operations than the columns of the padding and the copy of the image cost. The attribute `nibble.flattened` = [W, C, KW, SW, DW, left padding] keeps what it was, for the report.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"native\"", "Target string, such as x86_64-linux-gnu,+avx2">,
    Option<"images", "images", "int64_t", "1", "Images that a dynamic batch is taken to have at a time">
  ];
}

def SelectKernels : Pass<"nibble-select-kernels", "::mlir::func::FuncOp"> {
  let summary = "Chooses the kernel of each nibble.tile, and says why each other one was passed over";
  let description = [{
    Sets `kernel`, `widen_every`, `rejected` and the attribute `nibble.choice` (why this one) and changes nothing else. Of the kernels that can
    compute the tile it takes the one with the least predicted time (compiler/Kernels/Costs.h); one that stands earlier in this list is
    preferred if it is nearly as fast, one whose weights are narrower even if it is not. A tile with the attribute `nibble.given_kernel` (also a
    contraction of an earlier stage) gets the kernel of that name; if that cannot compute it, this is an error with the reason. One with
    `nibble.measured`, a dictionary of nanoseconds (f64) by kernel, gets the one with the least time.

      depthwise kernels         integers of at most 8 bits on both sides, groups = C = O, windows of at most 16 x 16 of which each sees a pixel in
      (depthwise_u8s8_...)      its row
      look-up kernels           binary x binary; or values -1, 0 and 1 on both sides; sums of at most 8191 bytes of activations; groups of whole
      (lookup_...)              bytes of the input and of multiples of 8 output channels
      kernels of the manifest   unsigned activations of at most 8 bits, weights that fit a signed byte, groups of multiples of 8 output channels, at least
      (dot_u8s8_...)            4 values in a run KW * C of the window, and KW = 1, C divisible by 4, or C = 1 and no padded columns; then the
                                conditions of nibble::kernels::candidatesFor (target features, R5 for the actual weights)
      listed kernels            in place of dot_u8s8_6x16_avx2 or ..._exact, if the 16-bit sums that these weights allow take fewer operations
      (listed_u8s8_...)         (docs/kernels.md); `widen_every` is the most groups of such a sum, and the attribute `nibble.listed` = [groups,
                                windows, bytes] what the weights become
      portable_binary           binary activations and weights, groups of multiples of 32 input channels
      portable_i16              integers
      portable_f32              f32; as all three, groups of multiples of 16 output channels where the result is binary
      portable_depthwise        groups = C = O; no binary activations
      portable_scalar           what no other kernel takes

    A tile without any kernel (weights that are not constant, have a zero point or more than 8 bits) is an error.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"native\"", "Target string, such as x86_64-linux-gnu,+avx2">,
    Option<"images", "images", "int64_t", "1", "Images that a dynamic batch is taken to have at a time">
  ];
}

def AssignLayouts : Pass<"nibble-assign-layouts", "::mlir::func::FuncOp"> {
  let summary = "Decides the layout of each quantised value and notes it on the ops";
  let description = [{
    Sets the attribute `nibble.layouts` = [one entry per operand, then one per result] on each op that works on stored integers or packed
    weights: a #nibble.layout, or `unit` for a value without one (f32, i32). It inserts nothing. See docs/layouts.md.

    Layouts of activations are decided for groups of values that reshape, max_pool2d, pad and concat join without moving bits:

      bits     binary values that a binary kernel reads:          order = [.., 3], tile = [3:32], word = 32, bits = 1, code = sign
      fields   -1, 0, 1 that a ternary kernel reads:              order = [.., 3], tile = [3:16], word = 32, bits = 2
      bytes    unsigned values that only byte kernels read:       order = [.., 3], word = 8, bits = 8, code = unsigned         (q)
      words    all others:                                        order = [.., 3], word = 16, bits = 16, offset = zero point   (q - z)

    Where an op needs another form than the group has, its entry says so, and nibble-materialize-layouts converts. The layout of
    weights belongs to the kernel.
  }];
}

def MaterializeLayouts : Pass<"nibble-materialize-layouts", "::mlir::func::FuncOp"> {
  let summary = "Writes the assigned layouts into the types and inserts nibble.pack and nibble.unpack where they differ";
  let description = [{
    Results take the layout of their entry in `nibble.layouts`. An operand whose value lies in another layout goes through
    nibble.unpack, nibble.pack or both; equal conversions of one value are shared. Ops without the attribute (func.return, for
    example) and the arguments of a function use values without layout.
  }];
}

def VerifyLayouts : Pass<"nibble-verify-layouts", "::mlir::func::FuncOp"> {
  let summary = "Checks that layouts agree at every use";
  let description = [{
    Every op on integers has operands and results in layouts that it works on: those that its kernel needs (for binary kernels that
    includes equal fill bits, which cancel in the exclusive or), and the same storage before and after reshape, max_pool2d, pad and
    concat. Each layout can hold the whole grid of its tensor.
  }];
}

def PackConstants : Pass<"nibble-pack-constants", "::mlir::ModuleOp"> {
  let summary = "Packs constants when compiling: nibble.pack of a nibble.constant becomes a constant of bytes";
  let description = "The value is i8 bytes, a dense_resource where there are more than 8; f32 weights are stored by their bits.";
}

#endif
