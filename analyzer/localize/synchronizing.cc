#include "analyzer/localize/synchronizing.h"

#include <algorithm>
#include <vector>

#include "injector/api/api.h"

namespace rankle::localize {

bool NeedsEveryMember(uint16_t api) {
  static const std::vector<uint16_t> kTotal = [] {
    std::vector<uint16_t> ids;
    for (const char* name : {"ncclAllReduce", "ncclAllGather", "ncclReduceScatter", "ncclAlltoAll"})
      ids.push_back(api::FindApi(name)->id);
    return ids;
  }();
  return std::find(kTotal.begin(), kTotal.end(), api) != kTotal.end();
}

}  // namespace rankle::localize
