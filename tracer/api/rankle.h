/* Marks for training programs: include this header and call the functions; they do nothing unless the program runs under
 * `rankle run` (librankle.so defines the weak symbols). No library is needed. C and C++. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Defined by librankle.so; absent otherwise. */
__attribute__((weak)) void rankleMarkStep(int64_t step);

#ifdef __cplusplus
}
#endif

/* A training step begins. `step` counts from 0 and is the same on all ranks. Faults may be aimed at it (`when: step:`). */
static inline void rankle_mark_step(int64_t step) {
  if (rankleMarkStep) rankleMarkStep(step);
}
