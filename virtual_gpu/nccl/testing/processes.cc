#include "virtual_gpu/nccl/testing/processes.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace rankle::virtual_nccl::testing {
namespace {

// Rank 0 makes the id and writes it once for every other rank.
ncclUniqueId ShareId(int rank, int nranks, const int pipe_ends[2]) {
  ncclUniqueId id{};
  if (rank == 0) {
    if (ncclGetUniqueId(&id) != ncclSuccess) std::_Exit(90);
    for (int peer = 1; peer < nranks; ++peer) {
      if (write(pipe_ends[1], &id, sizeof id) != sizeof id) std::_Exit(91);  // atomic: shorter than PIPE_BUF
    }
  } else if (read(pipe_ends[0], &id, sizeof id) != sizeof id) {
    std::_Exit(92);
  }
  return id;
}

}  // namespace

std::vector<int> RunProcesses(int nranks, const std::function<int(const ProcessRank&)>& body) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) std::abort();
  std::vector<pid_t> children;
  for (int rank = 0; rank < nranks; ++rank) {
    const pid_t child = fork();
    if (child == 0) std::_Exit(body({rank, nranks, ShareId(rank, nranks, pipe_ends)}));
    children.push_back(child);
  }
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  std::vector<int> statuses;
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    statuses.push_back(status);
  }
  return statuses;
}

}  // namespace rankle::virtual_nccl::testing
