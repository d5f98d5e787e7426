// cudaGetErrorName and cudaGetErrorString.
#include "virtual_gpu/engine/error_texts.h"

#include "virtual_gpu/runtime/call.h"

using rankle::vgpu::ErrorText;
using rankle::vgpu::FindErrorText;

const char* cudaGetErrorName(cudaError_t error) {
  const ErrorText* entry = FindErrorText(error);
  return entry == nullptr ? "unrecognized error code" : entry->runtime_name;
}

const char* cudaGetErrorString(cudaError_t error) {
  const ErrorText* entry = FindErrorText(error);
  return entry == nullptr ? "unrecognized error code" : entry->text;
}
