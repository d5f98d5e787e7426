#include "analyzer/import/nccl_functions.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "injector/api/api.h"

namespace rankle::import {

uint16_t ApiOfNcclFunction(std::string_view name) {
  // NCCL's internal spellings of functions with another name outside.
  if (name == "All2All" || name == "AllToAll") name = "AlltoAll";
  const api::ApiInfo* info = api::FindApi(absl::StrCat("nccl", absl::string_view(name.data(), name.size())));
  return info == nullptr ? 0 : info->id;
}

bool SizesAgree(uint16_t api) {
  static const std::vector<uint16_t> kSame = [] {
    std::vector<uint16_t> ids;
    for (const char* name : {"AllReduce", "AllGather", "ReduceScatter", "Broadcast", "Reduce"})
      ids.push_back(ApiOfNcclFunction(name));
    return ids;
  }();
  return std::find(kSame.begin(), kSame.end(), api) != kSame.end();
}

}  // namespace rankle::import
