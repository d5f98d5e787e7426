// Checkpoint store against heartbeat monitor.
//
// Trainers save through one store and send a heartbeat a step. One whose heartbeat is late is thrown out by
// the monitor; it registers again and reloads the checkpoint and the log since, during which it sends no
// heartbeat. Two that reload slow each other down until both are late again. Twin: from registration to the
// first heartbeat the monitor expects a reload and has no deadline.
#include <cstdlib>
#include <string>

#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kSteps = 12;
constexpr int kStepMs = 10;
constexpr int kStepsBetweenCheckpoints = 3;
enum Kind { kLoad, kSave };
enum Server { kMonitor, kStore };

CASCADE_SITE void ReadCheckpoint(const Resource& disk) { ReadSlice(disk); }

CASCADE_SITE void WriteCheckpoint(const std::string& path) {
  const std::string temporary = path + ".tmp";
  const Socket file(CallOpen(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC));
  char state[512] = {};
  CallWrite(file.fd(), state, sizeof state);
  CallSync(file.fd());
  CallRename(temporary.c_str(), path.c_str());
}

CASCADE_SITE Received ReceiveStoreRequest(const Socket& trainer, Message* request) {
  return ReceiveMessage(trainer, request);
}

CASCADE_SITE bool SendStoreReply(const Socket& trainer, const Message& reply) {
  return SendMessage(trainer, reply);
}

CASCADE_SITE Received AwaitRegistration(const Socket& session, Message* registration) {
  return ReceiveMessage(session, registration);
}

// Without patience: the trainer is known to be busy with something long.
CASCADE_SITE Received AwaitFirstHeartbeat(const Socket& session, Message* beat) {
  return ReceiveMessage(session, beat);
}

CASCADE_SITE Received AwaitHeartbeat(const Socket& session, Message* beat) {
  return ReceiveMessage(session, beat);
}

CASCADE_SITE Socket RegisterWithMonitor(uint16_t port, int rank) {
  Socket session = ConnectTo(port);
  Require(session && SendMessage(session, {.rank = rank}), "the monitor is gone");
  return session;
}

CASCADE_SITE bool SendHeartbeat(const Socket& session, const Message& beat) {
  return SendMessage(session, beat);
}

CASCADE_SITE Socket ConnectToStore(uint16_t port) { return ConnectTo(port); }

CASCADE_SITE bool SendStoreRequest(const Socket& store, const Message& request) {
  return SendMessage(store, request);
}

CASCADE_SITE Received AwaitStore(const Socket& store, int id) {
  Message reply;
  return ReceiveReply(store, id, &reply);
}

CASCADE_SITE void TrainStep() { SleepFor(kStepMs); }

void ServeStore(Resource& disk, const std::string& folder, const Socket& trainer) {
  Message request;
  while (ReceiveStoreRequest(trainer, &request) == Received::kMessage) {
    if (request.kind == kSave) {
      disk.Hold(1, [&] { WriteCheckpoint(folder + "/" + std::to_string(request.rank)); });
    } else {
      disk.Share(request.value, [&] { ReadCheckpoint(disk); });
    }
    if (!SendStoreReply(trainer, request)) return;
  }
}

void WatchTrainer(bool fixed, Socket session) {
  Message beat;
  if (AwaitRegistration(session, &beat) != Received::kMessage) return;
  if (fixed && AwaitFirstHeartbeat(session, &beat) != Received::kMessage) return;
  SetReceiveTimeout(session, kPatienceMs * kMillisecond);
  Received received;
  do {
    received = AwaitHeartbeat(session, &beat);
  } while (received == Received::kMessage);
  if (received == Received::kTimeout) session.Abort();
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  char name[] = "/tmp/cascade-XXXXXX";
  Require(::mkdtemp(name) != nullptr, "no folder can be made in /tmp");
  static const std::string folder = name;
  std::atexit([] { (void)std::system(("rm -rf " + folder).c_str()); });
  auto* disk = new Resource;
  ports.port[kMonitor] =
      StartServer([fixed = job.fixed](Socket session) { WatchTrainer(fixed, std::move(session)); });
  ports.port[kStore] = StartServer([disk](Socket trainer) { ServeStore(*disk, folder, trainer); });
  return ports;
}

class Trainer {
 public:
  explicit Trainer(const Job& job) : job_(job), store_(ConnectToStore(job.Port(0, kStore))) { Begin(1); }

  // A step is done whether or not the monitor hears of it: its result is in the trainer.
  void Step(int step) {
    TrainStep();
    if (step % kStepsBetweenCheckpoints == 0) AskStore(kSave, 1);
    if (SendHeartbeat(session_, {.id = step, .rank = job_.rank})) return;
    NoteRedo();
    Begin(kRecoverySlices);
  }

 private:
  void Begin(int slices) {
    session_ = RegisterWithMonitor(job_.Port(0, kMonitor), job_.rank);
    AskStore(kLoad, slices);
  }

  void AskStore(Kind kind, int slices) {
    SendStoreRequest(store_, {.kind = kind, .id = ++last_id_, .rank = job_.rank, .value = slices});
    Require(AwaitStore(store_, last_id_) == Received::kMessage, "the store is gone");
  }

  const Job& job_;
  Socket session_;
  Socket store_;
  int last_id_ = 0;
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == 0) return tally;
  tally.due = kSteps;
  for (Trainer trainer(job); tally.done < kSteps && !job.Expired(); ++tally.done) {
    job.BeginUnit(tally.done + 1);
    trainer.Step(tally.done + 1);
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"checkpoint_heartbeat", {"training"}, Serve, Work}, argc, argv);
}
