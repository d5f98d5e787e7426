// Restart storm of elastic agents.
//
// Agents join a round at the rendezvous, start a worker and hand it the state from a store. An agent whose
// state is late stops its worker and leaves for a new round, which costs the rendezvous a re-ranking; one
// whose round is late asks for the state of that round with everything since the last checkpoint, which costs
// the store. Each makes the other late. Twin: a worker that waits for its state is alive; it is left alone.
#include <condition_variable>
#include <mutex>

#include "corpora/programs/cascades/runtime/child.h"
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kSteps = 12;
constexpr int kStepMs = 20;
// One agent's is below the patience (140 ms of 160); two agents' (280 ms) is above it even though it was
// asked for up to one re-ranking (100 ms) before somebody waits for it.
constexpr int kReloadSlices = 7;
enum Server { kRendezvous, kStore };

CASCADE_SITE void FormRound(const Resource& rendezvous) { ReadSlice(rendezvous); }
CASCADE_SITE void ReadState(const Resource& store) { ReadSlice(store); }

CASCADE_SITE Received ReceiveJoin(const Socket& agent, Message* join) { return ReceiveMessage(agent, join); }
CASCADE_SITE bool SendRound(const Socket& agent, const Message& round) { return SendMessage(agent, round); }
CASCADE_SITE Received ReceiveStateRequest(const Socket& agent, Message* request) {
  return ReceiveMessage(agent, request);
}
CASCADE_SITE bool SendState(const Socket& agent, const Message& state) { return SendMessage(agent, state); }

CASCADE_SITE Socket ConnectToRendezvous(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE Socket ConnectToStore(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE bool JoinRound(const Socket& rendezvous, const Message& join) {
  return SendMessage(rendezvous, join);
}
CASCADE_SITE bool RequestState(const Socket& store, const Message& request) {
  return SendMessage(store, request);
}

CASCADE_SITE Received AwaitRound(const Socket& rendezvous, int id) {
  Message round;
  return ReceiveReply(rendezvous, id, DeadlineIn(kPatienceMs), &round);
}

CASCADE_SITE Received AwaitState(const Socket& store, int id) {
  Message state;
  return ReceiveReply(store, id, DeadlineIn(kPatienceMs), &state);
}

CASCADE_SITE Received AwaitSteps(const Socket& worker, int steps) {
  Message progress;
  return ReceiveReply(worker, steps, &progress);
}

CASCADE_SITE void TrainStep() { SleepFor(kStepMs); }
CASCADE_SITE bool HandOverState(const Socket& worker) { return SendMessage(worker, {}); }
CASCADE_SITE Received ReceiveHandedState(const Socket& agent, Message* state) {
  return ReceiveMessage(agent, state);
}
CASCADE_SITE bool ReportSteps(const Socket& agent, int steps) { return SendMessage(agent, {.id = steps}); }

void TrainInWorker(const Job& job, const Socket& agent) {
  Message state;
  if (ReceiveHandedState(agent, &state) != Received::kMessage) return;
  for (int step = 1; step <= kSteps; ++step) {
    job.BeginUnit(step);
    TrainStep();
  }
  ReportSteps(agent, kSteps);
}

CASCADE_SITE Child StartWorker(const Job& job, const Socket& agent_end) {
  return Fork([&] { TrainInWorker(job, agent_end); });
}

// A round closes when nobody is joining any more; all that joined hear of it then.
class Rendezvous {
 public:
  void Admit(int slices) {
    Count(1);
    ranking_.Share(slices, [&] { FormRound(ranking_); });
    Count(-1);
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return joining_ == 0; });
  }

 private:
  void Count(int by) {
    const std::lock_guard<std::mutex> lock(mutex_);
    joining_ += by;
    changed_.notify_all();
  }

  Resource ranking_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int joining_ = 0;
};

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  auto* rendezvous = new Rendezvous;
  auto* store = new Resource;
  ports.port[kRendezvous] = StartServer([rendezvous](Socket agent) {
    for (Message join; ReceiveJoin(agent, &join) == Received::kMessage;) {
      rendezvous->Admit(join.value);
      SendRound(agent, join);
    }
  });
  ports.port[kStore] = StartServer([store](Socket agent) {
    for (Message request; ReceiveStateRequest(agent, &request) == Received::kMessage;) {
      store->Share(request.value, [&] { ReadState(*store); });
      SendState(agent, request);
    }
  });
  return ports;
}

class Agent {
 public:
  explicit Agent(const Job& job)
      : job_(job),
        rendezvous_(ConnectToRendezvous(job.Port(0, kRendezvous))),
        store_(ConnectToStore(job.Port(0, kStore))) {}

  Tally Run() {
    Tally tally{.done = 0, .due = kSteps};
    AskForState(1);
    for (int slices = 1; !job_.Expired(); slices = kRecoverySlices) {
      if (!MeetInRound(slices)) break;
      auto [agent_end, worker_end] = SocketPair();
      const Child worker = StartWorker(job_, worker_end);
      if (!LoadState()) {
        NoteRedo();
        continue;  // ends the worker
      }
      HandOverState(agent_end);
      worker_end.LeaveToChild();
      if (AwaitSteps(agent_end, kSteps) == Received::kMessage) tally.done = kSteps;
      break;
    }
    return tally;
  }

 private:
  void AskForState(int slices) {
    RequestState(store_, {.id = ++state_id_, .rank = job_.rank, .value = slices});
  }

  // False: the job's time is over.
  bool MeetInRound(int slices) {
    JoinRound(rendezvous_, {.id = ++round_id_, .rank = job_.rank, .value = slices});
    for (Received round; (round = AwaitRound(rendezvous_, round_id_)) != Received::kMessage;) {
      Require(round == Received::kTimeout, "the rendezvous is gone");
      if (job_.Expired()) return false;
      if (!asked_again_) AskForState(kReloadSlices);
      asked_again_ = true;
    }
    asked_again_ = false;
    return true;
  }

  // False: the state is late, and the agent does not wait for it any longer.
  bool LoadState() {
    for (Received state; (state = AwaitState(store_, state_id_)) != Received::kMessage;) {
      Require(state == Received::kTimeout, "the store is gone");
      if (!job_.fixed || job_.Expired()) return false;
    }
    return true;
  }

  const Job& job_;
  Socket rendezvous_;
  Socket store_;
  int round_id_ = 0;
  int state_id_ = 0;
  bool asked_again_ = false;  // in this round
};

Tally Work(const Job& job) { return job.rank == 0 ? Tally() : Agent(job).Run(); }

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"restart_storm", {"training"}, Serve, Work}, argc, argv);
}
