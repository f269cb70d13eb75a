/* OpenMP as the threads of compiled code. Part of libnibble.so where the library was built with OpenMP (else the
 * function is not defined). Valid C11 and C++. */
#ifndef NIBBLE_OPENMP_H
#define NIBBLE_OPENMP_H

#include <nibble/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs parallel_for in an OpenMP team of at most `threads` threads (values below 1 count as 1). Inside another parallel
 * region, where OpenMP gives one thread, the loop is sequential. Needs no clean-up. How long idle threads spin is
 * OpenMP's affair (OMP_WAIT_POLICY, KMP_BLOCKTIME). */
nibble_parallel nibble_openmp(int32_t threads);

#ifdef __cplusplus
}
#endif

#endif /* NIBBLE_OPENMP_H */
