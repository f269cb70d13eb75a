// RUN: nibble-opt %s --nibble-emit-entries=target=x86_64-linux-gnu --split-input-file --verify-diagnostics

// expected-error@+1 {{ukr.entry must be a C identifier, got "2m"}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {ukr.entry = "2m"} {
  llvm.return
}

// -----

// expected-error@+1 {{is an entry: it needs either ukr.batch_tile (a model) or ukr.batch (a fixed batch)}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {ukr.entry = "m"} {
  llvm.return
}

// -----

// expected-error@+1 {{has a batch of 0; it must be at least 1}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {ukr.entry = "m", ukr.batch = 0 : i64} {
  llvm.return
}

// -----

// expected-error@+1 {{is an entry: it needs ukr.arguments}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {ukr.entry = "m", ukr.batch = 1 : i64} {
  llvm.return
}

// -----

// expected-error@+1 {{has no ukr.arena; run nibble-plan-memory first}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {ukr.entry = "m", ukr.batch = 1 : i64, ukr.arguments = []} {
  llvm.return
}

// -----

// expected-error@+1 {{direction of 'x' must be in, out or inout, got "up"}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "m", ukr.batch = 1 : i64, ukr.arguments = [{name = "x", direction = "up", elements = 1 : i64, type = f32}]} {
  llvm.return
}

// -----

// expected-error@+1 {{'x' has elements of 'f16', which C has no type for}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "m", ukr.batch = 1 : i64, ukr.arguments = [{name = "x", direction = "in", elements = 1 : i64, type = f16}]} {
  llvm.return
}

// -----

// expected-error@+1 {{has two arguments named 'x'}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "m", ukr.batch = 1 : i64, ukr.arguments = [{name = "x", direction = "in", elements = 1 : i64, type = f32},
                                                          {name = "x", direction = "out", elements = 1 : i64, type = f32}]} {
  llvm.return
}

// -----

// expected-error@+1 {{must take (arena, the 1 tensors of ukr.arguments, n, parallel)}}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "m", ukr.batch = 1 : i64, ukr.arena = {planned_bytes = 0 : i64, lower_bound = 0 : i64, scratch_bytes = 0 : i64},
    ukr.arguments = [{name = "x", direction = "in", elements = 1 : i64, type = f32}]} {
  llvm.return
}

// -----

// expected-error@+1 {{has the name that a function of entry 'm' needs}}
llvm.func internal @m_packed() {
  llvm.return
}
llvm.func internal @m(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "m", ukr.batch = 1 : i64, ukr.arena = {planned_bytes = 0 : i64, lower_bound = 0 : i64, scratch_bytes = 0 : i64}, ukr.arguments = []} {
  llvm.return
}

// -----

// expected-error@+1 {{cannot become the C function 'memcpy', which is a function of the C library, which the compiled one would replace in the whole program; rename the model}}
llvm.func internal @memcpy(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "memcpy", ukr.batch = 1 : i64, ukr.arena = {planned_bytes = 0 : i64, lower_bound = 0 : i64, scratch_bytes = 0 : i64}, ukr.arguments = []} {
  llvm.return
}

// -----

// expected-error@+1 {{cannot become the C function 'int', which is a keyword, type or macro of C or C++; rename the model}}
llvm.func internal @int(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "int", ukr.batch = 1 : i64, ukr.arena = {planned_bytes = 0 : i64, lower_bound = 0 : i64, scratch_bytes = 0 : i64}, ukr.arguments = []} {
  llvm.return
}

// -----

// expected-note@+1 {{the other one}}
llvm.func internal @f(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "f", ukr.batch = 1 : i64, ukr.arena = {planned_bytes = 0 : i64, lower_bound = 0 : i64, scratch_bytes = 0 : i64}, ukr.arguments = []} {
  llvm.return
}
// expected-error@+1 {{cannot become the C function 'F': the name F_ARENA_BYTES in its header is also that of 'f'; rename one of them}}
llvm.func internal @F(%arena: !llvm.ptr, %n: i64, %parallel: !llvm.ptr) attributes {
    ukr.entry = "F", ukr.batch = 1 : i64, ukr.arena = {planned_bytes = 0 : i64, lower_bound = 0 : i64, scratch_bytes = 0 : i64}, ukr.arguments = []} {
  llvm.return
}
