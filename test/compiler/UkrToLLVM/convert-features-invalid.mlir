// RUN: nibble-opt %s --convert-ukr-to-llvm=target=x86_64-linux-gnu --split-input-file --verify-diagnostics

// Machine code is not looked into: what it needs is known of its generator.
// expected-error@+1 {{needs avx2, which x86_64-linux-gnu does not have}}
ukr.kernel @dot {generator = "dot_u8s8_6x16_avx2", rows = 1 : i64, columns = 16 : i64, run = 4 : i64, row_stride = 0 : i64, outer_stride = 4 : i64,
                 code = array<i8: -61>}

// -----

// expected-error@+1 {{comes from the unknown generator 'by_hand'}}
ukr.kernel @dot {generator = "by_hand", rows = 1 : i64, columns = 16 : i64, run = 4 : i64, row_stride = 0 : i64, outer_stride = 4 : i64,
                 code = array<i8: -61>}
