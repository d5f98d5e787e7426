// Ranks as processes for tests and benchmarks: forks before any thread exists, hands every child the unique
// id, and waits for all. The parent never uses NCCL, so it may fork again.
#pragma once

#include <nccl.h>
#include <sys/types.h>

#include <functional>
#include <vector>

namespace rankle::virtual_nccl::testing {

struct ProcessRank {
  int rank;
  int nranks;
  ncclUniqueId id;
};

// Exit statuses (as of waitpid) by rank. `body` returns the exit code of its process.
std::vector<int> RunProcesses(int nranks, const std::function<int(const ProcessRank&)>& body);

}  // namespace rankle::virtual_nccl::testing
