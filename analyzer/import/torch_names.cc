#include "analyzer/import/torch_names.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "injector/api/api.h"

namespace rankle::import {
namespace {

struct Name {
  absl::string_view torch;
  const char* nccl;
  bool sizes_agree;
};
// Names of all versions so far (docs/importers.md). Expert parallelism and uneven shards pass different sizes
// on purpose, and of rooted operations the root passes more: those are not compared.
constexpr Name kNames[] = {
    {"all_reduce", "ncclAllReduce", true},
    {"allreduce", "ncclAllReduce", true},
    {"allreduce_coalesced", "ncclAllReduce", true},
    {"all_reduce_barrier", "ncclAllReduce", true},
    {"barrier", "ncclAllReduce", true},
    {"broadcast", "ncclBroadcast", true},
    {"_broadcast_oop", "ncclBroadcast", false},
    {"reduce", "ncclReduce", true},
    {"_reduce_oop", "ncclReduce", false},
    {"all_gather", "ncclAllGather", false},
    {"all_gather_single", "ncclAllGather", true},
    {"all_gather_v", "ncclAllGather", false},
    {"_all_gather_base", "ncclAllGather", true},
    {"all_gather_into_tensor_coalesced", "ncclAllGather", true},
    {"ALLGATHER_coalesced", "ncclAllGather", true},
    {"allgather", "ncclAllGather", false},
    {"_allgather_base", "ncclAllGather", true},
    {"allgather_into_tensor_coalesced", "ncclAllGather", true},
    {"reduce_scatter", "ncclReduceScatter", false},
    {"reduce_scatter_single", "ncclReduceScatter", true},
    {"reduce_scatter_v", "ncclReduceScatter", false},
    {"_reduce_scatter_base", "ncclReduceScatter", true},
    {"reduce_scatter_tensor_coalesced", "ncclReduceScatter", true},
    {"REDUCE_SCATTER_coalesced", "ncclReduceScatter", true},
    {"gather", "ncclGather", false},
    {"scatter", "ncclScatter", false},
    {"all_to_all", "ncclAlltoAll", false},
    {"all_to_all_single", "ncclAlltoAll", false},
    {"all_to_allv", "ncclAlltoAll", false},
    {"alltoall", "ncclAlltoAll", false},
    {"alltoall_base", "ncclAlltoAll", false},
    {"all_to_all_v_single", "ncclAlltoAll", false},
    {"send", "ncclSend", false},
    {"recv", "ncclRecv", false},
};
uint16_t ApiOfName(const Name& name) {
  static const auto ids = [] {
    std::array<uint16_t, std::size(kNames)> all{};
    for (size_t i = 0; i < all.size(); ++i) {
      const api::ApiInfo* info = api::FindApi(kNames[i].nccl);
      all[i] = info == nullptr ? 0 : info->id;
    }
    return all;
  }();
  return ids[static_cast<size_t>(&name - kNames)];
}

// Names from newer versions stay distinguishable: ids from here on belong to no function.
constexpr uint16_t kUnknownIds = 0x8000;
uint16_t UnknownId(absl::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return static_cast<uint16_t>(kUnknownIds | ((hash ^ hash >> 16) & 0x7fff));
}

// "0->3" or "1<-0": the first is the rank itself.
void ParsePeers(absl::string_view text, OperationMeaning& meaning) {
  const size_t end = text.find_first_of("<-");
  if (end == absl::string_view::npos || end + 2 > text.size()) return;
  if (!absl::SimpleAtoi(text.substr(0, end), &meaning.self)) meaning.self = -1;
  if (!absl::SimpleAtoi(text.substr(end + 2), &meaning.peer)) meaning.peer = -1;
}

constexpr struct {
  absl::string_view torch;
  const char* nccl;
} kDataTypes[] = {
    {"Float", "float32"},
    {"BFloat16", "bfloat16"},
    {"Half", "float16"},
    {"Double", "float64"},
    {"Long", "int64"},
    {"Int", "int32"},
    {"Char", "int8"},
    {"Byte", "uint8"},
    {"Bool", "uint8"},
    {"UInt64", "uint64"},
    {"UInt32", "uint32"},
    {"Float8_e4m3fn", "float8e4m3"},
    {"Float8_e5m2", "float8e5m2"},
};

}  // namespace

OperationMeaning MeaningOf(absl::string_view profiling_name) {
  OperationMeaning meaning;
  if (const size_t colon = profiling_name.find(':'); colon != absl::string_view::npos)
    profiling_name.remove_prefix(colon + 1);
  const size_t blank = profiling_name.find(' ');
  const absl::string_view name = profiling_name.substr(0, blank);
  if (name == "coalesced") {
    meaning.closes_group = meaning.known = true;
    meaning.api = UnknownId(name);
    return meaning;
  }
  for (const Name& known : kNames) {
    if (known.torch != name) continue;
    meaning.known = true, meaning.api = ApiOfName(known), meaning.sizes_agree = known.sizes_agree;
    meaning.p2p = name == "send" || name == "recv";
    if (meaning.p2p && blank != absl::string_view::npos)
      ParsePeers(profiling_name.substr(blank + 1), meaning);
    return meaning;
  }
  meaning.api = UnknownId(name);
  return meaning;
}

uint8_t DataTypeOf(absl::string_view name) {
  for (const auto& type : kDataTypes) {
    if (type.torch != name) continue;
    const int id = api::DataTypeByName(type.nccl);
    return id < 0 ? 0xff : static_cast<uint8_t>(id);
  }
  return 0xff;
}

}  // namespace rankle::import
