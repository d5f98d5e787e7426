// How librankle.so tells librankle-libc.so of the NCCL and CUDA calls that pass it, so that one site record
// holds all that a process called. The functions are weak: without librankle-libc.so in the process they are
// null, and nothing is told.
#pragma once

#include <cstdint>

extern "C" {

// The site of a call by its return address and the frame of the wrapper that it returns to; nullptr when it
// is not recorded. `id`: its id, 0 = none.
__attribute__((weak)) void* rankleSiteOf(uint16_t api, const void* address, const void* frame, uint64_t* id);
// `site` may be nullptr.
__attribute__((weak)) void rankleSiteEntered(void* site, uint64_t now_ns);
__attribute__((weak)) void rankleSiteReturned(void* site, uint32_t result, int failed, uint64_t duration_ns);
__attribute__((weak)) void rankleSiteInjected(void* site);

}  // extern "C"
