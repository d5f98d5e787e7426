// A leader that loses its lease, over and over.
//
// Rank 1 leads: it renews a lease at rank 0 and acknowledges the updates of the workers, ranks 2 and 3. When
// a renewal is late it steps down and throws its workers' sessions away; those restore their state from the
// store; when that is late they ask the lease service, again and again, whether the leader still leads;
// behind the questions, a renewal is late. Two workloads show it: in `serving` workers have no state to
// restore; in `training` the lease holds for the whole job, so that nobody renews it. `production` has both.
// Twin: a slow store is no reason to doubt the leader, so nobody asks.
#include "corpora/programs/cascades/lease_sessions.h"
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kUpdates = 60;
constexpr int kUpdateMs = 20;
// Renewals go on as long as the updates of a healthy run take, and longer while a worker is there.
constexpr int kRenewals = 25, kRenewalMs = 40;
// One worker restores in 140 ms of its patience of 160 ms, two in 280 ms.
constexpr int kRestoreSlices = 7;
// The questions of one worker hold the service for 220 ms: a renewal that comes up to 60 ms later (a pause
// and a renewal are 60 ms) is still late.
constexpr int kQuestionSlices = 11;
constexpr int kLeaderRank = 1;
enum Server { kLease, kStore, kLeader = 0 };

CASCADE_SITE void GrantLease(const Resource& service) { ReadSlice(service); }
CASCADE_SITE void ReadState(const Resource& store) { ReadSlice(store); }

CASCADE_SITE Received ReceiveLeaseRequest(const Socket& peer, Message* request) {
  return ReceiveMessage(peer, request);
}
CASCADE_SITE bool SendLease(const Socket& peer, const Message& lease) { return SendMessage(peer, lease); }
CASCADE_SITE Received ReceiveRestore(const Socket& worker, Message* request) {
  return ReceiveMessage(worker, request);
}
CASCADE_SITE bool SendState(const Socket& worker, const Message& state) { return SendMessage(worker, state); }
CASCADE_SITE Socket ConnectToLeaseService(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE Socket ConnectToStore(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE Socket ConnectToLeader(uint16_t port) { return ConnectTo(port); }

CASCADE_SITE bool RequestRenewal(const Socket& service, const Message& request) {
  return SendMessage(service, request);
}
CASCADE_SITE bool AskForLeader(const Socket& service, const Message& question) {
  return SendMessage(service, question);
}
CASCADE_SITE bool RequestState(const Socket& store, const Message& request) {
  return SendMessage(store, request);
}
CASCADE_SITE bool SendUpdate(const Socket& leader, const Message& update) {
  return SendMessage(leader, update);
}

CASCADE_SITE Received AwaitLease(const Socket& service, int id) {
  Message lease;
  return ReceiveReply(service, id, DeadlineIn(kPatienceMs), &lease);
}
CASCADE_SITE Received AwaitState(const Socket& store, int id) {
  Message state;
  return ReceiveReply(store, id, DeadlineIn(kPatienceMs), &state);
}
CASCADE_SITE Received AwaitAcknowledgement(const Socket& leader, int id) {
  Message update;
  return ReceiveReply(leader, id, &update);
}
CASCADE_SITE void WaitForRenewal(int64_t at) { SleepUntil(at); }
CASCADE_SITE void ComputeUpdate() { SleepFor(kUpdateMs); }

CASCADE_SITE Received AwaitLeader(const Socket& service, int id) {
  Message leader;
  return ReceiveReply(service, id, &leader);
}

Sessions& LeadersSessions() {
  static Sessions& sessions = *new Sessions;
  return sessions;
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank == 0) {
    auto* service = new Resource;
    auto* store = new Resource;
    ports.port[kLease] = StartServer([service](Socket peer) {
      for (Message request; ReceiveLeaseRequest(peer, &request) == Received::kMessage;) {
        service->Hold(request.value, [&] { GrantLease(*service); });
        SendLease(peer, request);
      }
    });
    ports.port[kStore] = StartServer([store](Socket worker) {
      for (Message request; ReceiveRestore(worker, &request) == Received::kMessage;) {
        store->Share(request.value, [&] { ReadState(*store); });
        SendState(worker, request);
      }
    });
  } else if (job.rank == kLeaderRank) {
    ports.port[kLeader] = StartServer([](Socket worker) { LeadersSessions().Serve(std::move(worker)); });
  }
  return ports;
}

void Lead(const Job& job) {
  if (job.workload == "training") return;  // the sessions are served until the job ends
  const Socket service = ConnectToLeaseService(job.Port(0, kLease));
  // The first answer shows that the service has taken the connection; only then does time count.
  AskForLeader(service, {.id = 0, .rank = job.rank, .value = 1});
  Require(AwaitLeader(service, 0) == Received::kMessage, "the lease service is gone");
  for (int id = 1; id <= kRenewals || LeadersSessions().Any(); ++id) {
    WaitForRenewal(DeadlineIn(kRenewalMs));
    RequestRenewal(service, {.id = id, .rank = job.rank, .value = 1});
    for (Received lease; (lease = AwaitLease(service, id)) != Received::kMessage;) {
      Require(lease == Received::kTimeout, "the lease service is gone");
      if (job.Expired()) return;
      LeadersSessions().StepDown();
    }
    if (job.Expired()) return;
  }
}

class Worker {
 public:
  explicit Worker(const Job& job)
      : job_(job),
        stateful_(job.workload != "serving"),
        service_(ConnectToLeaseService(job.Port(0, kLease))),
        store_(ConnectToStore(job.Port(0, kStore))),
        leader_(ConnectToLeader(job.Port(kLeaderRank, kLeader))) {
    AskForLeader(service_, {.id = 0, .rank = job.rank, .value = 1});
    Require(AwaitLeader(service_, 0) == Received::kMessage, "the lease service is gone");
    if (stateful_) Restore(1);
  }

  void Update(int id) {
    ComputeUpdate();
    if (SendUpdate(leader_, {.id = id, .rank = job_.rank}) &&
        AwaitAcknowledgement(leader_, id) == Received::kMessage) {
      return;
    }
    NoteRedo();
    leader_ = ConnectToLeader(job_.Port(kLeaderRank, kLeader));
    if (stateful_) Restore(kRestoreSlices);
  }

 private:
  void Restore(int slices) {
    RequestState(store_, {.id = ++restore_id_, .rank = job_.rank, .value = slices});
    for (Received state; (state = AwaitState(store_, restore_id_)) != Received::kMessage;) {
      Require(state == Received::kTimeout, "the store is gone");
      if (job_.Expired()) return;
      if (job_.fixed) continue;
      AskForLeader(service_, {.id = ++asked_, .rank = job_.rank, .value = kQuestionSlices});
    }
  }

  const Job& job_;
  const bool stateful_;
  Socket service_;
  Socket store_;
  Socket leader_;
  int restore_id_ = 0;
  int asked_ = 0;  // questions after the first
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == kLeaderRank) Lead(job);
  if (job.rank <= kLeaderRank) return tally;
  tally.due = kUpdates;
  for (Worker worker(job); tally.done < kUpdates && !job.Expired(); ++tally.done) {
    job.BeginUnit(tally.done + 1);
    worker.Update(tally.done + 1);
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"lease_loop", {"production", "serving", "training"}, Serve, Work, 2600}, argc, argv);
}
