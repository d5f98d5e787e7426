// A training job of any size with a planted fault: what every rank calls and when. Tensor, pipeline and data
// parallel groups and one group of everybody; ranks are numbered tensor fastest, then data, then pipeline.
// Pure: the same specification always gives the same job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace rankle::synthetic {

enum class Fault {
  kNone,
  kHang,      // from the last step on the culprits issue nothing more
  kSlow,      // the culprits' own work takes `factor` times as long, from the second third of the steps on
  kMismatch,  // the culprits issue one collective of the last step with half the elements
};

struct JobSpec {
  int ranks = 64, tensor = 8, pipeline = 8;  // what is left is data parallel
  int collectives = 1000;                    // of each rank at least; whole steps are made
  Fault fault = Fault::kNone;
  std::vector<int> culprits;
  double factor = 1.3;   // of slow work
  double jitter = 0.02;  // standard deviation of every piece of work, relative
  uint64_t seed = 1;
};
// "place: what is wrong: what to do" for sizes that do not fit each other.
absl::Status Check(const JobSpec& spec);

enum class Call : uint8_t { kAllReduce, kReduceScatter, kSend, kReceive };
enum class Axis : uint8_t { kTensor, kPipeline, kData, kWorld };
inline constexpr int kAxes = 4;

// A communicator: `size` ranks from `first` on, `stride` apart.
struct Group {
  Axis axis = Axis::kWorld;
  int first = 0, stride = 1, size = 1;
  int RankOf(int member) const { return first + member * stride; }
  int MemberOf(int rank) const { return (rank - first) / stride; }
};
Group GroupOf(const JobSpec& spec, Axis axis, int rank);

// One operation of one rank. Nanoseconds after the start of the job; `finished` 0 = never.
struct Operation {
  int rank = 0;
  Axis axis = Axis::kWorld;
  Call call = Call::kAllReduce;
  uint64_t count = 0;
  int peer = -1;  // rank in the group, of sends and receives
  int64_t entered = 0, finished = 0;
};

// Receives the job, in the order of each rank's own calls.
class JobSink {
 public:
  virtual ~JobSink() = default;
  virtual void Step(int rank, int step, int64_t time) = 0;
  virtual void Issue(const Operation& operation) = 0;
};

// Returns when the last thing happened.
int64_t Simulate(const JobSpec& spec, JobSink& sink);

// Operations and step marks of the busiest rank at most: what its ring must hold.
int RecordsPerRank(const JobSpec& spec);

}  // namespace rankle::synthetic
