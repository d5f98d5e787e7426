// Re-sharding loop.
//
// A coordinator hands out steps; each member reads its part from the shared store and reports. When a report
// is late, the coordinator takes the shards for badly spread, gives the step up and orders all members to
// fetch new shards, which makes the store slow and the next reports late. Twin: a late step is waited for,
// and shards move only when a member was late in kLateBeforeMove steps in a row.
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kSteps = 12;
constexpr int kLateBeforeMove = 3;

CASCADE_SITE void FetchShard(const Resource& store) { ReadSlice(store); }

CASCADE_SITE Received ReceiveFetch(const Socket& member, Message* fetch) {
  return ReceiveMessage(member, fetch);
}
CASCADE_SITE bool SendShard(const Socket& member, const Message& shard) { return SendMessage(member, shard); }

CASCADE_SITE Socket ConnectToStore(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE bool RequestShard(const Socket& store, const Message& fetch) {
  return SendMessage(store, fetch);
}
CASCADE_SITE Received AwaitShard(const Socket& store, int id) {
  Message shard;
  return ReceiveReply(store, id, &shard);
}
CASCADE_SITE Received ReceiveStep(const Socket& coordinator, Message* step) {
  return ReceiveMessage(coordinator, step);
}
CASCADE_SITE bool SendReport(const Socket& coordinator, const Message& report) {
  return SendMessage(coordinator, report);
}

CASCADE_SITE Socket ConnectToMember(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE bool OrderStep(const Socket& member, const Message& step) { return SendMessage(member, step); }
CASCADE_SITE Received AwaitReport(const Socket& member, int step, int64_t deadline) {
  Message report;
  return ReceiveReply(member, step, deadline, &report);
}

void ServeStore(Resource& store, const Socket& member) {
  Message fetch;
  while (ReceiveFetch(member, &fetch) == Received::kMessage) {
    store.Share(fetch.value, [&] { FetchShard(store); });
    SendShard(member, fetch);
  }
}

// The store's port comes with the coordinator's steps: a member serves before it knows the other ranks.
void ServeSteps(const Socket& coordinator) {
  Message step;
  for (Socket store; ReceiveStep(coordinator, &step) == Received::kMessage;) {
    if (!store) store = ConnectToStore(static_cast<uint16_t>(step.kind));
    RequestShard(store, step);
    if (AwaitShard(store, step.id) != Received::kMessage) return;  // the job is over
    SendReport(coordinator, step);
  }
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank == 0) {
    auto* store = new Resource;
    ports.port[0] = StartServer([store](Socket member) { ServeStore(*store, member); });
  } else {
    ports.port[0] = StartServer([](Socket coordinator) { ServeSteps(coordinator); });
  }
  return ports;
}

class Coordinator {
 public:
  explicit Coordinator(const Job& job) : job_(job) {
    for (int rank = 1; rank < job.world_size; ++rank) members_.push_back(ConnectToMember(job.Port(rank)));
  }

  // False: the job's time is over.
  bool Step() {
    while (!job_.Expired()) {
      Order(move_shards_ ? kRecoverySlices : 1);
      const bool late = AnyLate();
      late_in_a_row_ = late ? late_in_a_row_ + 1 : 0;
      move_shards_ = late_in_a_row_ >= (job_.fixed ? kLateBeforeMove : 1);
      if (!late || job_.fixed) return true;
      NoteRedo();
    }
    return false;
  }

 private:
  void Order(int slices) {
    ++id_;
    for (const Socket& member : members_) {
      OrderStep(member, {.kind = job_.Port(0), .id = id_, .value = slices});
    }
  }

  bool AnyLate() {
    const int64_t deadline = DeadlineIn(kPatienceMs);
    bool late = false;
    for (const Socket& member : members_) {
      Received report = AwaitReport(member, id_, deadline);
      late = late || report == Received::kTimeout;
      while (job_.fixed && report == Received::kTimeout && !job_.Expired()) {
        report = AwaitReport(member, id_, DeadlineIn(kPatienceMs));
      }
      Require(report == Received::kMessage || report == Received::kTimeout, "a member is gone");
    }
    return late;
  }

  const Job& job_;
  std::vector<Socket> members_;  // by rank - 1
  int id_ = 0;                   // of the last order
  int late_in_a_row_ = 0;
  bool move_shards_ = false;
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank != 0) return tally;
  tally.due = kSteps;
  for (Coordinator coordinator(job); tally.done < kSteps; ++tally.done) {
    job.BeginUnit(tally.done + 1);
    if (!coordinator.Step()) break;
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"reshard_loop", {"training"}, Serve, Work}, argc, argv);
}
