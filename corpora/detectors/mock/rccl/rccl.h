// Mock of RCCL for the detector corpus: NCCL's names on HIP streams.
#pragma once

#include <hip/hip_runtime.h>

#define NCCL_MOCK_STREAM hipStream_t
#include "../nccl_api.h"
#undef NCCL_MOCK_STREAM
