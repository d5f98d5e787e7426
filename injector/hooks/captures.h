// NCCL operations inside CUDA graphs: remembered while their stream is captured, and written as operations of
// their own each time the graph is launched. Captures and instantiations are rare and take a lock; a launch
// only looks up.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "injector/hooks/comms.h"

namespace rankle::hooks {

// One captured operation; a graph is a list of them in the order of capture.
struct CapturedOperation {
  uint16_t api;
  bool p2p;
  uint8_t dtype, redop;
  int32_t peer;
  uint64_t count;
  Comm* comm;
  uint32_t site;
  CapturedOperation* next;
};

// 0 when the stream is not being captured, else the number of the capture.
uint64_t CaptureOf(cudaStream_t stream);

// Appends to a capture; the list is made on the first operation.
void AddCaptured(uint64_t capture, const CapturedOperation& operation);
// The capture became a graph; a graph was copied or instantiated. Handles are opaque addresses.
void CaptureEnded(uint64_t capture, const void* graph);
void GraphCopied(const void* from, const void* to);
void GraphForgotten(const void* handle);
// What a graph or executable graph holds; nullptr when it has no NCCL operations. Valid for the process's
// life.
const CapturedOperation* OperationsOf(const void* handle);

void ResetCaptures();

}  // namespace rankle::hooks
