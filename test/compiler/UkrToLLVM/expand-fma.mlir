// RUN: nibble-opt %s --nibble-expand-fma=target=x86_64-linux-gnu 2>&1 | FileCheck %s
// RUN: nibble-opt %s --nibble-expand-fma=target=x86_64-linux-gnu,+fma 2>&1 | FileCheck %s --check-prefix=HARDWARE

// CHECK: remark: x86_64-linux-gnu has no fused multiply-add: 2 are computed in software, with the same results but slower (rule R9)
// HARDWARE-NOT: remark
module {
  // CHECK-LABEL: @scalar
  // CHECK-DAG:     %[[A:.*]] = arith.extf %arg0 : f32 to f64
  // CHECK-DAG:     %[[B:.*]] = arith.extf %arg1 : f32 to f64
  // CHECK:         %[[P:.*]] = arith.mulf %[[A]], %[[B]] : f64
  // CHECK:         %[[C:.*]] = arith.extf %arg2 : f32 to f64
  // CHECK:         %[[S:.*]] = arith.addf %[[P]], %[[C]] : f64
  // CHECK:         %[[BITS:.*]] = arith.bitcast %[[S]] : f64 to i64
  // CHECK:         arith.cmpf one
  // CHECK:         arith.truncf %{{.*}} : f64 to f32
  // CHECK-NOT:     math.fma
  // HARDWARE:      math.fma
  func.func private @scalar(%a: f32, %b: f32, %c: f32) -> f32 {
    %r = math.fma %a, %b, %c : f32
    return %r : f32
  }
  // CHECK-LABEL: @vector
  // CHECK:         arith.truncf %{{.*}} : vector<8xf64> to vector<8xf32>
  // CHECK-NOT:     vector.fma
  func.func private @vector(%a: vector<8xf32>) -> vector<8xf32> {
    %r = vector.fma %a, %a, %a : vector<8xf32>
    return %r : vector<8xf32>
  }
  // Products of f64 have no wider type to be exact in; nibble-verify-llvm refuses them.
  // CHECK-LABEL: @wide
  // CHECK:         math.fma
  func.func private @wide(%a: f64) -> f64 {
    %r = math.fma %a, %a, %a : f64
    return %r : f64
  }
}
