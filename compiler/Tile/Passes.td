// Passes of the tiled stage: the batch, and the places of buffers.
#ifndef NIBBLE_TILE_PASSES
#define NIBBLE_TILE_PASSES

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"nibble-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Gives every ukr.buffer and ukr.scratch its place in the arena.";
  let description = [{
    For each entry (a function with `ukr.entry`): a buffer lives from the first to the last operation of the entry's body
    whose function, or a function called from it, uses it; operations inside one loop of the entry count as one. A buffer
    takes its largest view plus 64 bytes that a vector may read behind it. `ukr.buffer` becomes a view of the arena, which
    is argument 0 of every function that uses it; `ukr.scratch` becomes a view at `plan + thread * scratch + offset`, where a
    function's scratch lies behind that of its callers. The entry gets
    `ukr.arena = {planned_bytes, lower_bound, scratch_bytes}`, all multiples of 64: an arena for T threads has
    planned_bytes + T * scratch_bytes. An entry that has the attribute is planned already and stays as it is.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def TileBatch : Pass<"nibble-tile-batch", "::mlir::func::FuncOp"> {
  let summary = "Gives a function a static batch: that of the tiles over which its entry will loop";
  let description = [{
    Every dynamic first dimension becomes B, and the function gets the attribute `nibble.batch_tile = B : i64`: its body computes at
    most B images, and the entry made of it loops over the caller's batch. A function without dynamic batch stays as it is.

    With `batch-tile=0` it is the largest power of two in 8..64 for which the operands and results of each op fit half of the
    target's second-level cache (weights aside); 8 if none does, and 4, 2 or 1 where 8 images of an op take more than 256 MiB.

    The function must be straight-line, every image must be computed apart from the others, and only the first dimension may be dynamic.
  }];
  let options = [
    Option<"batchTile", "batch-tile", "int64_t", "0", "Images in a tile; 0: chosen from sizes and target">,
    Option<"target", "target", "std::string", "\"native\"", "Target string, such as x86_64-linux-gnu,+avx2">
  ];
}

#endif
