// RUN: nibble-opt %s --nibble-plan-memory --split-input-file --verify-diagnostics

// expected-error@+1 {{is an entry: its first argument must be the arena, a static 1-D memref of i8}}
func.func private @m(%n: index, %threads: !llvm.ptr) attributes {ukr.entry = "m"} {
  return
}

// -----

func.func private @lost(%arena: memref<1xi8>) {
  // expected-error@+1 {{is in a function that no entry (ukr.entry) reaches}}
  %a = ukr.buffer @a : memref<64xi8>
  return
}

// -----

// expected-error@+1 {{uses ukr.buffer or ukr.scratch, so its callers must pass it the arena first}}
func.func private @m.r(%n: index, %begin: index, %end: index, %thread: index) {
  %a = ukr.buffer @a : memref<64xi8>
  return
}
func.func private @m(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {ukr.entry = "m"} {
  ukr.parallel @m.r[%n] with %threads : !llvm.ptr (%n : index)
  return
}

// -----

func.func private @m.inner(%arena: memref<1xi8>, %begin: index, %end: index, %thread: index) {
  return
}
func.func private @m.r(%arena: memref<1xi8>, %threads: !llvm.ptr, %begin: index, %end: index, %thread: index) {
  // expected-error@+1 {{stands in @m.r; only an entry may start a parallel region}}
  ukr.parallel @m.inner[%end] with %threads : !llvm.ptr (%arena : memref<1xi8>)
  return
}
func.func private @m(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {ukr.entry = "m"} {
  ukr.parallel @m.r[%n] with %threads : !llvm.ptr (%arena, %threads : memref<1xi8>, !llvm.ptr)
  return
}

// -----

func.func private @m.r(%arena: memref<1xi8>) {
  // expected-error@+1 {{runs @m.r, which would run itself}}
  func.call @m.r(%arena) : (memref<1xi8>) -> ()
  return
}
func.func private @m(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {ukr.entry = "m"} {
  func.call @m.r(%arena) : (memref<1xi8>) -> ()
  return
}

// -----

// expected-error@+1 {{works on the arenas of two entries, @a and @b; give each entry its own copy}}
func.func private @shared(%arena: memref<1xi8>) {
  return
}
func.func private @a(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {ukr.entry = "a"} {
  func.call @shared(%arena) : (memref<1xi8>) -> ()
  return
}
func.func private @b(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {ukr.entry = "b"} {
  func.call @shared(%arena) : (memref<1xi8>) -> ()
  return
}

// -----

func.func private @outside(%arena: memref<1xi8>)
func.func private @m(%arena: memref<1xi8>, %n: index, %threads: !llvm.ptr) attributes {ukr.entry = "m"} {
  // expected-error@+1 {{runs @outside, which is not a function with a body}}
  func.call @outside(%arena) : (memref<1xi8>) -> ()
  return
}
