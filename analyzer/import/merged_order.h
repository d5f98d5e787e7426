// One order for collectives of a communicator that NCCL numbers per function: each rank's record has some of
// them, in the order in which that rank issued or completed them. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace rankle::import {

// All keys, each once. What follows another one in a list follows it in the result, as far as the lists
// agree; where they do not, the longest list decides. Linear.
std::vector<uint64_t> MergeOrders(std::vector<std::vector<uint64_t>> lists);

// Of a collective: the function and NCCL's number of it.
inline uint64_t CollectiveKey(uint16_t api, uint64_t number) { return uint64_t{api} << 48 | number; }
inline constexpr uint64_t kMostCollectiveNumber = (uint64_t{1} << 48) - 1;

}  // namespace rankle::import
