// RUN: nibble-opt %s --nibble-plan-memory | FileCheck %s
// RUN: nibble-opt %s --nibble-plan-memory --nibble-plan-memory | FileCheck %s

// Positions: first 0, second 1, third 2. @a lives 0..1, @b 1..2, @c 2..2: @a and @c share a place.
// Sizes with 64 bytes of slack: a 320, b 192, c 320; scratch: 64 + 64 of @m.second, then 128 of the routine behind it.

// CHECK-LABEL: func.func private @m.routine(%arg0: memref<768xi8>, %arg1: index)
// CHECK:         %[[C256:.*]] = arith.constant 256 : index
// CHECK:         %[[T:.*]] = arith.muli %arg1, %[[C256]]
// CHECK:         %[[BASE:.*]] = arith.constant 640 : index
// CHECK:         %[[AT:.*]] = arith.addi %[[T]], %[[BASE]]
// CHECK:         memref.view %arg0[%[[AT]]][] : memref<768xi8> to memref<8xf32>
func.func private @m.routine(%arena: memref<1xi8>, %thread: index) {
  %s = ukr.scratch %thread {offset = 0} : memref<8xf32>
  %c = arith.constant 0 : index
  %v = memref.load %s[%c] : memref<8xf32>
  return
}
// CHECK-LABEL: func.func private @m.first
// CHECK:         memref.view %arg0[%{{.*}}][] : memref<768xi8> to memref<64xf32>
func.func private @m.first(%arena: memref<1xi8>, %n: index, %begin: index, %end: index, %thread: index) {
  %a = ukr.buffer @m.a : memref<64xf32>
  %c = arith.constant 0 : index
  %v = memref.load %a[%c] : memref<64xf32>
  return
}
// Two views of one name: the larger counts.
// CHECK-LABEL: func.func private @m.second
// CHECK-DAG:     memref.view %arg0[%{{.*}}][] : memref<768xi8> to memref<128xi16>
// CHECK-DAG:     memref.view %arg0[%{{.*}}][] : memref<768xi8> to memref<128xi8>
// CHECK-DAG:     memref.view %arg0[%{{.*}}][] : memref<768xi8> to memref<16xi32>
// CHECK:         call @m.routine(%arg0, %{{.*}}) : (memref<768xi8>, index) -> ()
func.func private @m.second(%arena: memref<1xi8>, %n: index, %begin: index, %end: index, %thread: index) {
  %a = ukr.buffer @m.a : memref<128xi16>
  %b = ukr.buffer @m.b : memref<128xi8>
  %s = ukr.scratch %thread {offset = 0} : memref<16xi32>
  %c = arith.constant 0 : index
  %v = memref.load %a[%c] : memref<128xi16>
  %w = memref.load %b[%c] : memref<128xi8>
  %x = memref.load %s[%c] : memref<16xi32>
  func.call @m.routine(%arena, %thread) : (memref<1xi8>, index) -> ()
  return
}
func.func private @m.third(%arena: memref<1xi8>, %n: index, %begin: index, %end: index, %thread: index) {
  %b = ukr.buffer @m.b : memref<128xi8>
  %d = ukr.buffer @m.c : memref<64xf32>
  %c = arith.constant 0 : index
  %v = memref.load %b[%c] : memref<128xi8>
  %w = memref.load %d[%c] : memref<64xf32>
  return
}
// CHECK-LABEL: func.func private @m(%arg0: memref<768xi8>
// CHECK-SAME:    ukr.arena = {lower_bound = 512 : i64, planned_bytes = 512 : i64, scratch_bytes = 256 : i64}
func.func private @m(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {
    ukr.entry = "m", ukr.batch_tile = 4 : i64, ukr.arguments = []} {
  ukr.parallel @m.first[%n] with %threads : !llvm.ptr (%arena, %n : memref<1xi8>, index)
  ukr.parallel @m.second[%n] with %threads : !llvm.ptr (%arena, %n : memref<1xi8>, index)
  ukr.parallel @m.third[%n] with %threads : !llvm.ptr (%arena, %n : memref<1xi8>, index)
  return
}

// In a loop of the entry all positions are one: @l.a and @l.b must not share.
func.func private @l.a(%arena: memref<1xi8>, %begin: index, %end: index, %thread: index) {
  %a = ukr.buffer @l.a : memref<64xi8>
  %c = arith.constant 0 : index
  %v = memref.load %a[%c] : memref<64xi8>
  return
}
func.func private @l.b(%arena: memref<1xi8>, %begin: index, %end: index, %thread: index) {
  %a = ukr.buffer @l.b : memref<64xi8>
  %c = arith.constant 0 : index
  %v = memref.load %a[%c] : memref<64xi8>
  return
}
// CHECK-LABEL: func.func private @l(%arg0: memref<256xi8>
// CHECK-SAME:    planned_bytes = 256 : i64, scratch_bytes = 0 : i64
func.func private @l(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {
    ukr.entry = "l", ukr.batch = 4 : i64, ukr.arguments = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    ukr.parallel @l.a[%n] with %threads : !llvm.ptr (%arena : memref<1xi8>)
    ukr.parallel @l.b[%n] with %threads : !llvm.ptr (%arena : memref<1xi8>)
  }
  return
}
