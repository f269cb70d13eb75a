// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// The contract between generated kernels and their callers.

func.func @buffer() {
  // expected-error@+1 {{needs a name}}
  %0 = ukr.buffer @"" : memref<4xi8>
  return
}

// -----

func.func @buffer() {
  // expected-error@+1 {{is a static 1-D memref of whole bytes, got 'memref<?xi8>'}}
  %0 = ukr.buffer @b : memref<?xi8>
  return
}

// -----

func.func @buffer() {
  // expected-error@+1 {{is a static 1-D memref of whole bytes, got 'memref<i8>'}}
  %0 = ukr.buffer @b : memref<i8>
  return
}

// -----

func.func @buffer() {
  // expected-error@+1 {{is a static 1-D memref of whole bytes, got 'memref<4xi4>'}}
  %0 = ukr.buffer @b : memref<4xi4>
  return
}

// -----

func.func @buffer() {
  // expected-error@+1 {{is a static 1-D memref of whole bytes, got 'memref<4xindex>'}}
  %0 = ukr.buffer @b : memref<4xindex>
  return
}

// -----

func.func @buffer() {
  // expected-error@+1 {{is a static 1-D memref of whole bytes, got 'memref<4xi8, strided<[2]>>'}}
  %0 = ukr.buffer @b : memref<4xi8, strided<[2]>>
  return
}

// -----

func.func @buffer() {
  // expected-error@+1 {{expected builtin.memref, but found 'memref<*xi8>'}}
  %0 = ukr.buffer @b : memref<*xi8>
  return
}

// -----

func.func @buffer() {
  // expected-error@+1 {{has more than 2^40 bytes: 'memref<9223372036854775807xf32>'}}
  %0 = ukr.buffer @b : memref<9223372036854775807xf32>
  return
}

// -----

func.func @scratch(%t: index) {
  // expected-error@+1 {{needs an offset that is a multiple of 64, at least 0 and at most 2^40, got 8}}
  %0 = ukr.scratch %t {offset = 8 : i64} : memref<4xi8>
  return
}

// -----

func.func @scratch(%t: index) {
  // expected-error@+1 {{needs an offset that is a multiple of 64, at least 0 and at most 2^40, got -64}}
  %0 = ukr.scratch %t {offset = -64 : i64} : memref<4xi8>
  return
}

// -----

func.func @scratch(%t: index) {
  // expected-error@+1 {{needs an offset that is a multiple of 64, at least 0 and at most 2^40, got 9223372036854775744}}
  %0 = ukr.scratch %t {offset = 9223372036854775744 : i64} : memref<4xi8>
  return
}

// -----

func.func @scratch(%t: index) {
  // expected-error@+1 {{is a static 1-D memref of whole bytes, got 'memref<2x2xi8>'}}
  %0 = ukr.scratch %t : memref<2x2xi8>
  return
}

// -----

// expected-error@+1 {{has no code}}
ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8>}

// -----

// expected-error@+1 {{needs rows of at least 1 and at most 2^30, got 0}}
ukr.kernel @k {generator = "g", rows = 0 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}

// -----

// expected-error@+1 {{needs rows of at least 1 and at most 2^30, got -5}}
ukr.kernel @k {generator = "g", rows = -5 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}

// -----

// expected-error@+1 {{needs columns of at least 1 and at most 2^30, got 4294967296}}
ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 4294967296 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}

// -----

// expected-error@+1 {{needs run of at least 1 and at most 2^30, got 0}}
ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 0 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}

// -----

// expected-error@+1 {{needs row_stride of at least 0 and at most 2^40 bytes, got -4}}
ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = -4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}

// -----

// expected-error@+1 {{needs outer_stride of at least 0 and at most 2^40 bytes, got 9223372036854775807}}
ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 9223372036854775807 : i64, code = array<i8: 1>}

// -----

