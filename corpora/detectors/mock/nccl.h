// Mock of NCCL 2.28 for the detector corpus.
#pragma once

#include <cuda_runtime.h>

#define NCCL_MOCK_STREAM cudaStream_t
#include "nccl_api.h"
#undef NCCL_MOCK_STREAM
