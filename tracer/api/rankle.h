/* The marks a training program may leave for rankle. Header only, C and C++, nothing to link.
 *
 * Contract: without librankle.so in the process every mark is a test of one pointer and nothing else, so that
 * a program keeps its marks in production. With it, the mark goes to the flight record of this process. Safe
 * from any thread; marks are meant for the thread that issues the collectives. */
#ifndef RANKLE_TRACER_API_RANKLE_H_
#define RANKLE_TRACER_API_RANKLE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Defined by librankle.so; weak, so that it is null where that library is not loaded. */
extern void rankleMarkStep(int64_t step) __attribute__((weak));

extern void rankleMarkReplica(const char* name, const void* tensor, uint64_t bytes, void* stream)
    __attribute__((weak));

/* Says that training step `step` begins now. Fault plans select on it (`when: { step: ... }`). */
static inline void rankle_mark_step(int64_t step) {
  if (rankleMarkStep) rankleMarkStep(step);
}

/* Says that a device tensor holds the same bytes on every rank that uses this name, once what is on `stream`
 * (a cudaStream_t) so far has run: parameters after the optimizer's step, say. Where results are checked
 * (`rankle run
 * --check-results`), ranks that have drifted apart are found by it. The tensor must stay valid until the
 * stream has passed this point. */
static inline void rankle_mark_replica(const char* name, const void* tensor, uint64_t bytes, void* stream) {
  if (rankleMarkReplica) rankleMarkReplica(name, tensor, bytes, stream);
}

#ifdef __cplusplus
}
#endif

#endif /* RANKLE_TRACER_API_RANKLE_H_ */
