// Writes the flight record of one attached process from what the kernel side tells of its calls. The record
// is the one that librankle.so writes inside a process (tracer/record/format.h), so everything that reads
// those reads these.
//
// What it cannot tell, and the hooks can: when the device began and finished (only what has finished, as far
// as the program itself finds out: stream_progress.h), memory in use, names of communicators made before,
// operations inside graph launches. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracer/ebpf/call.h"
#include "tracer/ebpf/communicators.h"
#include "tracer/ebpf/stream_progress.h"
#include "tracer/record/writer.h"

namespace rankle::ebpf {

// Where a return address lies, for the site table.
struct CodePlace {
  std::string module;
  uint64_t offset = 0;
};

struct ProcessAccess {
  ReadMemory read;
  std::function<uint64_t()> now;                               // CLOCK_MONOTONIC, ns
  std::function<std::optional<CodePlace>(uint64_t)> place_of;  // of an address
};

class ProcessRecorder {
 public:
  ProcessRecorder(record::Writer& writer, LibraryKnowledge& knowledge, ProcessAccess access,
                  int32_t world_rank, int32_t world_size);

  // The name of the communicator that the thread's next call makes.
  void OnName(uint32_t thread, const std::string& name) { ThreadOf(thread).next_name = name; }
  // `entered_ns`: when the call really began, after any stop by a fault.
  void OnEnter(const Call& call, uint64_t entered_ns);
  void OnReturn(const api::ApiInfo& info, const rankle_return_event& event);
  // Ground truth of a fault that fired at the thread's next call, or at the one it returns from.
  void OnInjection(const rankle_fault_event& event, int action);
  void OnLifecycle(record::LifecycleEvent event, uint64_t count, uint64_t time_ns);
  // Once every event up to the last call of this has been passed on.
  void Tick() { communicators_.Resolve(); }

  // A Tick should not wait.
  bool has_new() const { return communicators_.has_new(); }
  bool has_told() const { return communicators_.has_told(); }
  uint64_t left_out() const { return communicators_.left_out(); }

 private:
  // The outermost call that a thread is inside.
  struct OpenCall {
    const api::ApiInfo* info = nullptr;
    record::Record* record = nullptr;      // of a call
    std::shared_ptr<Operation> operation;  // or of an operation
    Communicator* communicator = nullptr;  // that is being made, ended or asked
    uint64_t out = 0, entered_ns = 0;      // address of the handle(s); when it was entered
    uint64_t first = 0;                    // first argument: a stream or an event that is waited for
    int32_t count = 0;                     // ncclCommInitAll: how many
  };
  struct GroupedCreation {
    Communicator* communicator;
    uint64_t out;
  };
  struct Thread {
    uint16_t number = 0, group = 0;
    uint32_t depth = 0;  // of ncclGroupStart
    std::string next_name;
    std::optional<OpenCall> open;
    std::vector<std::shared_ptr<Operation>> operations;  // of the open group
    std::vector<GroupedCreation> creations;
  };

  Thread& ThreadOf(uint32_t id);
  record::NewRecord Describe(const Call& call, record::Kind kind, const Thread& thread, uint64_t entered_ns);
  record::Record* BeginCall(const Call& call, const Thread& thread, const Communicator* communicator,
                            uint64_t entered_ns);
  void BeginOperation(const Call& call, Thread& thread, OpenCall& open);
  void BeginCreation(const Call& call, Thread& thread, OpenCall& open);
  void BeginEnd(const Call& call, Thread& thread, OpenCall& open);
  void EndCreation(Thread& thread, const OpenCall& open, uint64_t handle, int result, uint64_t now_ns);
  void EndGroup(Thread& thread, const OpenCall& open, int result, uint64_t now_ns);
  void EndOfCommunicator(const OpenCall& open, bool failed, uint64_t now_ns);
  void OnAsyncError(uint64_t handle, int error, const Thread& thread, uint64_t now_ns);
  void OnAnswer(const api::ApiInfo& info, const rankle_return_event& event);
  void OnWaited(const OpenCall& open);
  uint32_t StreamNumber(uint64_t stream);
  uint32_t SiteOf(uint64_t address);
  uint64_t UsesOf(uint64_t key) { return uses_[key]++; }

  record::Writer& writer_;
  ProcessAccess access_;
  Communicators communicators_;
  StreamProgress progress_;
  std::map<uint32_t, Thread> threads_;
  std::map<uint64_t, uint32_t> streams_;
  std::map<uint64_t, uint64_t> uses_;  // of a unique id by a rank
  uint16_t last_group_ = 0;
  uint16_t last_thread_ = 0;
};

}  // namespace rankle::ebpf
