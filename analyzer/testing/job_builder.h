// Synthetic jobs with planted situations, for tests: as a Store in memory, or as the flight-record directory
// that the real hooks would have left. Times are seconds after the start of the job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/store/store.h"
#include "tracer/record/reader.h"

namespace rankle::testing {

// One call as a program would make it. Device times default to a short operation; `finished` < 0 = never.
struct Op {
  int rank = 0;
  int communicator = 0;
  std::string api = "ncclAllReduce";
  double entered = 0;
  double finished = -1;
  double started = -1;  // < 0: at entry when finished, else never
  uint64_t count = 1024;
  int peer = -1;  // rank in the communicator
  uint32_t stream = 1;
  uint16_t group = 0;
  int step = -1;
  bool returned = true;
  uint8_t result = 0;  // != 0: the call failed and enqueued nothing
};

class JobBuilder {
 public:
  explicit JobBuilder(int ranks);

  // Adds a communicator over these global ranks; returns its index.
  int Communicator(const std::string& name, const std::vector<int>& ranks);
  // Records a call. Sequence numbers count up per communicator and rank, collectives and p2p apart.
  JobBuilder& Add(const Op& op);
  // A collective that all members enter at `entered` (+ late[member] where given) and finish together.
  JobBuilder& Collective(int communicator, double entered, double finished,
                         const std::vector<double>& late = {}, const std::string& api = "ncclAllReduce",
                         uint64_t count = 1024, int step = -1);
  // Steps first..last of a data-parallel loop on `communicator`, one collective every `period` seconds.
  JobBuilder& Steps(int communicator, int first, int last, double period = 0.1, uint64_t count = 1024);
  JobBuilder& Mark(int rank, double time, int step);

  // The rank runs on a host of its own name, whose clock is ahead by `ahead` seconds at the start and drifts.
  JobBuilder& OnHost(int rank, const std::string& host, double ahead = 0, double drift_ppm = 0);

  JobBuilder& ObservedUntil(double time);  // everybody's last heartbeat, unless set apart
  JobBuilder& Heartbeat(int rank, double time);
  JobBuilder& Exited(int rank, double time, int code = 0);
  JobBuilder& ExitHandlersRan(int rank);  // but the process has not ended
  JobBuilder& Killed(int rank, double time, int signal);
  JobBuilder& KilledByLauncher(int rank, double time);
  JobBuilder& FailedCall(int rank, double time, const std::string& api, uint8_t result);
  JobBuilder& Call(int rank, double entered, double returned, const std::string& api);
  JobBuilder& AsyncError(int rank, double time, uint8_t result);
  // What this rank sent into (`input`) or received from operation `seq` of a communicator.
  JobBuilder& Sample(int rank, int communicator, uint32_t seq, double time, uint64_t hash, bool input = false,
                     int nonfinite = 0, float largest = 1);
  JobBuilder& Replica(int rank, const std::string& name, uint32_t mark, double time, uint64_t hash);
  JobBuilder& MemoryInUse(int rank, double time, uint64_t bytes);  // after an allocation or a free
  JobBuilder& Exception(int rank, double time, const std::string& type);
  JobBuilder& PythonException(int rank, double time, const std::string& text);  // that nobody caught
  JobBuilder& Teardown(int communicator, int rank, double entered, double gone);
  JobBuilder& NotCreatedBy(int communicator, int rank);            // it never called the creation
  JobBuilder& Creating(int communicator, int rank, double since);  // it is inside the creation
  JobBuilder& WithoutRecord(int rank);
  JobBuilder& LostOperations(int rank,
                             size_t last);  // its file was cut: the records of its last operations are gone
  JobBuilder& StalledAt(double time);       // `rankle run` noticed a stall then

  // Writes flight-*.rkl and run.json into an existing directory. Returns false when a file could not be
  // written.
  bool WriteTo(const std::string& directory) const;
  // The job as the flight-record importer makes it, without files.
  store::Store Build() const;

 private:
  struct RankState {
    double heartbeat = -1, ended = -1;
    int exit_code = 0, signal = 0;
    bool by_launcher = false, recorded = true, exiting = false;
    size_t lost = 0;
    std::string host = "node";
    double ahead = 0, drift_ppm = 0;
  };
  struct Membership {
    std::string name;
    std::vector<int> ranks;
    std::vector<double> init_entered, teardown, gone;  // by member; init < 0 = never called
    std::vector<bool> ready;
    std::vector<uint32_t> seq, p2p_seq;
  };
  enum class ExtraKind { kMark, kMemory, kCall, kAsync, kException, kTeardown };
  struct Extra {
    ExtraKind kind;
    int rank;
    double time;
    std::string text;
    uint64_t value;
    double returned = -1;  // < 0: at once
  };
  struct SequencedOp {
    Op op;
    int member;
    uint32_t seq;
  };
  struct Sampled {
    int rank, communicator;
    record::Event event;
  };
  bool WriteRank(int rank, const std::string& path) const;

  double observed_until_ = 0, stalled_at_ = -1;
  std::vector<RankState> ranks_;
  std::vector<Membership> communicators_;
  std::vector<SequencedOp> ops_;
  std::vector<Extra> extras_;
  std::vector<Sampled> samples_;
};

}  // namespace rankle::testing
