// Mock of the HIP runtime for the detector corpus: what the RCCL cases call, and nothing else.
#pragma once

#include <cstddef>

extern "C" {

typedef enum { hipSuccess = 0, hipErrorInvalidValue = 1, hipErrorNotReady = 600 } hipError_t;
typedef struct ihipStream_t* hipStream_t;
#define hipStreamNonBlocking 0x01

const char* hipGetErrorString(hipError_t error);
hipError_t hipSetDevice(int deviceId);
hipError_t hipStreamCreateWithFlags(hipStream_t* stream, unsigned int flags);
hipError_t hipStreamDestroy(hipStream_t stream);
hipError_t hipStreamSynchronize(hipStream_t stream);
hipError_t hipStreamQuery(hipStream_t stream);
hipError_t hipDeviceSynchronize(void);
hipError_t hipMalloc(void** ptr, size_t size);
hipError_t hipFree(void* ptr);

}  // extern "C"
