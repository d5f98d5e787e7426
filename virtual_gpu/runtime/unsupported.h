// The body of a runtime function that the virtual GPUs do not have.
#pragma once

#include "virtual_gpu/engine/unsupported.h"
#include "virtual_gpu/runtime/call.h"

#define RANKLE_UNSUPPORTED(name)               \
  static std::atomic<bool> named{false};       \
  rankle::vgpu::NameUnsupported(name, &named); \
  return rankle::vgpu::runtime::Remember(cudaErrorNotSupported)
