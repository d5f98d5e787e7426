// Files that belong to ranks are mostly named so.
#pragma once

#include <cstdint>
#include <string>

namespace rankle::import {

// The rank that a file name ends in or tells otherwise ("nccl_trace_rank_12", "node3-rank12.json.gz"), -1 =
// none.
int32_t RankInName(const std::string& path);

}  // namespace rankle::import
