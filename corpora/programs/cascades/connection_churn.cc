// Connection churn.
//
// Opening a session costs the server much, a request in it little. A client whose reply is late gives the
// request up, closes its session and opens another, as if the connection were to blame; the server opens
// sessions for clients that are gone, and every reply is late. Two workloads show it, each one half: in
// `long_sessions` an injected timeout leads to a new session, but the sessions that a healthy run opens are
// open before anybody is in a hurry; in `short_sessions` (evaluation) requests wait for sessions to open, but
// a late one is only given up. Production is `long_sessions` with several clients. Twin: a late reply says
// nothing about the session; the client keeps it and waits.
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kUnits = 16;
constexpr int kUnitsOfShortSession = 4;

CASCADE_SITE void OpenSession(const Resource& server) { ReadSlice(server); }
CASCADE_SITE void HandleRequest(const Resource& server) { ReadSlice(server); }

CASCADE_SITE Received ReceiveOpen(const Socket& client, Message* open) {
  return ReceiveMessage(client, open);
}
CASCADE_SITE bool SendSession(const Socket& client, const Message& session) {
  return SendMessage(client, session);
}
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
  Message message;
  if (ReceiveOpen(client, &message) != Received::kMessage) return;
  server.Share(kRecoverySlices, [&] { OpenSession(server); });
  SendSession(client, message);
  while (ReceiveRequest(client, &message) == Received::kMessage) {
    server.Share(1, [&] { HandleRequest(server); });
    SendReply(client, message);
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
    SendRequest(session_, {.id = ++id_, .rank = job_.rank});
    for (Received reply; (reply = AwaitReply(session_, id_)) != Received::kMessage;) {
      Require(reply == Received::kTimeout, "the server is gone");
      if (job_.Expired()) return false;
      if (job_.fixed) continue;
      if (!short_sessions_) {
        NoteRedo();
        Open();
      }
      break;
    }
    return true;
  }

 private:
  void Open() {
    session_ = ConnectToServer(job_.Port(0));
    SendOpen(session_, {.id = ++id_, .rank = job_.rank});
  }

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
