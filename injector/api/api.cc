// Look-ups over the generated table. Everything is constant data: safe from any thread and inside hooks,
// except ApiName() of an unknown id, which allocates once per such id.
#include "injector/api/api.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>

#include "injector/api/table.h"

namespace rankle::api {
namespace {

struct GroupName {
  std::string_view name;
  uint32_t bit;
};
constexpr GroupName kGroups[] = {
    {"collective", kCollective},
    {"p2p", kP2p},
    {"cuda", kCuda},
    {"malloc", kMalloc},
    {"memcpy", kMemcpy},
    {"launch", kLaunch},
    {"sync", kSync},
    {"free", kFree},
    {"stream", kStream},
    {"event", kEvent},
    {"graph", kGraph},
    {"comm_init", kCommInit},
    {"comm_end", kCommEnd},
    {"group", kNcclGroup},
    {"socket", kSocket},
    {"file", kFile},
    {"process", kProcessGroup},
    {"polling", kPoll},
    {"sleeping", kSleep},
    {"timed_wait", kTimedWait},
    {"spawn", kSpawn},
    {"exception", kException},
    {"libc", kLibcGroup},
};

constexpr std::string_view kDataTypes[] = {"int8",    "uint8",    "int32",      "uint32",
                                           "int64",   "uint64",   "float16",    "float32",
                                           "float64", "bfloat16", "float8e4m3", "float8e5m2"};
struct Alias {
  std::string_view name;
  int dtype;
};
constexpr Alias kDataTypeAliases[] = {{"char", 0}, {"int", 2}, {"half", 6}, {"float", 7}, {"double", 8}};

constexpr std::string_view kRedOps[] = {"sum", "prod", "max", "min", "avg"};
// A name made from a number, kept for the process's life so that a view of it stays valid.
std::string_view KeepName(std::string_view prefix, uint32_t number) {
  static std::mutex mutex;
  static auto* names = new std::map<std::string, std::string, std::less<>>;
  const std::lock_guard lock(mutex);
  std::string name = std::string(prefix) + "#" + std::to_string(number);
  return names->try_emplace(name, name).first->second;
}

// Programs and logs show exported symbols ("cuMemAlloc_v2", "cudaMemcpy_ptds"); the table has the public
// names.
std::string_view WithoutSymbolSuffix(std::string_view name) {
  for (std::string_view suffix : {"_ptsz", "_ptds", "_v2", "_v3"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  return name;
}

}  // namespace

std::span<const ApiInfo> AllApis() { return kApiTable; }

const ApiInfo* FindApi(std::string_view name) {
  if (name.starts_with("pnccl")) name.remove_prefix(1);
  name = WithoutSymbolSuffix(name);
  const auto* found = std::find_if(std::begin(kApiTable), std::end(kApiTable),
                                   [&](const ApiInfo& api) { return api.name == name; });
  if (found != std::end(kApiTable)) return found;
  // open64 is open, as programs with large files write it.
  if (!name.ends_with("64")) return nullptr;
  const ApiInfo* narrow = FindApi(name.substr(0, name.size() - 2));
  return narrow != nullptr && narrow->library == Library::kLibc ? narrow : nullptr;
}

const ApiInfo* FindApi(uint16_t id) {
  const auto* found = std::lower_bound(std::begin(kApiTable), std::end(kApiTable), id,
                                       [](const ApiInfo& api, uint16_t wanted) { return api.id < wanted; });
  return found == std::end(kApiTable) || found->id != id ? nullptr : found;
}

std::string_view ApiName(uint16_t id) {
  const ApiInfo* api = FindApi(id);
  return api != nullptr ? api->name : KeepName("api", id);
}

uint32_t GroupByName(std::string_view name) {
  for (const GroupName& group : kGroups) {
    if (group.name == name) return group.bit;
  }
  return 0;
}

std::string_view DataTypeName(uint8_t dtype) {
  return dtype < std::size(kDataTypes) ? kDataTypes[dtype] : KeepName("ncclDataType", dtype);
}

int DataTypeByName(std::string_view name) {
  for (size_t i = 0; i < std::size(kDataTypes); ++i) {
    if (kDataTypes[i] == name) return static_cast<int>(i);
  }
  for (const Alias& alias : kDataTypeAliases) {
    if (alias.name == name) return alias.dtype;
  }
  return -1;
}

std::string_view RedOpName(uint8_t redop) {
  if (redop < std::size(kRedOps)) return kRedOps[redop];
  return redop == 0xff ? "" : "custom";
}

}  // namespace rankle::api
