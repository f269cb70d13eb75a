// A model of two regions by hand, at the kernels stage: hidden[i][j] = fma(x[i][j], 2, shift[j]), then
// y[i][o] = sequential fma over k of hidden[i][k] * weights[k][o]. 8 features in, 8 out, 16 images in a tile.
// step: a "training step" for 4 values: state += rate * gradient, loss = state[0] * state[0].
module {
  memref.global "private" constant @m.shift : memref<8xf32> = dense<[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]> {alignment = 64 : i64}
  memref.global "private" constant @m.weights : memref<64xf32> = dense<[
     0.11, -0.21,  0.31, -0.41,  0.51, -0.61,  0.71, -0.81,  0.12, -0.22,  0.32, -0.42,  0.52, -0.62,  0.72, -0.82,
     0.13, -0.23,  0.33, -0.43,  0.53, -0.63,  0.73, -0.83,  0.14, -0.24,  0.34, -0.44,  0.54, -0.64,  0.74, -0.84,
     0.15, -0.25,  0.35, -0.45,  0.55, -0.65,  0.75, -0.85,  0.16, -0.26,  0.36, -0.46,  0.56, -0.66,  0.76, -0.86,
     0.17, -0.27,  0.37, -0.47,  0.57, -0.67,  0.77, -0.87,  0.18, -0.28,  0.38, -0.48,  0.58, -0.68,  0.78, -0.88]>
     {alignment = 64 : i64}

  func.func private @m.hidden(%arena: memref<1xi8>, %x: memref<128xf32>, %y: memref<128xf32>, %n: index, %begin: index, %end: index, %thread: index) {
    %h = ukr.buffer @m.h : memref<128xf32>
    %shift = memref.get_global @m.shift : memref<8xf32>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %two = arith.constant dense<2.0> : vector<8xf32>
    %s = vector.load %shift[%c0] : memref<8xf32>, vector<8xf32>
    scf.for %i = %begin to %end step %c1 {
      %at = arith.muli %i, %c8 : index
      %v = vector.load %x[%at] : memref<128xf32>, vector<8xf32>
      %r = math.fma %v, %two, %s : vector<8xf32>
      vector.store %r, %h[%at] : memref<128xf32>, vector<8xf32>
    }
    return
  }

  func.func private @m.copy(%arena: memref<1xi8>, %image: index, %thread: index) {
    %h = ukr.buffer @m.h : memref<128xf32>
    %row = ukr.scratch %thread {offset = 0} : memref<8xf32>
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %at = arith.muli %image, %c8 : index
    %v = vector.load %h[%at] : memref<128xf32>, vector<8xf32>
    vector.store %v, %row[%c0] : memref<8xf32>, vector<8xf32>
    return
  }

  func.func private @m.product(%arena: memref<1xi8>, %x: memref<128xf32>, %y: memref<128xf32>, %n: index, %begin: index, %end: index, %thread: index) {
    %weights = memref.get_global @m.weights : memref<64xf32>
    %row = ukr.scratch %thread {offset = 64} : memref<8xf32>
    %h = ukr.buffer @m.h : memref<128xf32>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant dense<0.0> : vector<8xf32>
    scf.for %i = %begin to %end step %c1 {
      func.call @m.copy(%arena, %i, %thread) : (memref<1xi8>, index, index) -> ()
      %at = arith.muli %i, %c8 : index
      %w0 = vector.load %h[%at] : memref<128xf32>, vector<8xf32>
      vector.store %w0, %row[%c0] : memref<8xf32>, vector<8xf32>
      %acc = scf.for %k = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> vector<8xf32> {
        %e = memref.load %row[%k] : memref<8xf32>
        %b = vector.broadcast %e : f32 to vector<8xf32>
        %wat = arith.muli %k, %c8 : index
        %w = vector.load %weights[%wat] : memref<64xf32>, vector<8xf32>
        %next = math.fma %b, %w, %sum : vector<8xf32>
        scf.yield %next : vector<8xf32>
      }
      vector.store %acc, %y[%at] : memref<128xf32>, vector<8xf32>
    }
    return
  }

  func.func private @m(%arena: memref<1xi8>, %x: memref<128xf32>, %y: memref<128xf32>, %n: index, %threads: !llvm.ptr) attributes {
      ukr.entry = "m", ukr.batch_tile = 16 : i64,
      ukr.arguments = [{name = "image", direction = "in", elements = 8 : i64, type = f32, batched, shape = array<i64: 2, 4>},
                       {name = "logits", direction = "out", elements = 8 : i64, type = f32, batched}]} {
    ukr.parallel @m.hidden[%n] with %threads : !llvm.ptr (%arena, %x, %y, %n : memref<1xi8>, memref<128xf32>, memref<128xf32>, index)
    ukr.parallel @m.product[%n] with %threads : !llvm.ptr (%arena, %x, %y, %n : memref<1xi8>, memref<128xf32>, memref<128xf32>, index)
    return
  }

  func.func private @step.update(%arena: memref<1xi8>, %g: memref<4xf32>, %rate: memref<1xf32>, %state: memref<4xf32>, %loss: memref<1xf32>, %n: index, %begin: index, %end: index, %thread: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %r = memref.load %rate[%c0] : memref<1xf32>
    scf.for %i = %begin to %end step %c1 {
      %a = memref.load %g[%i] : memref<4xf32>
      %s = memref.load %state[%i] : memref<4xf32>
      %t = math.fma %r, %a, %s : f32
      memref.store %t, %state[%i] : memref<4xf32>
    }
    return
  }
  func.func private @step(%arena: memref<1xi8>, %g: memref<4xf32>, %rate: memref<1xf32>, %state: memref<4xf32>, %loss: memref<1xf32>, %n: index, %threads: !llvm.ptr) attributes {
      ukr.entry = "step", ukr.batch = 4 : i64,
      ukr.arguments = [{name = "gradient", direction = "in", elements = 4 : i64, type = f32},
                       {name = "rate", direction = "in", elements = 1 : i64, type = f32},
                       {name = "state", direction = "inout", elements = 4 : i64, type = f32},
                       {name = "loss", direction = "out", elements = 1 : i64, type = f32}]} {
    ukr.parallel @step.update[%n] with %threads : !llvm.ptr (%arena, %g, %rate, %state, %loss, %n : memref<1xi8>, memref<4xf32>, memref<1xf32>, memref<4xf32>, memref<1xf32>, index)
    %c0 = arith.constant 0 : index
    %s = memref.load %state[%c0] : memref<4xf32>
    %l = arith.mulf %s, %s : f32
    memref.store %l, %loss[%c0] : memref<1xf32>
    return
  }
}
