// A collective or point-to-point call: its description, its checks, and its way onto the stream.
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <memory>
#include <optional>
#include <vector>

#include "virtual_gpu/nccl/communicator.h"

namespace rankle::virtual_nccl {

// Numbered as NCCL numbers them (ncclFunc_t).
enum class Function {
  kBroadcast = 0,
  kReduce = 1,
  kAllGather = 2,
  kReduceScatter = 3,
  kAllReduce = 4,
  kSend = 6,
  kReceive = 7,
  kAllToAll = 8,
  kScatter = 9,
  kGather = 10,
};
const char* FunctionName(Function function);

struct Operation {
  Function function = Function::kAllReduce;
  const void* send = nullptr;
  void* receive = nullptr;
  size_t count = 0;
  ncclDataType_t datatype = ncclInt8;
  ncclRedOp_t op = ncclSum;
  int root = 0;  // peer of a send or receive
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;

  // Filled in by CheckOperation.
  std::shared_ptr<Communicator> communicator;
  std::optional<UserReduction> user_reduction;
  uint64_t number = 0;         // how many of this function came before on the communicator
  void* api_event = nullptr;   // profiler: CollApi or P2pApi
  void* task_event = nullptr;  // profiler: Coll or P2p

  bool IsPointToPoint() const { return function == Function::kSend || function == Function::kReceive; }
};

// NCCL's argument checks, in NCCL's words. Resolves the communicator.
ncclResult_t CheckOperation(Operation& operation);

// Puts the operations of one group on their streams: for each communicator its collectives in order, then all
// its sends and receives as one piece of work. All have passed CheckOperation.
// `group_api_event` is the profiler's event of the group, or null.
ncclResult_t Launch(const std::vector<Operation>& operations, void* group_api_event);

}  // namespace rankle::virtual_nccl
