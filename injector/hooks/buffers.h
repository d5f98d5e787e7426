// The data of an operation: how much of its send and receive buffers this rank really uses. Some operations
// send or receive a block for every rank, rooted ones use one of the buffers on the root only (nccl.h, API
// reference).
#pragma once

#include <cstdint>

#include "injector/hooks/call.h"
#include "injector/hooks/comms.h"

namespace rankle::hooks {

enum class Buffer : uint8_t { kSend, kReceive };

// Bytes; 0 when this rank does not use the buffer. Without a communicator whose size is known, at least that.
int64_t BufferBytes(const HookCall& call, const Comm* comm, Buffer buffer);
int64_t BufferBytes(const HookCall& call, Buffer buffer);

}  // namespace rankle::hooks
