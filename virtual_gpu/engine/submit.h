// Where device work enters: queued on its stream, or put into the graph that the stream captures.
#pragma once

#include <cstdint>
#include <memory>

#include "virtual_gpu/engine/error.h"
#include "virtual_gpu/engine/operation.h"
#include "virtual_gpu/engine/stream.h"

namespace rankle::vgpu {

// `*ticket` (optional) receives the work's ticket, 0 when it was captured.
Error Submit(const std::shared_ptr<Stream>& stream, OperationPtr operation, uint64_t* ticket = nullptr);

// Finds the stream and submits.
Error SubmitTo(const void* stream_handle, OperationPtr operation);

}  // namespace rankle::vgpu
