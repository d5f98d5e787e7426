#include "analyzer/import/rank_traces/operation_meaning.h"

#include "absl/strings/str_cat.h"
#include "injector/api/api.h"

namespace rankle::import {

OperationMeaning MeaningOf(const RankOperation& o) {
  if (!o.named_by_kernel) return MeaningOf(o.name);
  OperationMeaning meaning;
  // Exchanges between pairs look alike: of an all-to-all each rank has one kernel, as of a collective.
  const api::ApiInfo* info =
      api::FindApi(o.name == "SendRecv" ? "ncclAlltoAll" : absl::StrCat("nccl", o.name));
  meaning.known = info != nullptr;
  if (info != nullptr) meaning.api = info->id;
  return meaning.known ? meaning : MeaningOf(o.name);
}

}  // namespace rankle::import
