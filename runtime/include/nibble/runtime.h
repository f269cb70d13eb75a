/* The C ABI of the Nibble runtime: what compiled entries, their callers and the thread adaptors share.
 *
 * Valid C11 and C++. Nothing here allocates unless it says so, nothing throws, and no global state is kept.
 *
 * A compiled entry NAME is a plain C function:
 *
 *   int32_t NAME(const T *in0, ..., T *out0, ..., int64_t batch, void *arena, const nibble_parallel *parallel);
 *
 * It returns NIBBLE_OK, NIBBLE_INVALID_ARGUMENT or NIBBLE_MISALIGNED, needs NAME_ARENA_BYTES(threads) bytes at `arena`
 * (64-byte aligned), and gives the same bits for every batch split and thread count. `parallel` may be NULL: the entry
 * then runs on the calling thread only. What it cannot see it does not check: how many bytes there are behind a pointer
 * (a smaller arena, a shorter tensor are overrun), and whether the CPU has the features that it was compiled for (on
 * another one it ends in an illegal instruction; nibble_cpu_has tells beforehand). */
#ifndef NIBBLE_RUNTIME_H
#define NIBBLE_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Status codes: zero is success, errors are positive and never change their value. 4 has no meaning. */
#ifdef __cplusplus
typedef enum nibble_status : int32_t {
#else
typedef enum nibble_status {
#endif
  NIBBLE_OK = 0,
  NIBBLE_INVALID_ARGUMENT = 1, /* entries: a null pointer, a negative batch, a nibble_parallel without threads or
                                  function; functions below: an argument that is none of those they describe */
  NIBBLE_OUT_OF_MEMORY = 2,    /* nibble_thread_pool_create: an allocation failed */
  NIBBLE_MISALIGNED = 3,       /* entries: the arena is not aligned to 64 bytes */
  NIBBLE_SYSTEM_ERROR = 5      /* nibble_thread_pool_create: the operating system refused to start a thread */
} nibble_status;

/* A short English description. Never NULL; unknown codes give "unknown status". The string is static. */
const char *nibble_status_string(int32_t status);

/* Element types of tensors at the border of the compiled code. Storage is little-endian; boolean is one byte, 0 or 1.
 */
#ifdef __cplusplus
typedef enum nibble_element_type : int32_t {
#else
typedef enum nibble_element_type {
#endif
  NIBBLE_BOOLEAN = 1,
  NIBBLE_U8 = 2,
  NIBBLE_I8 = 3,
  NIBBLE_U16 = 4,
  NIBBLE_I16 = 5,
  NIBBLE_U32 = 6,
  NIBBLE_I32 = 7,
  NIBBLE_U64 = 8,
  NIBBLE_I64 = 9,
  NIBBLE_F16 = 10,  /* IEEE binary16 */
  NIBBLE_BF16 = 11, /* the upper half of a binary32 */
  NIBBLE_F32 = 12,
  NIBBLE_F64 = 13
} nibble_element_type;

/* Bytes of one element (1, 2, 4 or 8), or 0 if the type is unknown. */
int64_t nibble_element_size(int32_t element_type);

#define NIBBLE_MAX_RANK 8

/* A borrowed n-d array. Only the first `rank` entries of shape and strides count. Strides are in elements, not bytes; a
 * contiguous row-major tensor has strides[rank-1] = 1 and strides[i] = strides[i+1] * shape[i+1]. */
typedef struct nibble_tensor_view {
  void *data;
  int32_t element_type; /* a nibble_element_type */
  int32_t rank;         /* 0 .. NIBBLE_MAX_RANK; rank 0 is one element */
  int64_t shape[NIBBLE_MAX_RANK];
  int64_t strides[NIBBLE_MAX_RANK];
} nibble_tensor_view;

/* Checks that *view is a well-formed contiguous row-major tensor (known type, rank in range, no negative extent, no
 * overflow, data not NULL unless it is empty) and stores its size in *bytes. The stride of an extent of 0 or 1 is
 * ignored. Returns NIBBLE_OK or NIBBLE_INVALID_ARGUMENT. */
int32_t nibble_tensor_bytes(const nibble_tensor_view *view, int64_t *bytes);

/* Generated headers declare the same two types where this file is not found; the first one counts. */
#ifndef NIBBLE_PARALLEL
#define NIBBLE_PARALLEL
/* One contiguous range [begin, end) of a parallel loop. `thread` numbers the scratch memory that the task may use: no
 * two tasks that run at the same time within one parallel_for have the same number. */
typedef void (*nibble_task)(void *context, int64_t begin, int64_t end, int32_t thread);

/* Threads lent to compiled code by its caller. A NULL pointer to this struct means sequential execution.
 *
 * parallel_for splits [0, count) into at most `threads` contiguous non-empty ranges that cover it exactly, calls `task`
 * once for each with `thread` in [0, threads), and returns when all are done; what the tasks wrote is then visible to
 * the caller. A count <= 0 calls nothing. Results must not depend on how the range is split. Entries return
 * NIBBLE_INVALID_ARGUMENT for a struct whose `threads` is below 1 or whose `parallel_for` is NULL. */
typedef struct nibble_parallel {
  void *pool;
  int32_t threads; /* >= 1 */
  void (*parallel_for)(void *pool, int64_t count, nibble_task task, void *context);
} nibble_parallel;
#endif

/* A pool of `threads` threads (1 .. 1024): the caller of parallel_for is thread 0 and the pool owns the others. They
 * sleep when idle: after a loop they wait actively for about 20 microseconds, then block. Workers run with the default
 * floating-point environment whatever the creating thread had set.
 *
 * Creation allocates; it returns NIBBLE_OK, NIBBLE_INVALID_ARGUMENT, NIBBLE_OUT_OF_MEMORY or NIBBLE_SYSTEM_ERROR, and
 * leaves *pool NULL on failure. Destruction joins the threads; NULL is allowed; no loop may be running. */
typedef struct nibble_thread_pool nibble_thread_pool;
int32_t nibble_thread_pool_create(int32_t threads, nibble_thread_pool **pool);
void nibble_thread_pool_destroy(nibble_thread_pool *pool);

/* The pool as compiled code sees it (NULL: sequential); valid until the pool is destroyed. Any number of threads may
 * call it: a call that finds the pool busy (another caller's loop, or a loop inside a task) runs its whole range on the
 * calling thread as thread 0. */
nibble_parallel nibble_thread_pool_parallel(nibble_thread_pool *pool);

/* Number of CPUs that this process may run on, at least 1. */
int32_t nibble_cpu_count(void);

/* 1 if the CPU has the feature and the operating system saves the registers that it needs, else 0. Names are LLVM's,
 * such as "avx2", "fma", "avx512vnni" or "dotprod"; an unknown name or NULL gives 0, and so do features that a process
 * must first ask the kernel for (AMX). */
int nibble_cpu_has(const char *feature);

#ifdef __cplusplus
}
#endif

#endif /* NIBBLE_RUNTIME_H */
