// Pipelined rings and chains for large messages. A received buffer is reduced in place and sent on itself, so
// a byte is copied once into the pipeline and once out of it.
#pragma once

#include <cstddef>
#include <functional>

#include "virtual_gpu/nccl/flow.h"
#include "virtual_gpu/nccl/reduction.h"

namespace rankle::virtual_nccl {

// Elements of one chunk and where they lie in the caller's buffers.
struct ChunkPlace {
  size_t input_offset = 0;
  size_t output_offset = 0;
  size_t count = 0;
};

// A ring schedule. In every slice each rank first sends block `first_block`; at step s it receives block
// first_block - s - 1 (modulo ranks), combines its own input into it while s < reduce_steps, delivers it from
// step reduce_steps - 1 on, and sends it on unless s is the last step.
struct RingPlan {
  int first_block = 0;
  int steps = 0;
  int reduce_steps = 0;
  size_t slices = 0;
  std::function<ChunkPlace(size_t slice, int block)> locate;
};
void RunRing(Transport& transport, const Reduction& reduction, const RingPlan& plan, const char* input,
             char* output);

// A pipeline from the first rank of a chain to its last. Reducing: every rank adds its input and the last
// delivers. Otherwise the first rank's input is delivered by every rank.
void RunChain(Transport& transport, const Reduction& reduction, int first, bool reduce, const char* input,
              char* output, size_t count);

}  // namespace rankle::virtual_nccl
