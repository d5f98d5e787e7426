// The engine's side of kernel_observer.h.
#pragma once

#include <cstdint>

namespace rankle::vgpu {

class Operation;
class Stream;

// Tells the observer, if there is one, of an operation that ran on the stream; of kernels only.
void ObserveKernel(const Stream& stream, const Operation& operation, uint64_t start_ns, uint64_t end_ns);

}  // namespace rankle::vgpu
