#include "tracer/ebpf/probes.h"

#include <nccl.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "injector/api/table.h"
#include "tracer/ebpf/call.h"

namespace rankle::ebpf {
namespace {

using api::IdOf;

// Where a call leaves a handle or a result, by position in the prototype.
struct Output {
  uint16_t api;
  int8_t argument;
  uint8_t bytes;
};
constexpr Output kOutputs[] = {
    {IdOf("ncclCommInitRank"), 0, 8},
    {IdOf("ncclCommInitRankConfig"), 0, 8},
    {IdOf("ncclCommInitRankScalable"), 0, 8},
    {IdOf("ncclCommInitAll"), 0, 8},
    {IdOf("ncclCommSplit"), 3, 8},
    {IdOf("ncclCommShrink"), 3, 8},
    {IdOf("ncclCommGrow"), 4, 8},
    {IdOf("ncclCommGetAsyncError"), 1, 4},
};

// Which register holds the ncclConfig_t*, for functions that make a communicator; -1 = none. A struct by
// value (ncclUniqueId) takes no register.
int8_t ConfigRegister(uint16_t api) {
  switch (api) {
    case IdOf("ncclCommInitRankConfig"):
      return 3;
    case IdOf("ncclCommInitRankScalable"):
    case IdOf("ncclCommGrow"):
      return 5;
    case IdOf("ncclCommSplit"):
    case IdOf("ncclCommShrink"):
      return 4;
    default:
      return -1;
  }
}

// Calls that tell how far a stream has come. Programs ask again and again: only the answer "done" counts.
constexpr uint16_t kQuestions[] = {IdOf("cudaStreamQuery"), IdOf("cuStreamQuery"), IdOf("cudaEventQuery"),
                                   IdOf("cuEventQuery")};
constexpr uint16_t kMarks[] = {IdOf("cudaEventRecord"), IdOf("cudaEventRecordWithFlags"),
                               IdOf("cuEventRecord"), IdOf("cuEventRecordWithFlags")};

bool TellsProgress(uint16_t api) {
  const auto is = [api](uint16_t other) { return api == other; };
  return std::any_of(std::begin(kQuestions), std::end(kQuestions), is) ||
         std::any_of(std::begin(kMarks), std::end(kMarks), is);
}

uint8_t TellOf(uint16_t api) {
  if (api == IdOf("ncclCommGetAsyncError")) return RANKLE_TELL_ERROR;
  return TellsProgress(api) ? RANKLE_TELL_SUCCESS : RANKLE_TELL_BOTH;
}

uint8_t OneBased(int8_t position) { return static_cast<uint8_t>(position + 1); }

bool InRegister(int8_t position) { return position >= 0 && position < RANKLE_REGISTER_ARGUMENTS; }

// Position of the last argument that is in use.
int LastArgument(const api::ArgumentIndex& a) {
  int last = -1;
  for (const int8_t position :
       {a.sendbuf, a.recvbuf, a.count, a.dtype, a.redop, a.root, a.peer, a.comm, a.stream, a.bytes})
    last = position > last ? position : last;
  return last;
}

}  // namespace

bool IsTraced(const api::ApiInfo& info) {
  switch (info.library) {
    case api::Library::kNccl:
      return info.blocking || info.id == IdOf("ncclCommGetAsyncError") ||
             (info.groups &
              (api::kCollective | api::kP2p | api::kCommInit | api::kCommEnd | api::kNcclGroup)) != 0;
    case api::Library::kCudaRuntime:
    case api::Library::kCudaDriver:
      return info.blocking || TellsProgress(info.id);
    default:
      return false;
  }
}

const api::ApiInfo* ApiOfSymbol(std::string_view symbol) {
  // Most of a program's symbols are something else: the table is searched for likely ones only.
  if (!symbol.starts_with("nccl") && !symbol.starts_with("pnccl") && !symbol.starts_with("cu"))
    return nullptr;
  const api::ApiInfo* const info = api::FindApi(symbol);
  const bool known = info != nullptr &&
                     (info->library == api::Library::kNccl || info->library == api::Library::kCudaRuntime ||
                      info->library == api::Library::kCudaDriver);
  return known ? info : nullptr;
}

rankle_cookie CookieOf(const api::ApiInfo& info) {
  rankle_cookie cookie = {};
  cookie.api = info.id;
  cookie.tell = TellOf(info.id) & 0xf;
  for (const Output& output : kOutputs) {
    if (output.api == info.id)
      cookie.out_argument = OneBased(output.argument) & 0xf, cookie.out_bytes = output.bytes & 0xf;
  }
  int in_memory = LastArgument(info.args) + 1 - RANKLE_REGISTER_ARGUMENTS;
  if (TakesUniqueId(info.id)) in_memory = RANKLE_STACK_WORDS;
  cookie.stack_words = static_cast<uint8_t>(in_memory > 0 ? in_memory : 0);
  if (const int8_t config = ConfigRegister(info.id); config >= 0) {
    cookie.bytes_kind = RANKLE_CONFIG;
    cookie.first = OneBased(config);
    cookie.second = offsetof(ncclConfig_t, commName) / sizeof(uint64_t);
    static_assert(offsetof(ncclConfig_t, commName) % sizeof(uint64_t) == 0);
  } else if (InRegister(info.args.bytes)) {
    cookie.bytes_kind = RANKLE_BYTES_SIZE;
    cookie.first = OneBased(info.args.bytes);
  } else if (InRegister(info.args.count) && InRegister(info.args.dtype)) {
    cookie.bytes_kind = RANKLE_BYTES_COUNT;
    cookie.first = OneBased(info.args.count);
    cookie.second = OneBased(info.args.dtype);
  }
  return cookie;
}

rankle_api_faults ArgumentsForFaults(const api::ApiInfo& info) {
  rankle_api_faults arguments = {};
  if (InRegister(info.args.dtype)) arguments.dtype = OneBased(info.args.dtype);
  const int8_t peer = info.args.peer >= 0 ? info.args.peer : info.args.root;
  if (InRegister(peer)) arguments.peer = OneBased(peer);
  return arguments;
}

}  // namespace rankle::ebpf
