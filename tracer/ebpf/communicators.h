// The communicators of one attached process: which handle is which, under an identity that all ranks agree
// on, and the numbering of their operations. One thread.
//
// Made while we watch: the identity is a hash of the unique id (or of parent, number and colour), as the
// hooks have it, and operations count from 1. Made before: rank, size, hash and the number of collectives so
// far are read from the process's memory (comm_layout.h); until they are known, operations wait in memory and
// are recorded afterwards. Point-to-point operations count from a place that all ranks agree on
// (p2p_anchor.h), those before it are left out. What never becomes known is left out and counted: a wrong
// number would blame the wrong rank.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tracer/ebpf/comm_layout.h"
#include "tracer/ebpf/p2p_anchor.h"
#include "tracer/ebpf/split_ledger.h"
#include "tracer/record/writer.h"

namespace rankle::ebpf {

// Reads memory of the process: what is readable of so many bytes, from the beginning.
using ReadMemory = std::function<std::string(uint64_t address, size_t bytes)>;

// What the processes that use one NCCL library learn for each other.
struct LibraryKnowledge {
  CommLayout layout;
  std::optional<size_t> place;           // of the facts in a communicator
  std::optional<size_t> counter_offset;  // of the counter, from there
  bool final = false;                    // every process that could tell has told
  SplitLedger splits;
  P2pAnchor p2p_anchor;
};

struct Communicator;

// An operation that may have to wait for its number.
struct Operation {
  record::NewRecord record;
  Communicator* communicator = nullptr;
  uint64_t index = 0;  // among the operations of its kind seen on the communicator, from 1
  bool p2p = false;
  record::Record* written = nullptr;  // once published
  uint64_t returned_ns = 0;           // 0 = not yet
  int result = 0;
  record::State state = record::State::kEntered;
};

struct Communicator {
  uint16_t index = record::kNoComm;  // in the record, once it is there
  uint64_t id = 0, handle = 0;
  int32_t rank = -1, nranks = -1;
  bool before = false;              // it was there before we were
  bool complete = false;            // rank and size are known
  bool ready = false;               // NCCL has made it
  bool learnt = false;              // its memory has helped to find the layout
  std::optional<uint64_t> base;     // collectives before the first seen one
  uint64_t seen = 0, returned = 0;  // collectives entered, and come back, since
  uint64_t p2p_seen = 0;
  uint32_t children = 0;  // splits and shrinks seen
  // What it was split from, as the ledger knows it; `parent` outlives it.
  const Communicator* parent = nullptr;
  uint64_t split_number = 0;
  OperationCounter counter;
  // A look at its counter, to be judged when everything up to then is known. Times as CLOCK_MONOTONIC.
  std::string look;
  uint64_t look_began_ns = 0, look_ended_ns = 0;
  std::deque<std::shared_ptr<Operation>> waiting;
};

class Communicators {
 public:
  Communicators(record::Writer& writer, LibraryKnowledge& knowledge, ReadMemory read,
                std::function<uint64_t()> now, int32_t world_rank, int32_t world_size);

  // One that is being made; nullptr never.
  Communicator* Announce(uint64_t id, uint64_t parent_id, int32_t rank, int32_t nranks, int32_t color,
                         const std::string& name, uint64_t now_ns);
  // The process takes part in the `number`-th split of the parent; `made`: what it gets, or nullptr.
  void NoteSplit(const Communicator& parent, uint64_t number, int32_t color, int32_t key, Communicator* made);
  // It exists from now on under that handle. `ready`: NCCL said so, not only that it is on its way.
  void Bind(Communicator* communicator, uint64_t handle, bool ready, uint64_t now_ns);
  void MarkFailed(Communicator* communicator);
  // nullptr for a null handle; one that nobody announced was made before we came.
  Communicator* Find(uint64_t handle);
  void Forget(uint64_t handle);

  // Takes a number for the operation and records it, or keeps it until it can be.
  void Enter(const std::shared_ptr<Operation>& operation);
  // It came back. A call that failed gives its number to the next one, as in NCCL's own counting.
  void Return(Operation& operation, uint64_t now_ns, int result, record::State state, bool failed);
  // An operation of a group is enqueued when the group has ended.
  static void SetState(Operation& operation, record::State state);

  // Looks at the memory of communicators that are not fully known yet. To be called when every event up to
  // the last call of it has been taken in.
  void Resolve();
  // One has been made or met since the last Resolve: the sooner it is looked at, the surer it is still there.
  bool has_new() const { return has_new_; }
  // This process has told, or has nothing to tell, where its communicators keep rank and size.
  bool has_told() const;
  // Operations that will never get a number: still waiting, and point-to-point ones whose count was not
  // known.
  uint64_t left_out() const;
  record::CommEntry* entry(const Communicator& communicator) { return writer_.comm(communicator.index); }

 private:
  void Complete(Communicator& communicator, const CommFacts& facts);
  void Learn(Communicator& communicator);
  void JudgeLook(Communicator& communicator);
  void MarkReady(Communicator& communicator, uint64_t now_ns);
  static bool CanPublish(const Operation& operation);
  void Publish(Operation& operation);
  void PublishWaiting(Communicator& communicator);
  void TakeRankFrom(const Communicator& communicator);

  record::Writer& writer_;
  LibraryKnowledge& knowledge_;
  ReadMemory read_;
  std::function<uint64_t()> now_;
  int32_t world_rank_, world_size_;
  int32_t largest_ = 0;
  uint64_t left_out_ = 0;
  bool has_new_ = false;
  bool counts_p2p_ = false;       // of communicators made before, too
  std::deque<Communicator> all_;  // pointers to them stay valid
  std::map<uint64_t, Communicator*> by_handle_;
};

}  // namespace rankle::ebpf
