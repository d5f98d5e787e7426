#include "analyzer/import/transport/match_operations.h"

#include <algorithm>
#include <map>
#include <string>

namespace rankle::import {
namespace {

using store::Operations;
using transport::OperationRecord;

// Elements may be told in bytes: the sizes of NCCL's types.
bool SameCount(uint64_t called, uint64_t recorded) {
  for (uint64_t size : {1, 2, 4, 8}) {
    if (called * size == recorded) return true;
  }
  return false;
}

// "Broadcast" for ncclBcast, as NCCL calls it.
std::string FunctionName(uint16_t api) {
  std::string name = store::OperationName(api);
  return name == "Bcast" ? "Broadcast" : name;
}

using ByFunction = std::map<std::string, std::vector<uint32_t>>;  // operations in order of entry

ByFunction OperationsOf(const store::Store& store, const store::Member& member) {
  ByFunction by_function;
  for (const auto* indices : {&member.collectives, &member.p2p}) {
    for (uint32_t op : *indices) {
      if (op < store.operations.size()) by_function[FunctionName(store.operations.api[op])].push_back(op);
    }
  }
  for (auto& [name, ops] : by_function) {
    std::sort(ops.begin(), ops.end(), [&](uint32_t a, uint32_t b) {
      return std::pair(store.operations.entered[a], a) < std::pair(store.operations.entered[b], b);
    });
  }
  return by_function;
}

bool IsSame(const Operations& operations, uint32_t op, const OperationRecord& record) {
  if (!SameCount(operations.count[op], record.count)) return false;
  return operations.p2p[op] == 0 || operations.peer[op] == record.peer;
}

}  // namespace

std::vector<OperationMatch> MatchOperations(const store::Store& store, int32_t communicator, int32_t place,
                                            const std::vector<OperationRecord>& records,
                                            int64_t clock_offset) {
  ByFunction candidates = OperationsOf(store, store.communicators[communicator].members[place]);
  std::vector<OperationMatch> matches;
  // From the last one back: each is the latest call that fits and had been made by then. A lost record on
  // either side displaces nothing before it.
  for (size_t i = records.size(); i-- > 0;) {
    const auto found = candidates.find(records[i].function);
    if (found == candidates.end()) continue;
    std::vector<uint32_t>& ops = found->second;
    const int64_t begun = static_cast<int64_t>(records[i].begun_ns) + clock_offset;
    while (!ops.empty() && store.operations.entered[ops.back()] > begun) ops.pop_back();
    const auto fits = std::find_if(ops.rbegin(), ops.rend(),
                                   [&](uint32_t op) { return IsSame(store.operations, op, records[i]); });
    if (fits == ops.rend()) continue;
    matches.push_back({*fits, i});
    ops.erase(std::next(fits).base());
  }
  std::reverse(matches.begin(), matches.end());
  return matches;
}

}  // namespace rankle::import
