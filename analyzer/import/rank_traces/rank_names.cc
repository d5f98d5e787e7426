#include "analyzer/import/rank_traces/rank_names.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "analyzer/import/rank_in_name.h"

namespace rankle::import {
namespace {

bool SaysRank(const std::string& path) {
  return absl::StrContains(absl::AsciiStrToLower(std::filesystem::path(path).filename().string()), "rank");
}

}  // namespace

void NumberByNames(std::vector<RankTrace>& traces) {
  std::set<int32_t> taken;
  std::vector<RankTrace*> open;
  for (RankTrace& trace : traces) {
    trace.rank < 0 ? open.push_back(&trace) : void(taken.insert(trace.rank));
  }
  if (open.empty() || traces.size() == 1) return;
  bool say_rank = true;
  for (const RankTrace* trace : open) {
    const int32_t rank = RankInName(trace->file);
    if (rank < 0 || rank >= kMostRanks || !taken.insert(rank).second) return;
    say_rank = say_rank && SaysRank(trace->file);
  }
  const bool in_a_row = *taken.begin() == 0 && *taken.rbegin() == static_cast<int32_t>(taken.size()) - 1;
  if (!say_rank && !in_a_row) return;
  for (RankTrace* trace : open) trace->rank = RankInName(trace->file);
}

}  // namespace rankle::import
