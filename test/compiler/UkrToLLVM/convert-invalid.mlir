// RUN: nibble-opt %s --convert-ukr-to-llvm=target=aarch64-linux-gnu --split-input-file --verify-diagnostics

func.func private @f(%arena: memref<64xi8>) {
  // expected-error@+1 {{has no place yet; run nibble-plan-memory first}}
  %a = ukr.buffer @a : memref<64xi8>
  return
}

// -----

// expected-error@+1 {{holds x86-64 code, which aarch64-linux-gnu cannot run}}
ukr.kernel @dot {generator = "dot_u8s8_6x16_avx2", rows = 1 : i64, columns = 4 : i64, run = 4 : i64, row_stride = 0 : i64, outer_stride = 4 : i64,
                 code = array<i8: -61>}

// -----

func.func private @region(%n: index, %begin: index, %end: index, %thread: index) {
  return
}
func.func private @f(%n: index) {
  // expected-error@+1 {{needs the address of a nibble_parallel (!llvm.ptr) as threads}}
  ukr.parallel @region[%n] with %n : index (%n : index)
  return
}

// -----

func.func private @f(%arena: memref<64xi8>, %n: index, %v: i8) {
  // expected-error@+1 {{failed to legalize operation 'scf.for'}}
  scf.for %i = %n to %n step %n {
    memref.store %v, %arena[%i] : memref<64xi8>
  }
  return
}
