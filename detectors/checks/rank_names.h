// Which names stand for the rank of the process, by their words: `my_rank`, `rank_`, `localRank`; not
// `ranks`, `nranks`, `root_rank`, `tensor_rank`. Pure.
#pragma once

#include <string_view>

namespace rankle::lint {

bool NamesOwnRank(std::string_view name);
// `nranks`, `world_size`, `size`: how many ranks there are, the same on all.
bool NamesNumberOfRanks(std::string_view name);
// Classes whose rank is a number of dimensions: Tensor, Shape, Matrix.
bool NamesArray(std::string_view class_name);
// `gpu`, `devices`, `by_rank`: of one device, or one for each.
bool NamesDevice(std::string_view name);
// Variables of the environment in which launchers tell the rank.
bool IsRankVariable(std::string_view name);

}  // namespace rankle::lint
