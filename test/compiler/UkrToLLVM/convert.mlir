// RUN: nibble-opt %s --convert-ukr-to-llvm=target=x86_64-linux-gnu,+avx2 --canonicalize | FileCheck %s

// CHECK: llvm.mlir.global private constant @weights({{.*}}) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<4 x f32>
memref.global "private" constant @weights : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]> {alignment = 64 : i64}

// CHECK-LABEL: llvm.func internal @dot(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr, %arg3: i64) attributes {alignment = 64 : i64, no_unwind
// CHECK-SAME:    passthrough = ["naked", "noinline"], section = ".text.ukernels"}
// CHECK-NEXT:    llvm.inline_asm has_side_effects ".byte 0x31,0xc0,0xc3", "" : () -> ()
// CHECK-NEXT:    llvm.unreachable
ukr.kernel @bytes {generator = "dot_u8s8_6x16_avx2", rows = 1 : i64, columns = 4 : i64, run = 4 : i64, row_stride = 0 : i64, outer_stride = 4 : i64,
                   out_stride = 4 : i64, code = array<i8: 49, -64, -61>}
ukr.kernel @dot {generator = "dot_u8s8_6x16_avx2", rows = 1 : i64, columns = 4 : i64, run = 4 : i64, row_stride = 0 : i64, outer_stride = 4 : i64,
                 code = array<i8: 49, -64, -61>}

// CHECK-LABEL: llvm.func internal @m.region(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: i64, %arg3: i64, %arg4: i64, %arg5: i64)
// CHECK-SAME:    no_inline
func.func private @m.region(%arena: memref<64xi8>, %out: memref<4xi32>, %n: index, %begin: index, %end: index, %thread: index) {
  // CHECK: %[[A:.*]] = llvm.getelementptr %arg0[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  // CHECK: %[[C:.*]] = llvm.getelementptr %arg1[%arg5] : (!llvm.ptr, i64) -> !llvm.ptr, i32
  // CHECK: llvm.call @dot(%[[A]], %{{.*}}, %[[C]], %arg2)
  %c0 = arith.constant 0 : index
  ukr.call @dot(%arena[%begin], %arena[%c0], %out[%thread]) outer %n : memref<64xi8>, memref<64xi8>, memref<4xi32>
  // CHECK: %[[LINE:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr to i64
  // CHECK: llvm.call @dot(%{{.*}}, %{{.*}}, %{{.*}}, %[[LINE]])
  ukr.call_line @dot(%arena[%begin], %arena[%c0], %out[%c0]) line %arena : memref<64xi8>, memref<64xi8>, memref<4xi32>, memref<64xi8>
  // CHECK: %[[CONSTANTS:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr to i64
  // CHECK: llvm.call @bytes(%{{.*}}, %{{.*}}, %{{.*}}, %[[CONSTANTS]])
  ukr.call_bytes @bytes(%arena[%begin], %arena[%c0], %arena[%c0]) constants %arena[%begin] : memref<64xi8>, memref<64xi8>, memref<64xi8>, memref<64xi8>
  // CHECK: llvm.call @dot(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64)
  ukr.call_requantize @dot(%out[%thread], %arena[%c0], %arena[%c0]) : memref<4xi32>, memref<64xi8>, memref<64xi8>
  return
}

// CHECK-LABEL: llvm.func internal @m(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: i64, %arg3: !llvm.ptr)
func.func private @m(%arena: memref<64xi8>, %out: memref<4xi32>, %n: index, %threads: !llvm.ptr) {
  // CHECK:       %[[TASK:.*]] = llvm.mlir.addressof @m.region.task : !llvm.ptr
  // CHECK:       %[[CONTEXT:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(ptr, ptr, i64)>
  // CHECK:       %[[NONE:.*]] = llvm.icmp "eq" %arg3, %{{.*}} : !llvm.ptr
  // CHECK:       llvm.cond_br %[[NONE]], ^[[SEQ:bb[0-9]+]], ^[[PAR:bb[0-9]+]]
  // CHECK:     ^[[PAR]]:
  // CHECK:       %[[FIRST:.*]] = llvm.getelementptr %[[CONTEXT]][0, 0]
  // CHECK:       llvm.store %arg0, %[[FIRST]]
  // CHECK:       llvm.getelementptr %arg3[0, 0] : (!llvm.ptr) -> !llvm.ptr, !llvm.struct<(ptr, i32, ptr)>
  // CHECK:       %[[POOL:.*]] = llvm.load
  // CHECK:       llvm.getelementptr %arg3[0, 2] : (!llvm.ptr) -> !llvm.ptr, !llvm.struct<(ptr, i32, ptr)>
  // CHECK:       %[[FOR:.*]] = llvm.load
  // CHECK:       llvm.call %[[FOR]](%[[POOL]], %arg2, %[[TASK]], %[[CONTEXT]]) : !llvm.ptr, (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr) -> ()
  // CHECK:     ^[[SEQ]]:
  // CHECK:       llvm.icmp "sgt" %arg2
  // CHECK:       llvm.call @m.region(%arg0, %arg1, %arg2, %[[ZERO:.*]], %arg2, %[[ZERO]])
  ukr.parallel @m.region[%n] with %threads : !llvm.ptr (%arena, %out, %n : memref<64xi8>, memref<4xi32>, index)
  return
}

// vector.fma is fused for certain, not "if the target can".
// CHECK-LABEL: llvm.func internal @fused
// CHECK-NOT:     fmuladd
// CHECK:         llvm.intr.fma(%{{.*}}) : (vector<4xf32>, vector<4xf32>, vector<4xf32>) -> vector<4xf32>
// CHECK:         llvm.intr.ctpop
// CHECK:         llvm.shufflevector %{{.*}} [0, 2, 4, 6]
// CHECK:         llvm.shufflevector %{{.*}} [1, 3, 5, 7]
func.func private @fused(%a: vector<4xf32>, %b: vector<8xi32>) -> (vector<4xf32>, vector<4xi32>) {
  %r = vector.fma %a, %a, %a : vector<4xf32>
  %c = math.ctpop %b : vector<8xi32>
  %x, %y = vector.deinterleave %c : vector<8xi32> -> vector<4xi32>
  %s = arith.addi %x, %y : vector<4xi32>
  return %r, %s : vector<4xf32>, vector<4xi32>
}

// CHECK-LABEL: llvm.func internal @m.region.task(%arg0: !llvm.ptr, %arg1: i64, %arg2: i64, %arg3: i32)
// CHECK:         %[[THREAD:.*]] = llvm.sext %arg3 : i32 to i64
// CHECK:         llvm.call_intrinsic "llvm.x86.sse.stmxcsr"
// CHECK:         llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"
// CHECK:         llvm.call @m.region(%{{.*}}, %{{.*}}, %{{.*}}, %arg1, %arg2, %[[THREAD]])
// CHECK:         llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"
