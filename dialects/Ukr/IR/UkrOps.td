// The microkernel dialect: kernel symbols and their calls, parallel regions, and buffers of the one arena.
#ifndef UKR_IR_OPS
#define UKR_IR_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Ukr_Dialect : Dialect {
  let name = "ukr";
  let cppNamespace = "::nibble::ukr";
  let summary = "Contract between generated kernels and the code that calls them, and the memory both work on.";
  let description = [{
    Everything that a compiled entry writes lies in the caller's outputs or in one arena. `ukr.buffer` names a part of
    the arena that nibble-plan-memory places; `ukr.scratch` is the calling thread's own part. A region is a function
    `(arena, entry arguments..., n, begin, end, thread)` that `ukr.parallel` runs over [0, count).
  }];
}

class Ukr_Op<string mnemonic, list<Trait> traits = []> : Op<Ukr_Dialect, mnemonic, traits>;

def Ukr_BufferOp : Ukr_Op<"buffer", [Pure]> {
  let summary = "A named part of the arena.";
  let description = [{
    Example:
    ```mlir
    func.func @buffer() -> memref<64xi8> {
      %0 = ukr.buffer @conv1.out : memref<64xi8>
      return %0 : memref<64xi8>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$name);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Ukr_ScratchOp : Ukr_Op<"scratch", [Pure]> {
  let summary = "The calling thread's scratch memory, `offset` bytes from its start.";
  let description = [{
    Example:
    ```mlir
    func.func @scratch(%thread: index) -> memref<16xi32> {
      %0 = ukr.scratch %thread {offset = 64 : i64} : memref<16xi32>
      return %0 : memref<16xi32>
    }
    ```
  }];
  let arguments = (ins Index:$thread, DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$thread attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Ukr_ParallelOp : Ukr_Op<"parallel", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a region function over [0, count), split among the caller's threads; results do not depend on the split.";
  let description = [{
    `layer`, for reports: the number of the op of the tiled stage, in the body of its function, that the region computes.

    Example:
    ```mlir
    func.func private @clear(%out: memref<64xi32>, %begin: index, %end: index, %thread: index) {
      %zero = arith.constant 0 : i32
      memref.store %zero, %out[%begin] : memref<64xi32>
      return
    }
    func.func @entry(%out: memref<64xi32>, %count: index, %threads: !llvm.ptr) {
      ukr.parallel @clear[%count] with %threads : !llvm.ptr (%out : memref<64xi32>)
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$region, Index:$count, AnyType:$threads, Variadic<AnyType>:$operands_,
                       OptionalAttr<I64Attr>:$layer);
  let assemblyFormat = "$region `[` $count `]` `with` $threads `:` type($threads) `(` ($operands_^ `:` type($operands_))? `)` attr-dict";
}

def Ukr_KernelOp : Ukr_Op<"kernel", [Symbol, IsolatedFromAbove]> {
  let summary = "A generated kernel: its contract and its machine code.";
  let description = [{
    Contract of kind "dot": `acc[t][m][n] = sum over o < outer, p < taps, k < run of a[m * row_stride + o * outer_stride + p * tap_stride + k] *
    w[t][o][p][k][n]` for t < tiles, m < rows, n < columns; a is u8, acc is i32 [tiles][rows][columns] and is overwritten. b holds w in the generator's layout, with
    b_outer_stride from one o to the next and b_tile_stride from one t to the next. Strides in bytes. 16-bit sums, if the generator has
    them, are added to 32-bit ones after `widen_every` groups of 4 k (0: at the end). `scaled`: acc is f32, seen as i32, and gets
    `fma(f32(sum + c[t][o][n]), s[t][o][n], acc)` for one o after the other; s and c follow the fields of each o in b, and acc is twice
    as long, the second half being scratch memory.

    With `out_stride`, for ukr.call_bytes, a kernel of kind "dot" or "listed" makes bytes of the sums as one of kind "requantize" does, rows out_stride apart
    and tiles `columns`; outer is `max_outer`.

    Contract of kind "listed": the same for one tile of 8 columns, and for `taps` parts of a step's run, of `run` values each, tap_stride apart. b
    holds an index of lists of groups of w (compiler/Kernels/Listed.h), with b_outer_stride between the entries of one o and the next.

    Contract of kind "lookup": `acc[m][n] = sum over o < outer, t < taps, c < run of a[m][o][t][c] * w[n][o][t][c]`, outer at most
    `max_outer`; the values a[m][o][t] are packed fields of the bytes from m * row_stride + o * outer_stride + t * tap_stride on. Blocks of 32
    columns of b are b_tile_stride apart. a is i8, all else as above.

    Contract of kind "depthwise", for ukr.call_line: `rows` pixels of a row of the result, of `columns` channels each; windows of `taps`
    rows, row_stride apart, of which `max_outer` exist, and `run` columns, tap_stride apart; outer_stride is from one window to the next. b holds
    its constants in the generator's form. The result is i32 sums [rows][columns rounded up to 32], or bytes, b_outer_stride apart.

    Contract of kind "requantize", for ukr.call_requantize: bytes [rows][run], row_stride apart, of i32 sums [rows][columns], of which the first
    `run` columns are wanted. b holds corrections, multipliers and biases of blocks of `columns`, outer_stride apart.

    The code is position-independent, follows the System V x86-64 calling convention `(a, b, acc, outer)`, `(a, b, out, line)`, `(a, b, out, constants)` or `(sums, b, out, unused)`, allocates
    nothing and reads and writes nothing outside these views.

    Example (its code is a lone return):
    ```mlir
    ukr.kernel @dot {generator = "dot_u8s8_1x8", rows = 1 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64,
                     outer_stride = 0 : i64, code = array<i8: -61>}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$generator, I64Attr:$rows, I64Attr:$columns, I64Attr:$run, I64Attr:$row_stride,
                       I64Attr:$outer_stride, DefaultValuedAttr<I64Attr, "1">:$tiles, DefaultValuedAttr<I64Attr, "0">:$b_outer_stride,
                       DefaultValuedAttr<I64Attr, "0">:$b_tile_stride, DefaultValuedAttr<I64Attr, "0">:$widen_every,
                       DefaultValuedAttr<I64Attr, "1">:$taps, DefaultValuedAttr<I64Attr, "0">:$tap_stride,
                       DefaultValuedAttr<I64Attr, "0">:$max_outer, UnitAttr:$scaled, OptionalAttr<I64Attr>:$out_stride,
                       DenseI8ArrayAttr:$code);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Ukr_CallOp : Ukr_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Calls a kernel on element offsets of three views.";
  let description = [{
    Example:
    ```mlir
    ukr.kernel @dot {generator = "dot_u8s8_1x8", rows = 1 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64,
                     outer_stride = 0 : i64, code = array<i8: -61>}
    func.func @call(%a: memref<64xi8>, %b: memref<32xi8>, %acc: memref<8xi32>, %zero: index, %outer: index) {
      ukr.call @dot(%a[%zero], %b[%zero], %acc[%zero]) outer %outer : memref<64xi8>, memref<32xi8>, memref<8xi32>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, AnyMemRef:$a, Index:$a_offset, AnyMemRef:$b, Index:$b_offset, AnyMemRef:$acc, Index:$acc_offset, Index:$outer);
  let assemblyFormat = [{
    $kernel `(` $a `[` $a_offset `]` `,` $b `[` $b_offset `]` `,` $acc `[` $acc_offset `]` `)` `outer` $outer attr-dict `:` type($a) `,` type($b) `,` type($acc)
  }];
}

def Ukr_CallBytesOp : Ukr_Op<"call_bytes", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Calls a dot kernel that stores bytes on element offsets of four views.";
  let description = [{
    Example:
    ```mlir
    ukr.kernel @dot {generator = "dot_u8s8_6x16_avx2", rows = 2 : i64, columns = 16 : i64, run = 4 : i64, row_stride = 4 : i64,
                     outer_stride = 0 : i64, max_outer = 1 : i64, out_stride = 16 : i64, code = array<i8: -61>}
    func.func @call(%a: memref<64xi8>, %b: memref<64xi8>, %out: memref<32xi8>, %constants: memref<128xi8>, %zero: index) {
      ukr.call_bytes @dot(%a[%zero], %b[%zero], %out[%zero]) constants %constants[%zero] : memref<64xi8>, memref<64xi8>, memref<32xi8>, memref<128xi8>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, AnyMemRef:$a, Index:$a_offset, AnyMemRef:$b, Index:$b_offset, AnyMemRef:$out, Index:$out_offset,
                       AnyMemRef:$constants, Index:$constants_offset);
  let assemblyFormat = [{
    $kernel `(` $a `[` $a_offset `]` `,` $b `[` $b_offset `]` `,` $out `[` $out_offset `]` `)` `constants` $constants `[` $constants_offset `]` attr-dict `:` type($a) `,` type($b) `,` type($out) `,` type($constants)
  }];
}

def Ukr_CallRequantizeOp : Ukr_Op<"call_requantize", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Calls a kernel that makes bytes of sums on element offsets of three views.";
  let description = [{
    Example:
    ```mlir
    ukr.kernel @bytes {generator = "requantize_bytes_avx2", rows = 2 : i64, columns = 8 : i64, run = 8 : i64, row_stride = 8 : i64,
                       outer_stride = 64 : i64, code = array<i8: -61>}
    func.func @call(%sums: memref<16xi32>, %b: memref<64xi8>, %out: memref<16xi8>, %zero: index) {
      ukr.call_requantize @bytes(%sums[%zero], %b[%zero], %out[%zero]) : memref<16xi32>, memref<64xi8>, memref<16xi8>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, AnyMemRef:$sums, Index:$sums_offset, AnyMemRef:$b, Index:$b_offset, AnyMemRef:$out, Index:$out_offset);
  let assemblyFormat = [{
    $kernel `(` $sums `[` $sums_offset `]` `,` $b `[` $b_offset `]` `,` $out `[` $out_offset `]` `)` attr-dict `:` type($sums) `,` type($b) `,` type($out)
  }];
}

def Ukr_CallLineOp : Ukr_Op<"call_line", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Calls a depthwise kernel on element offsets of three views, with scratch memory for a line of the input.";
  let description = [{
    Example:
    ```mlir
    ukr.kernel @row {generator = "depthwise_u8s8_avx2", rows = 2 : i64, columns = 4 : i64, run = 1 : i64, row_stride = 8 : i64,
                     outer_stride = 4 : i64, code = array<i8: -61>}
    func.func @call(%a: memref<64xi8>, %b: memref<512xi8>, %out: memref<8xi8>, %line: memref<256xi8>, %zero: index) {
      ukr.call_line @row(%a[%zero], %b[%zero], %out[%zero]) line %line : memref<64xi8>, memref<512xi8>, memref<8xi8>, memref<256xi8>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, AnyMemRef:$a, Index:$a_offset, AnyMemRef:$b, Index:$b_offset, AnyMemRef:$out, Index:$out_offset, AnyMemRef:$line);
  let assemblyFormat = [{
    $kernel `(` $a `[` $a_offset `]` `,` $b `[` $b_offset `]` `,` $out `[` $out_offset `]` `)` `line` $line attr-dict `:` type($a) `,` type($b) `,` type($out) `,` type($line)
  }];
}

#endif
