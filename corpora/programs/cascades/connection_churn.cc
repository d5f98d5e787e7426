// Connection churn.
//
// Opening a session costs the server much, a request in it little. A client whose reply is late closes its
// session and opens another, as if the connection were to blame; the server opens sessions for clients that
// are gone, and every reply is late. Two workloads show it, each one half: in `long_sessions` an injected
// timeout leads to a new session, but sessions open before anybody is in a hurry; in `short_sessions`
// (evaluation) requests wait for sessions to open, but a late one is skipped. Production is `long_sessions`
// with several clients. Twin: a late reply says nothing about the session; the client keeps it and waits.
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kUnits = 12;
constexpr int kUnitsOfShortSession = 4;
enum Kind { kOpen, kRequest };

CASCADE_SITE void OpenSession(const Resource& server) { ReadSlice(server); }
CASCADE_SITE void HandleRequest(const Resource& server) { ReadSlice(server); }

CASCADE_SITE Received ReceiveRequest(const Socket& client, Message* request) {
  return ReceiveMessage(client, request);
}
CASCADE_SITE bool SendReply(const Socket& client, const Message& reply) { return SendMessage(client, reply); }

CASCADE_SITE Socket ConnectToServer(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE bool SendOpen(const Socket& server, const Message& open) { return SendMessage(server, open); }
CASCADE_SITE bool SendRequest(const Socket& server, const Message& request) {
  return SendMessage(server, request);
}

CASCADE_SITE Received AwaitSession(const Socket& server, int id) {
  Message session;
  return ReceiveReply(server, id, &session);
}

CASCADE_SITE Received AwaitReply(const Socket& server, int id) {
  Message reply;
  return ReceiveReply(server, id, DeadlineIn(kPatienceMs), &reply);
}

void ServeClient(Resource& server, const Socket& client) {
  Message request;
  while (ReceiveRequest(client, &request) == Received::kMessage) {
    if (request.kind == kOpen) {
      server.Share(kRecoverySlices, [&] { OpenSession(server); });
    } else {
      server.Share(1, [&] { HandleRequest(server); });
    }
    SendReply(client, request);
  }
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  auto* server = new Resource;
  ports.port[0] = StartServer([server](Socket client) { ServeClient(*server, client); });
  return ports;
}

class Client {
 public:
  explicit Client(const Job& job) : job_(job), short_sessions_(job.workload == "short_sessions") {
    Open();
    Require(AwaitSession(session_, id_) == Received::kMessage, "the server is gone");
  }

  // False: the job's time is over.
  bool Request(int unit) {
    if (short_sessions_ && unit % kUnitsOfShortSession == 0) Open();
    Ask();
    for (Received reply; (reply = AwaitReply(session_, id_)) != Received::kMessage;) {
      Require(reply == Received::kTimeout, "the server is gone");
      if (job_.Expired()) return false;
      if (job_.fixed) continue;
      if (short_sessions_) return true;
      NoteRedo();
      Open();
      Ask();
    }
    return true;
  }

 private:
  void Open() {
    session_ = ConnectToServer(job_.Port(0));
    SendOpen(session_, {.kind = kOpen, .id = ++id_, .rank = job_.rank});
  }

  void Ask() { SendRequest(session_, {.kind = kRequest, .id = ++id_, .rank = job_.rank}); }

  const Job& job_;
  const bool short_sessions_;
  Socket session_;
  int id_ = 0;
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == 0) return tally;
  tally.due = kUnits;
  for (Client client(job); tally.done < kUnits; ++tally.done) {
    job.BeginUnit(tally.done + 1);
    if (!client.Request(tally.done + 1)) break;
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"connection_churn", {"long_sessions", "short_sessions"}, Serve, Work, 2500}, argc, argv);
}
