// Hedged requests of a parameter-server client.
//
// Ranks 0 and 1 serve parameters, the others pull from the one that has their shard in memory. When it is
// late, the pull is sent to the other server as well, which has to load the shard first and is late for its
// own workers by that; their hedges come back to the first one. Twin: hedges have a budget, a twentieth of
// what was answered without one; who has none left waits.
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kServers = 2;
constexpr int kUnits = 30;
constexpr int kAnsweredPerHedge = 20;
// A shard in memory takes one slice (20 ms); a load holds the server for twice the time after which its
// workers hedge.
constexpr int kHedgeAfterMs = 80;
constexpr int kLoadSlices = 8;

CASCADE_SITE void ReadShard(const Resource& memory) { ReadSlice(memory); }

CASCADE_SITE Received ReceivePull(const Socket& worker, Message* pull) {
  return ReceiveMessage(worker, pull);
}

CASCADE_SITE bool SendParameters(const Socket& worker, const Message& reply) {
  return SendMessage(worker, reply);
}

CASCADE_SITE Socket ConnectToParameterServer(uint16_t port) { return ConnectTo(port); }

CASCADE_SITE bool SendPull(const Socket& server, const Message& pull) { return SendMessage(server, pull); }

CASCADE_SITE bool SendHedge(const Socket& server, const Message& pull) { return SendMessage(server, pull); }

CASCADE_SITE Received AwaitPrimary(const Socket& server, int id) {
  Message reply;
  return ReceiveReply(server, id, DeadlineIn(kHedgeAfterMs), &reply);
}

// Which of the servers has something to say: its index; -1: none in time.
CASCADE_SITE int AwaitEither(const Socket (&servers)[kServers]) {
  pollfd entries[kServers] = {{servers[0].fd(), POLLIN, 0}, {servers[1].fd(), POLLIN, 0}};
  if (CallPoll(entries, kServers, kPatienceMs) <= 0) return -1;
  return entries[0].revents != 0 ? 0 : 1;
}

CASCADE_SITE Received ReceiveFirst(const Socket& server, Message* reply) {
  return ReceiveMessage(server, reply);
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank >= kServers) return ports;
  auto* memory = new Resource;
  ports.port[0] = StartServer([memory](Socket worker) {
    for (Message pull; ReceivePull(worker, &pull) == Received::kMessage;) {
      memory->Hold(pull.value, [&] { ReadShard(*memory); });
      SendParameters(worker, pull);
    }
  });
  return ports;
}

class Worker {
 public:
  explicit Worker(const Job& job) : job_(job), primary_(job.rank % kServers) {
    for (int rank = 0; rank < kServers; ++rank) servers_[rank] = ConnectToParameterServer(job.Port(rank));
  }

  // False: the job's time is over.
  bool Pull(int id) {
    SendPull(servers_[primary_], {.id = id, .rank = job_.rank, .value = 1});
    for (Received reply; (reply = AwaitPrimary(servers_[primary_], id)) != Received::kMessage;) {
      Require(reply == Received::kTimeout, "a parameter server is gone");
      if (job_.Expired()) return false;
      if (job_.fixed && hedges_ >= answered_ / kAnsweredPerHedge) continue;
      ++hedges_;
      NoteRedo();
      SendHedge(servers_[1 - primary_], {.id = id, .rank = job_.rank, .value = kLoadSlices});
      return TakeFirst(id);
    }
    ++answered_;
    return true;
  }

 private:
  bool TakeFirst(int id) {
    while (!job_.Expired()) {
      const int first = AwaitEither(servers_);
      Message reply;
      if (first < 0) continue;
      Require(ReceiveFirst(servers_[first], &reply) == Received::kMessage, "a parameter server is gone");
      if (reply.id == id) return true;
    }
    return false;
  }

  const Job& job_;
  const int primary_;
  Socket servers_[kServers];
  int hedges_ = 0;
  int answered_ = 0;
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank < kServers) return tally;
  tally.due = kUnits;
  for (Worker worker(job); tally.done < kUnits; ++tally.done) {
    job.BeginUnit(tally.done + 1);
    if (!worker.Pull(tally.done + 1)) break;
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"hedged_requests", {"training"}, Serve, Work, 2500}, argc, argv);
}
