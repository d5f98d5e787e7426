// Written after the check: other shapes of the same truth.
#include <mpi.h>

#include <functional>
#include <memory>
#include <vector>

#include "check.h"

bool Converged(const float* loss);

struct World {
  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_master() const { return rank_ == 0; }
  int rank_ = 0, size_ = 1;
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
};

// case: predicate_of_the_rank
void LogMetrics(const World& world, float* metrics, size_t n) {
  if (world.is_master()) {
    NCCL_CHECK(ncclAllReduce(metrics, metrics, n, ncclFloat, ncclSum, world.comm, world.stream));  // warns: nccl-rank-dependent-collective
  }
}

// case: master_leaves_the_loop
void TrainUntilConverged(const World& world, float* loss, int steps) {
  for (int step = 0; step < steps; step++) {
    NCCL_CHECK(ncclAllReduce(loss, loss, 1, ncclFloat, ncclAvg, world.comm, world.stream));  // warns: nccl-rank-dependent-collective
    WaitFor(world.comm, world.stream);
    if (world.rank() == 0 && Converged(loss)) break;
  }
}

// case: nested_conditions
void SaveOrReduce(const World& world, bool checkpoint, float* data, size_t n) {
  if (checkpoint) {
    if (world.rank() < 1) {
      NCCL_CHECK(ncclReduce(data, data, n, ncclFloat, ncclSum, 0, world.comm, world.stream));  // warns: nccl-rank-dependent-collective
    }
  }
}

// case: barrier_behind_an_assertion
void CheckAndBarrier(const World& world, int expected) {
  if (world.rank() >= expected) return;
  MPI_Barrier(MPI_COMM_WORLD);  // warns: nccl-rank-dependent-collective
}

// case: conversion_of_the_rank
void BroadcastFromZero(const World& world, float* data, size_t n) {
  const bool sender = !static_cast<bool>(world.rank());
  if (sender) NCCL_CHECK(ncclBroadcast(data, data, n, ncclFloat, 0, world.comm, world.stream));  // warns: nccl-rank-dependent-collective
}

// case: pointer_by_rank
void ReduceParts(const World& world, float** parts, size_t n) {
  float* part = parts[world.rank()];
  if (part == nullptr) std::abort();
  NCCL_CHECK(ncclAllReduce(part, part, n, ncclFloat, ncclSum, world.comm, world.stream));
}

// case: progress_bar_of_the_master
void Train(const World& world, float* grads, size_t n, int steps) {
  for (int step = 0; step < steps; step++) {
    if (world.is_master() && step % 100 == 0) std::printf("step %d\n", step);
    NCCL_CHECK(ncclAllReduce(grads, grads, n, ncclFloat, ncclAvg, world.comm, world.stream));
  }
}

// case: same_calls_with_other_arguments
void ScatterOrReceive(const World& world, const float* all, float* mine, size_t n) {
  if (world.is_master()) {
    NCCL_CHECK(ncclScatter(all, mine, n, ncclFloat, 0, world.comm, world.stream));
  } else {
    NCCL_CHECK(ncclScatter(nullptr, mine, n, ncclFloat, 0, world.comm, world.stream));
  }
}

// case: every_rank_leaves_together
bool StopTogether(const World& world, int mine) {
  int all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  if (all == 0) return true;
  MPI_Barrier(MPI_COMM_WORLD);
  return world.size() == 1;
}
