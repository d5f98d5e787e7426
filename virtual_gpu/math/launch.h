// Work of math libraries on streams.
#pragma once

#include <cstddef>
#include <functional>

namespace rankle::vgpu::math {

// A kernel of this name, which must live as long as the process (a literal): its modelled time passes. False
// when the device refuses it.
bool Launch(void* stream, const char* name);

// Runs on the host when the stream gets there; `name` is what profilers see. May run more than once (graphs).
bool Enqueue(void* stream, const char* name, std::function<void()> run);

// Zeros in device memory, in stream order.
bool EnqueueZeros(void* stream, void* at, size_t bytes);

}  // namespace rankle::vgpu::math
