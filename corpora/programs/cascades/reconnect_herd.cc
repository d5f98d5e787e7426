// Back-off without jitter.
//
// Clients open a session of the metadata service at the start of each unit, all on the same beat. One that is
// not admitted in time closes its connection and comes back after a fixed pause without its ticket, which
// makes its admission costly. Those that failed together come back together, and fail together. Twin: each
// rank has its own offset in the beat and in its pauses, which double up to a cap; it pauses with its
// connection open, keeps its place in the line by that, and comes back anew only when it has looked for its
// admission several times.
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kUnits = 8;
constexpr int kBeatMs = 200;
constexpr int kPauseMs = 60, kLongestPauseMs = 240;
constexpr int kOffsetMs = 50;  // between ranks: three of them are apart within a beat
constexpr int kLooks = 5;

CASCADE_SITE void AdmitClient(const Resource& service) { ReadSlice(service); }

CASCADE_SITE Received ReceiveHello(const Socket& client, Message* hello) {
  return ReceiveMessage(client, hello);
}

CASCADE_SITE bool SendAdmission(const Socket& client, const Message& admission) {
  return SendMessage(client, admission);
}

CASCADE_SITE Socket ConnectToMetadata(uint16_t port) { return ConnectTo(port); }

CASCADE_SITE bool SendHello(const Socket& service, const Message& hello) {
  return SendMessage(service, hello);
}

CASCADE_SITE Received AwaitAdmission(const Socket& service, int id) {
  Message admission;
  return ReceiveReply(service, id, DeadlineIn(kPatienceMs), &admission);
}

CASCADE_SITE void WaitForBeat(int64_t beat) { SleepUntil(beat); }

CASCADE_SITE void PauseBeforeLook(int milliseconds) { SleepFor(milliseconds); }

CASCADE_SITE void PauseBeforeReconnect(int milliseconds) { SleepFor(milliseconds); }

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  auto* service = new Resource;
  ports.port[0] = StartServer([service](Socket client) {
    for (Message hello; ReceiveHello(client, &hello) == Received::kMessage;) {
      service->Share(hello.value, [&] { AdmitClient(*service); });
      SendAdmission(client, hello);
    }
  });
  return ports;
}

// False: not admitted on this connection.
bool AwaitAdmissionWithPauses(const Job& job, const Socket& service, int unit, int offset) {
  for (int look = 1, pause = kPauseMs;; ++look, pause = std::min(2 * pause, kLongestPauseMs)) {
    const Received admission = AwaitAdmission(service, unit);
    if (admission == Received::kMessage) return true;
    Require(admission == Received::kTimeout, "the metadata service is gone");
    if (job.Expired() || look == (job.fixed ? kLooks : 1)) return false;
    PauseBeforeLook(pause + offset);
  }
}

// False: the job's time is over.
bool OpenSession(const Job& job, int unit, int offset) {
  for (int slices = 1; !job.Expired(); slices = kRecoverySlices) {
    const Socket service = ConnectToMetadata(job.Port(0));
    SendHello(service, {.id = unit, .rank = job.rank, .value = slices});
    if (AwaitAdmissionWithPauses(job, service, unit, offset)) return true;
    NoteRedo();
    PauseBeforeReconnect(kPauseMs + offset);
  }
  return false;
}

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == 0) return tally;
  tally.due = kUnits;
  const int offset = job.fixed ? (job.rank - 1) * kOffsetMs : 0;
  for (; tally.done < kUnits; ++tally.done) {
    WaitForBeat(job.start + (tally.done * kBeatMs + offset) * kMillisecond);
    job.BeginUnit(tally.done + 1);
    if (!OpenSession(job, tally.done + 1, offset)) break;
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"reconnect_herd", {"metadata"}, Serve, Work, 2600}, argc, argv);
}
