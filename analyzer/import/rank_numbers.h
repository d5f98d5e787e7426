// Which global rank is which device? Tools of NCCL know ranks of communicators only. The largest communicator
// that all devices belong to is the job: its ranks are the global ones. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace rankle::import {

// No cluster has as many devices: a larger number in a file is damage.
inline constexpr int32_t kMostRanks = 1 << 17;
// Places of all communicators together: what a job of this size has takes a few hundred MB.
inline constexpr int64_t kMostPlaces = 1 << 20;

struct DevicePlace {
  int32_t communicator = 0;  // index
  int32_t rank = 0;          // in it
  int32_t device = 0;        // index: a device of a process
};

struct RankNumbers {
  std::vector<int32_t> of_device;  // global ranks, each once
  int32_t world_size = 0;
  int32_t world = -1;    // the communicator whose ranks are the global ones; -1 = there is no communicator
  bool certain = false;  // it has all devices; else the others were given free numbers in order
};

// `sizes`: of the communicators.
RankNumbers NumberDevices(const std::vector<int32_t>& sizes, const std::vector<DevicePlace>& places,
                          int32_t devices);

}  // namespace rankle::import
