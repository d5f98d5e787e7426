// Puts the flight records of one job together into a Store: relates host clocks, gives every communicator
// member its rank, keeps one process a rank (the newest with communicators) and derives the state in which
// each process was left.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "analyzer/import/flight_record/run_json.h"
#include "analyzer/import/live_events.h"
#include "analyzer/store/store.h"
#include "tracer/cupti/reader.h"
#include "tracer/record/reader.h"

namespace rankle::import {

class JobAssembler {
 public:
  // Makes room for so many operations at once.
  void Reserve(size_t operations) { store_.operations.reserve(operations); }
  void Add(const record::FlightRecord& record);
  void AddRun(RunInfo run) { runs_.push_back(std::move(run)); }
  void AddKernels(cupti::KernelRecord record) { kernels_.push_back(std::move(record)); }
  void AddLiveEvents(std::vector<LiveEvent> events);

  size_t processes() const { return store_.processes.size(); }
  int64_t newest_start() const { return newest_start_; }
  // Moves everything into `store` and finishes it.
  void Finish(store::Store& store);

 private:
  // Who takes part in communicators: a process, or one device of a process that drives several ranks.
  struct Actor {
    int32_t process = store::kNone, rank = store::kNone;
    size_t communicators = 0;
    int64_t started = 0;
  };
  struct CommRef {  // meaning of a communicator index inside one file
    int32_t communicator = store::kNone, member = store::kNone, actor = store::kNone;
  };

  int64_t HostOffset(const std::string& host, uint64_t realtime_ns, uint64_t monotonic_ns);
  int32_t AddProcess(const record::FlightRecord& record, int64_t offset);
  std::vector<CommRef> AddCommunicators(const record::FlightRecord& record, int32_t process, int64_t offset);
  void AddEvents(const record::FlightRecord& record, int32_t process, const std::vector<CommRef>& comms,
                 int64_t offset);
  void AddEvent(const record::Event& event, int32_t process, int32_t actor, int32_t communicator,
                int64_t offset);
  void AddPythonException(const record::Event& event, int32_t actor, int32_t process, int64_t time);
  void ApplyRun(const RunInfo& run);
  void PlaceLiveEvents();
  std::vector<int32_t> ChooseRanks();
  void Renumber(const std::vector<int32_t>& rank_of_actor);
  void MarkOpenGroups();
  void RelateClocks();
  void ShiftTimes();
  void ForgetReactionsToTheEnd();
  void DeriveProcessStates();
  void FindMissingRanks();

  store::Store store_;
  std::vector<Actor> actors_;
  std::map<std::string, int64_t> host_offsets_;
  absl::flat_hash_map<uint64_t, int32_t> communicator_by_id_;
  std::vector<RunInfo> runs_;
  std::vector<cupti::KernelRecord> kernels_;
  std::vector<LiveEvent> live_events_;
  int64_t newest_start_ = 0;
};

}  // namespace rankle::import