func.func @entry(%n: index, %t: !llvm.ptr) {
  // expected-error@+1 {{runs @missing, which is not a function}}
  ukr.parallel @missing[%n] with %t : !llvm.ptr ()
  return
}

// -----

func.func private @region(index, index)
func.func @entry(%n: index, %t: !llvm.ptr) {
  // expected-error@+1 {{passes 0 operands and begin, end, thread to @region, which takes 2}}
  ukr.parallel @region[%n] with %t : !llvm.ptr ()
  return
}

// -----

func.func private @region(memref<8xi8>, index, index, index)
func.func @entry(%n: index, %t: !llvm.ptr, %a: memref<4xi8>) {
  // expected-error@+1 {{operand 0 is 'memref<4xi8>', but @region takes 'memref<8xi8>'}}
  ukr.parallel @region[%n] with %t : !llvm.ptr (%a : memref<4xi8>)
  return
}

// -----

func.func private @region(index, index, i64)
func.func @entry(%n: index, %t: !llvm.ptr) {
  // expected-error@+1 {{runs @region, which must end in three index arguments (begin, end, thread) and return nothing}}
  ukr.parallel @region[%n] with %t : !llvm.ptr ()
  return
}

// -----

func.func private @region(index, index, index) -> index
func.func @entry(%n: index, %t: !llvm.ptr) {
  // expected-error@+1 {{runs @region, which must end in three index arguments (begin, end, thread) and return nothing}}
  ukr.parallel @region[%n] with %t : !llvm.ptr ()
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %b: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{calls @caller, which is not a ukr.kernel}}
  ukr.call @caller(%a[%i], %b[%i], %c[%i]) outer %i : memref<64xi8>, memref<64xi8>, memref<16xi32>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %b: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{calls @missing, which is not a ukr.kernel}}
  ukr.call @missing(%a[%i], %b[%i], %c[%i]) outer %i : memref<64xi8>, memref<64xi8>, memref<16xi32>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi32>, %b: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{needs 1-D views of i8, i8 and i32, got 'memref<64xi32>', 'memref<64xi8>' and 'memref<16xi32>'}}
  ukr.call @k(%a[%i], %b[%i], %c[%i]) outer %i : memref<64xi32>, memref<64xi8>, memref<16xi32>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %b: memref<8x8xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{needs 1-D views of i8, i8 and i32, got}}
  ukr.call @k(%a[%i], %b[%i], %c[%i]) outer %i : memref<64xi8>, memref<8x8xi8>, memref<16xi32>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %b: memref<64xi8>, %c: memref<16xi32, strided<[2]>>, %i: index) {
  // expected-error@+1 {{needs 1-D views of i8, i8 and i32, got}}
  ukr.call @k(%a[%i], %b[%i], %c[%i]) outer %i : memref<64xi8>, memref<64xi8>, memref<16xi32, strided<[2]>>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %b: memref<64xi8>, %c: memref<15xi32>, %i: index) {
  // expected-error@+1 {{has an accumulator view smaller than 1 x 2 x 8}}
  ukr.call @k(%a[%i], %b[%i], %c[%i]) outer %i : memref<64xi8>, memref<64xi8>, memref<15xi32>
  return
}

// -----

func.func @caller(%a: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{calls @missing, which is not a ukr.kernel}}
  ukr.call_line @missing(%a[%i], %a[%i], %c[%i]) line %a : memref<64xi8>, memref<64xi8>, memref<16xi32>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<16xi16>, %i: index) {
  // expected-error@+1 {{needs 1-D views of i8, i8, i8 or i32, and i8, got 'memref<64xi8>', 'memref<64xi8>', 'memref<16xi16>' and 'memref<64xi8>'}}
  ukr.call_line @k(%a[%i], %a[%i], %c[%i]) line %a : memref<64xi8>, memref<64xi8>, memref<16xi16>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<15xi8>, %i: index) {
  // expected-error@+1 {{has a view of the result smaller than 2 x 8}}
  ukr.call_line @k(%a[%i], %a[%i], %c[%i]) line %a : memref<64xi8>, memref<64xi8>, memref<15xi8>, memref<64xi8>
  return
}

