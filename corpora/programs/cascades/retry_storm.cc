// Retry storm of a parameter-server client.
//
// Workers pull parameters, one shard a step. A worker whose pull is late takes its copy for stale and pulls
// all shards with a new request; the server still works on the old one. Two workers that do so keep each
// other late for ever. Twin: the request is still being served, so the worker waits for it.
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kUnits = 12;

CASCADE_SITE void ReadShard(const Resource& store) { ReadSlice(store); }

CASCADE_SITE Received ReceivePull(const Socket& worker, Message* pull) {
  return ReceiveMessage(worker, pull);
}

CASCADE_SITE bool SendParameters(const Socket& worker, const Message& reply) {
  return SendMessage(worker, reply);
}

CASCADE_SITE Socket ConnectToParameterServer(uint16_t port) { return ConnectTo(port); }

CASCADE_SITE bool SendPull(const Socket& server, const Message& pull) { return SendMessage(server, pull); }

CASCADE_SITE Received AwaitParameters(const Socket& server, int id) {
  Message reply;
  return ReceiveReply(server, id, DeadlineIn(kPatienceMs), &reply);
}

void ServePulls(Resource& store, const Socket& worker) {
  Message pull;
  while (ReceivePull(worker, &pull) == Received::kMessage) {
    store.Share(pull.value, [&] { ReadShard(store); });
    if (!SendParameters(worker, pull)) return;
  }
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  auto* store = new Resource;
  ports.port[0] = StartServer([store](Socket worker) { ServePulls(*store, worker); });
  return ports;
}

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == 0) return tally;
  tally.due = kUnits;
  const Socket server = ConnectToParameterServer(job.Port(0));
  for (int id = 0; tally.done < kUnits; ++tally.done) {
    job.BeginUnit(tally.done + 1);
    SendPull(server, {.id = ++id, .rank = job.rank, .value = 1});
    for (Received reply; (reply = AwaitParameters(server, id)) != Received::kMessage;) {
      Require(reply == Received::kTimeout, "the parameter server is gone");
      if (job.Expired()) return tally;
      if (job.fixed) continue;
      NoteRedo();
      SendPull(server, {.id = ++id, .rank = job.rank, .value = kRecoverySlices});
    }
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"retry_storm", {"training"}, Serve, Work}, argc, argv);
}
