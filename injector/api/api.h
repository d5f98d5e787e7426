// What rankle knows about each NCCL and CUDA function: the one table behind the generated hooks, the fault
// plans (targets and groups), the tracer (what to record) and the analyzer (names). Generated from the
// headers by injector/hooks/generate.py into api_table.inc; ids are stable and append-only because flight
// records store them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rankle::api {

enum class Library : uint8_t { kNone, kNccl, kCudaRuntime, kCudaDriver, kProcess, kLibc };

// Groups that a fault plan may name in `on:`; one function may be in several.
enum Group : uint32_t {
  kCollective = 1u << 0,  // AllReduce, Reduce, Broadcast, AllGather, ReduceScatter, AlltoAll, Gather, Scatter
  kP2p = 1u << 1,         // Send, Recv
  kCuda = 1u << 2,        // every CUDA runtime and driver call
  kMalloc = 1u << 3,      // device and pinned memory allocation
  kMemcpy = 1u << 4,
  kLaunch = 1u << 5,
  kSync = 1u << 6,  // calls that wait on the host
  kFree = 1u << 7,
  kStream = 1u << 8,
  kEvent = 1u << 9,
  kGraph = 1u << 10,
  kCommInit = 1u << 11,   // communicator creation: InitRank*, InitAll, Split, Shrink
  kCommEnd = 1u << 12,    // Finalize, Destroy, Abort, Revoke
  kNcclGroup = 1u << 13,  // GroupStart, GroupEnd
  kSocket = 1u << 14,     // libc: connections, and what crosses them
  kFile = 1u << 15,       // libc: files (read and write also serve sockets)
  kProcessGroup = 1u << 16,
  kPoll = 1u << 17,       // libc: poll, select, epoll_wait
  kSleep = 1u << 18,      // libc: nanosleep and the like
  kTimedWait = 1u << 19,  // libc: waits for a condition or semaphore with an end
  kSpawn = 1u << 20,      // libc: new processes, programs and threads
  kException = 1u << 21,  // the C++ runtime: throw, catch
  kLibcGroup = 1u << 22,  // every function of the C library and the C++ runtime (injector/sites)
};

// Position of an argument in the prototype, -1 = absent.
struct ArgumentIndex {
  int8_t sendbuf = -1, recvbuf = -1, count = -1, dtype = -1, redop = -1, root = -1, peer = -1, comm = -1,
         stream = -1, bytes = -1;
};

struct ApiInfo {
  uint16_t id = 0;  // > 0
  std::string_view name;
  Library library = Library::kNone;
  uint32_t groups = 0;
  bool blocking = false;  // may wait on the host for long
  ArgumentIndex args;
};

// All known functions, ordered by id. Index is not the id.
std::span<const ApiInfo> AllApis();
// nullptr when unknown.
const ApiInfo* FindApi(std::string_view name);
const ApiInfo* FindApi(uint16_t id);
// "ncclAllReduce", or "api#123" (kept for the process's life) for an id from a newer version.
std::string_view ApiName(uint16_t id);
// The bit of a group name in `on:` ("collective", "malloc", ...), 0 when it is no group.
uint32_t GroupByName(std::string_view name);

// Bytes of one element of an ncclDataType_t; 0 when unknown. Names as in fault plans: float32, bfloat16,
// int8, ...
uint32_t DataTypeBytes(uint8_t dtype);
std::string_view DataTypeName(uint8_t dtype);
int DataTypeByName(std::string_view name);  // -1 when unknown
std::string_view RedOpName(uint8_t redop);

}  // namespace rankle::api