// -----

func.func @caller(%a: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{calls @missing, which is not a ukr.kernel}}
  ukr.call_requantize @missing(%c[%i], %a[%i], %a[%i]) : memref<16xi32>, memref<64xi8>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{needs 1-D views of i32, i8 and i8, got 'memref<64xi8>', 'memref<64xi8>' and 'memref<64xi8>'}}
  ukr.call_requantize @k(%a[%i], %a[%i], %a[%i]) : memref<64xi8>, memref<64xi8>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<15xi32>, %i: index) {
  // expected-error@+1 {{has a view of sums smaller than 2 x 8}}
  ukr.call_requantize @k(%c[%i], %a[%i], %a[%i]) : memref<15xi32>, memref<64xi8>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<7xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{has a view of the result smaller than 2 rows of 4, 4 apart}}
  ukr.call_requantize @k(%c[%i], %a[%i], %a[%i]) : memref<16xi32>, memref<7xi8>, memref<7xi8>
  return
}

// -----

func.func @caller(%a: memref<64xi8>, %i: index) {
  // expected-error@+1 {{calls @missing, which is not a ukr.kernel}}
  ukr.call_bytes @missing(%a[%i], %a[%i], %a[%i]) constants %a[%i] : memref<64xi8>, memref<64xi8>, memref<64xi8>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %i: index) {
  // expected-error@+1 {{calls @k, which gives sums; without out_stride it is for ukr.call}}
  ukr.call_bytes @k(%a[%i], %a[%i], %a[%i]) constants %a[%i] : memref<64xi8>, memref<64xi8>, memref<64xi8>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, out_stride = 8 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{calls @k, which stores bytes; with out_stride it is for ukr.call_bytes}}
  ukr.call @k(%a[%i], %a[%i], %c[%i]) outer %i : memref<64xi8>, memref<64xi8>, memref<16xi32>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, out_stride = 8 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{needs 1-D views of i8, got 'memref<64xi8>', 'memref<64xi8>', 'memref<16xi32>' and 'memref<64xi8>'}}
  ukr.call_bytes @k(%a[%i], %a[%i], %c[%i]) constants %a[%i] : memref<64xi8>, memref<64xi8>, memref<16xi32>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, out_stride = 8 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<15xi8>, %i: index) {
  // expected-error@+1 {{has a view of the result smaller than 2 rows of 8, 8 apart}}
  ukr.call_bytes @k(%a[%i], %a[%i], %c[%i]) constants %a[%i] : memref<64xi8>, memref<64xi8>, memref<15xi8>, memref<64xi8>
  return
}

// -----

// expected-error@+1 {{needs out_stride of at least 0 and at most 2^40 bytes, got -1}}
ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, out_stride = -1 : i64, code = array<i8: 1>}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, run = 12 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<16xi32>, %i: index) {
  // expected-error@+1 {{calls @k, which stores 12 of 8 columns}}
  ukr.call_requantize @k(%c[%i], %a[%i], %a[%i]) : memref<16xi32>, memref<64xi8>, memref<64xi8>
  return
}

// -----

ukr.kernel @k {generator = "g", rows = 2 : i64, columns = 8 : i64, tiles = 2 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 4 : i64, out_stride = 16 : i64, code = array<i8: 1>}
func.func @caller(%a: memref<64xi8>, %c: memref<31xi8>, %i: index) {
  // expected-error@+1 {{has a view of the result smaller than 2 rows of 16, 16 apart}}
  ukr.call_bytes @k(%a[%i], %a[%i], %c[%i]) constants %a[%i] : memref<64xi8>, memref<64xi8>, memref<31xi8>, memref<64xi8>
  return
}
