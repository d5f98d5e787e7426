// How a function of NCCL is exported: a weak ncclX with a strong alias pncclX, as in NCCL, so that an
// interposer may define ncclX and call pncclX.
#pragma once

// Declares pncclX as an alias of ncclX and opens the definition of ncclX.
#define NCCL_API(type, name, ...)                                                            \
  extern "C" __attribute__((visibility("default"), alias(#name))) type p##name(__VA_ARGS__); \
  extern "C" __attribute__((visibility("default"), weak)) type name(__VA_ARGS__)
