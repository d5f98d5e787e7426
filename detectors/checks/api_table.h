// What the checks know of the functions of NCCL, RCCL, CUDA, HIP and MPI, and of what else keeps a host
// waiting: which argument is what, and what a call does. The only place with such knowledge. Pure.
//
// RCCL has NCCL's names. HIP's runtime is looked up by CUDA's names ("hipFree" as "cudaFree"), profiling
// aliases by the names that they stand for ("pncclSend", "PMPI_Send").
#pragma once

#include <cstdint>
#include <string_view>

namespace rankle::lint {

enum class Library : uint8_t { kNccl, kCuda, kCudaDriver, kMpi, kHost };

enum class Kind : uint8_t {
  // communication
  kCollective,
  kSend,
  kRecv,
  kSendRecv,
  kOneSided,
  kGroupStart,
  kGroupEnd,
  // communicators
  kUniqueId,
  kCommInit,     // of one rank
  kCommInitAll,  // of all devices of this process
  kCommSplit,    // from another communicator; every rank of it calls
  kCommFinalize,
  kCommDestroy,
  kCommAbort,
  kAsyncError,
  kCommRank,  // tells the caller's own rank
  kCommQuery,
  kRegister,
  kDeregister,
  // memory
  kAlloc,
  kAllocAsync,
  kFree,
  kFreeAsync,
  kCopy,       // the host waits until it is done
  kCopyAsync,  // ... or not
  // streams, events, devices
  kStreamCreate,
  kStreamDestroy,
  kStreamSync,
  kStreamWait,  // the stream waits, not the host
  kEventCreate,
  kEventDestroy,
  kEventRecord,
  kEventSync,
  kDeviceSync,
  kSetDevice,
  kQuery,  // asks without waiting
  kLaunch,
  kCaptureBegin,
  kCaptureEnd,
  kGraphLaunch,
  kHostFunction,  // has the stream call the host
  kErrorQuery,    // cudaGetLastError
  kErrorText,
  kErrorHandler,  // MPI: what an error does
  // hosts
  kWait,     // for another thread, process or host
  kRequest,  // MPI: waits for, or tests, what was begun before
  kInit,     // of the library
  kOther,
};

// Position of an argument, -1: it has none.
struct Arguments {
  int8_t send = -1, recv = -1;  // buffers; of copies: source and destination
  int8_t count = -1, type = -1, op = -1, root = -1, peer = -1, comm = -1, stream = -1;
  int8_t count2 = -1, type2 = -1;  // of what is received, where that is said apart (MPI)
  int8_t out = -1;     // what is written: a communicator, rank, allocation, stream, event, request
  int8_t buffer = -1;  // what is freed or registered
  int8_t bytes = -1;   // a size in bytes
  int8_t event = -1, device = -1, config = -1, id = -1;
  int8_t rank = -1;  // of the caller, in a communicator that is made
};

struct Api {
  std::string_view name;
  Library library = Library::kHost;
  Kind kind = Kind::kOther;
  Arguments at;
  bool blocks = false;  // keeps the host waiting for a device, a peer or another thread
};

// nullptr: unknown.
const Api* FindApi(std::string_view name);

// Collective over a communicator: all ranks call it, in the same order.
bool IsCollective(const Api& api);
// Point to point: kSend, kRecv (not MPI's pair of both).
bool IsP2p(const Api& api);
// Enqueues communication on a stream.
bool IsCommunication(const Api& api);

// Types of results that say whether a call failed: ncclResult_t, cudaError_t, CUresult, hipError_t.
bool IsResultType(std::string_view type_name);

enum class Number : uint8_t { kInteger, kUnsigned, kFloat, kBytes };
struct DataType {
  std::string_view name;  // "ncclFloat", "MPI_FLOAT"
  Library library;
  int bytes;
  Number number;
};
// nullptr: unknown.
const DataType* FindDataType(std::string_view name);

}  // namespace rankle::lint
