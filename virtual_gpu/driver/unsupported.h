// The body of a driver function that the virtual GPUs do not have.
#pragma once

#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/engine/unsupported.h"

#define RANKLE_UNSUPPORTED(name)               \
  static std::atomic<bool> named{false};       \
  rankle::vgpu::NameUnsupported(name, &named); \
  return CUDA_ERROR_NOT_SUPPORTED
