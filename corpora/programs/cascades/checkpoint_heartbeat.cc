// Checkpoint store against heartbeat monitor.
//
// Trainers save through one store and send a heartbeat a step. One whose heartbeat is late is thrown out by
// the monitor; it registers again and reloads the checkpoint and the log since, during which it sends no
// heartbeat. Two that reload slow each other down until both are late again. Twin: from registration to the
// first heartbeat the monitor expects a reload and has no deadline.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kSteps = 12;
constexpr int kStepMs = 10;
constexpr int kStepsBetweenCheckpoints = 3;
enum Server { kMonitor, kLoads, kSaves };

CASCADE_SITE void ReadCheckpoint(const Resource& disk) { ReadSlice(disk); }

CASCADE_SITE void WriteCheckpoint(const std::string& path) {
  const std::string temporary = path + ".tmp";
  const Socket file(CallOpen(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC));
  char state[512] = {};
  CallWrite(file.fd(), state, sizeof state);
  CallSync(file.fd());
  CallRename(temporary.c_str(), path.c_str());
}

CASCADE_SITE Received ReceiveLoad(const Socket& trainer, Message* load) {
  return ReceiveMessage(trainer, load);
}

CASCADE_SITE bool SendLoaded(const Socket& trainer, const Message& load) {
  return SendMessage(trainer, load);
}

CASCADE_SITE Received ReceiveSave(const Socket& trainer, Message* save) {
  return ReceiveMessage(trainer, save);
}

CASCADE_SITE bool SendSaved(const Socket& trainer, const Message& save) { return SendMessage(trainer, save); }

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

CASCADE_SITE void LoadCheckpoint(const Socket& store, const Message& load) {
  Message reply;
  Require(SendMessage(store, load) && ReceiveReply(store, load.id, &reply) == Received::kMessage,
          "the checkpoint store is gone");
}

CASCADE_SITE void SaveCheckpoint(const Socket& store, const Message& save) {
  Message reply;
  Require(SendMessage(store, save) && ReceiveReply(store, save.id, &reply) == Received::kMessage,
          "the checkpoint store is gone");
}

CASCADE_SITE void TrainStep() { SleepFor(kStepMs); }

void ServeLoads(Resource& disk, const Socket& trainer) {
  Message load;
  while (ReceiveLoad(trainer, &load) == Received::kMessage) {
    disk.Share(load.value, [&] { ReadCheckpoint(disk); });
    SendLoaded(trainer, load);
  }
}

void ServeSaves(Resource& disk, const std::string& folder, const Socket& trainer) {
  Message save;
  while (ReceiveSave(trainer, &save) == Received::kMessage) {
    disk.Hold(1, [&] { WriteCheckpoint(folder + "/" + std::to_string(save.rank)); });
    SendSaved(trainer, save);
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
  std::atexit([] {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  });
  auto* disk = new Resource;
  ports.port[kMonitor] =
      StartServer([fixed = job.fixed](Socket session) { WatchTrainer(fixed, std::move(session)); });
  ports.port[kLoads] = StartServer([disk](Socket trainer) { ServeLoads(*disk, trainer); });
  ports.port[kSaves] = StartServer([disk](Socket trainer) { ServeSaves(*disk, folder, trainer); });
  return ports;
}

class Trainer {
 public:
  explicit Trainer(const Job& job)
      : job_(job), loads_(ConnectToStore(job.Port(0, kLoads))), saves_(ConnectToStore(job.Port(0, kSaves))) {
    Begin(1);
  }

  // A step is done whether or not the monitor hears of it: its result is in the trainer.
  void Step(int step) {
    TrainStep();
    if (step % kStepsBetweenCheckpoints == 0) SaveCheckpoint(saves_, {.id = step, .rank = job_.rank});
    if (SendHeartbeat(session_, {.id = step, .rank = job_.rank})) return;
    NoteRedo();
    Begin(kRecoverySlices);
  }

 private:
  void Begin(int slices) {
    session_ = RegisterWithMonitor(job_.Port(0, kMonitor), job_.rank);
    LoadCheckpoint(loads_, {.id = ++last_load_, .rank = job_.rank, .value = slices});
  }

  const Job& job_;
  Socket session_;
  Socket loads_;
  Socket saves_;
  int last_load_ = 0;
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
