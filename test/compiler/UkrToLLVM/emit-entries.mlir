// RUN: nibble-opt %s '--nibble-emit-entries=target=x86_64-linux-gnu packed=true' | FileCheck %s
// RUN: nibble-opt %s --nibble-emit-entries=target=aarch64-linux-gnu | FileCheck %s --check-prefix=AARCH64
// RUN: nibble-opt %s --nibble-emit-entries=target=riscv64-linux-gnu | FileCheck %s --check-prefix=RISCV64
// RUN: nibble-opt %s '--nibble-emit-entries=target=wasm32 packed=true' | FileCheck %s --check-prefix=WASM32

// CHECK-LABEL: llvm.func internal @m.body(
// CHECK-NOT:     ukr.
// CHECK-SAME:    {no_inline}
llvm.func internal @m(%arena: !llvm.ptr, %x: !llvm.ptr, %w: !llvm.ptr, %y: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    no_inline, ukr.entry = "m", ukr.batch_tile = 16 : i64, ukr.arena = {planned_bytes = 64 : i64, lower_bound = 64 : i64, scratch_bytes = 0 : i64},
    ukr.arguments = [{name = "x", direction = "in", elements = 10 : i64, type = i16, batched},
                     {name = "w", direction = "in", elements = 3 : i64, type = f32},
                     {name = "y", direction = "out", elements = 5 : i64, type = f32, batched}]} {
  llvm.return
}
llvm.func internal @t(%arena: !llvm.ptr, %x: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    no_inline, ukr.entry = "t", ukr.batch = 8 : i64, ukr.arena = {planned_bytes = 0 : i64, lower_bound = 0 : i64, scratch_bytes = 0 : i64},
    ukr.arguments = [{name = "x", direction = "inout", elements = 10 : i64, type = f32}]} {
  llvm.return
}

// CHECK-LABEL: llvm.func @m(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr, %arg3: i64, %arg4: !llvm.ptr, %arg5: !llvm.ptr) -> i32
// CHECK-SAME:    ukr.entry = "m"
// Pointers, batch, arena, its alignment and the threads are checked before the state is touched.
// CHECK-COUNT-6: llvm.cond_br
// CHECK:         %[[GIVEN:.*]] = llvm.icmp "ne" %arg5, %{{.*}} : !llvm.ptr
// CHECK:         llvm.cond_br %[[GIVEN]], ^[[LOOK:.*]], ^{{.*}}
// CHECK:         llvm.call_intrinsic "llvm.x86.sse.stmxcsr"(%[[SAVED:.*]])
// CHECK:         llvm.store %{{.*}}, %[[WANTED:.*]] {
// CHECK:         llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"(%[[WANTED]])
// CHECK:         llvm.br ^[[HEAD:.*]](%{{.*}} : i64)
// CHECK:       ^[[HEAD]](%[[FIRST:.*]]: i64):
// CHECK:         %[[REST:.*]] = llvm.sub %arg3, %[[FIRST]]
// CHECK:         %[[N:.*]] = llvm.intr.smin(%[[REST]], %{{.*}})
// CHECK:         llvm.mlir.constant(20 : i64)
// CHECK:         %[[X:.*]] = llvm.getelementptr %arg0[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK:         llvm.mlir.constant(20 : i64)
// CHECK:         %[[Y:.*]] = llvm.getelementptr %arg2[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK:         llvm.call @m.body(%arg4, %[[X]], %arg1, %[[Y]], %[[N]], %arg5)
// CHECK:         %[[NEXT:.*]] = llvm.add %[[FIRST]], %[[N]]
// CHECK:         llvm.br ^[[HEAD]](%[[NEXT]] : i64)
// CHECK:         llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"(%[[SAVED]])

// CHECK-LABEL: llvm.func @m_packed(%arg0: !llvm.ptr, %arg1: i64, %arg2: !llvm.ptr, %arg3: !llvm.ptr) -> i32
// CHECK:         llvm.call @m(%{{.*}}, %{{.*}}, %{{.*}}, %arg1, %arg2, %arg3)

// CHECK-LABEL: llvm.func @t(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32
// CHECK:         %[[TENSOR:.*]] = llvm.load
// CHECK:         %[[BATCH:.*]] = llvm.mlir.constant(8 : i64)
// CHECK:         llvm.call @t.body(%arg1, %[[TENSOR]], %[[BATCH]], %arg2)

// AARCH64:       %[[OLD:.*]] = llvm.call_intrinsic "llvm.aarch64.get.fpcr"() : () -> i64
// AARCH64:       llvm.call_intrinsic "llvm.aarch64.set.fpcr"
// AARCH64:       llvm.call @m.body
// AARCH64:       llvm.call_intrinsic "llvm.aarch64.set.fpcr"(%[[OLD]])
// AARCH64-NOT:   m_packed

// RISCV64:       %[[OLD:.*]] = llvm.inline_asm has_side_effects "csrrwi $0, frm, 0"
// RISCV64:       llvm.call @m.body
// RISCV64:       llvm.inline_asm has_side_effects "csrw frm, $0", {{.*}} %[[OLD]]

// WASM32-NOT:    inline_asm
// WASM32-NOT:    call_intrinsic
