// RUN: nibble-opt %s | nibble-opt | FileCheck %s
// Kernels, calls, regions and parts of the arena.

// CHECK: ukr.kernel @dot {code = array<i8: 15, 11, -61>, columns = 8 : i64, generator = "dot_u8s8", outer_stride = 12 : i64, row_stride = 4 : i64, rows = 2 : i64, run = 4 : i64}
ukr.kernel @dot {generator = "dot_u8s8", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 12 : i64, code = array<i8: 15, 11, -61>}

// CHECK: ukr.kernel @bytes {{.*}}max_outer = 1 : i64, out_stride = 16 : i64
ukr.kernel @bytes {generator = "dot_u8s8", rows = 2 : i64, columns = 8 : i64, run = 4 : i64, row_stride = 4 : i64, outer_stride = 12 : i64, max_outer = 1 : i64, out_stride = 16 : i64, code = array<i8: 15, 11, -61>}

// CHECK-LABEL: func.func private @net.conv
func.func private @net.conv(%arena: memref<4096xi8>, %n: index, %begin: index, %end: index, %thread: index) {
  // CHECK: ukr.buffer @net.a : memref<64xi8>
  %a = ukr.buffer @net.a : memref<64xi8>
  // CHECK: ukr.buffer @"net b" : memref<32xi8>
  %b = ukr.buffer @"net b" : memref<32xi8>
  // CHECK: ukr.scratch %{{.*}} {offset = 128 : i64} : memref<16xi32>
  %acc = ukr.scratch %thread {offset = 128 : i64} : memref<16xi32>
  // CHECK: ukr.scratch %{{.*}} : memref<3xf32>
  %first = ukr.scratch %thread : memref<3xf32>
  // CHECK: ukr.call @dot(%{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}]) outer %{{.*}} : memref<64xi8>, memref<32xi8>, memref<16xi32>
  ukr.call @dot(%a[%begin], %b[%begin], %acc[%begin]) outer %n : memref<64xi8>, memref<32xi8>, memref<16xi32>
  // CHECK: ukr.call_line @dot(%{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}]) line %{{.*}} : memref<64xi8>, memref<32xi8>, memref<16xi32>, memref<64xi8>
  ukr.call_line @dot(%a[%begin], %b[%begin], %acc[%begin]) line %a : memref<64xi8>, memref<32xi8>, memref<16xi32>, memref<64xi8>
  // CHECK: ukr.call_bytes @bytes(%{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}]) constants %{{.*}}[%{{.*}}] : memref<64xi8>, memref<32xi8>, memref<64xi8>, memref<64xi8>
  ukr.call_bytes @bytes(%a[%begin], %b[%begin], %a[%begin]) constants %a[%begin] : memref<64xi8>, memref<32xi8>, memref<64xi8>, memref<64xi8>
  // CHECK: ukr.call_requantize @dot(%{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}]) : memref<16xi32>, memref<64xi8>, memref<32xi8>
  ukr.call_requantize @dot(%acc[%begin], %a[%begin], %b[%begin]) : memref<16xi32>, memref<64xi8>, memref<32xi8>
  return
}

func.func private @nothing(%begin: index, %end: index, %thread: index) { return }

// CHECK-LABEL: func.func @net
func.func @net(%arena: memref<4096xi8>, %n: index, %threads: !llvm.ptr) {
  // CHECK: ukr.parallel @net.conv[%{{.*}}] with %{{.*}} : !llvm.ptr(%{{.*}}, %{{.*}} : memref<4096xi8>, index)
  ukr.parallel @net.conv[%n] with %threads : !llvm.ptr (%arena, %n : memref<4096xi8>, index)
  // CHECK: ukr.parallel @nothing[%{{.*}}] with %{{.*}} : !llvm.ptr()
  ukr.parallel @nothing[%n] with %threads : !llvm.ptr ()
  return
}
