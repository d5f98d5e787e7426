// Work for requests that nobody waits for any more.
//
// Data loaders ask a tokenizer for windows of batches. A loader whose window is late throws it away and asks
// for twice as many, to hide the latency; the tokenizer works through what was thrown away first. Twin: the
// tokenizer answers requests whose time is over without work, and a loader asks again for those only.
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kWindows = 8;
constexpr int kWindow = 4, kLargestWindow = 16;
// Three loaders' windows take 3 x 4 x 10 = 120 ms, one loader's largest 160 ms: below the patience with a
// window. Two largest (320 ms) and three doubled ones (240 ms) are above it.
constexpr int kTokenizeMs = 10;
constexpr int kWindowPatienceMs = 210;
enum Kind { kBatch, kExpired };

CASCADE_SITE void TokenizeBatch(const Resource& tokenizer) { ReadSlice(tokenizer, kTokenizeMs); }

CASCADE_SITE Received ReceiveBatchRequest(const Socket& loader, Message* request) {
  return ReceiveMessage(loader, request);
}

CASCADE_SITE bool SendBatch(const Socket& loader, const Message& batch) { return SendMessage(loader, batch); }

CASCADE_SITE Socket ConnectToTokenizer(uint16_t port) { return ConnectTo(port); }

CASCADE_SITE bool RequestBatch(const Socket& tokenizer, const Message& request) {
  return SendMessage(tokenizer, request);
}

CASCADE_SITE Received AwaitBatch(const Socket& tokenizer, int id, int64_t deadline, Message* batch) {
  return ReceiveReply(tokenizer, id, deadline, batch);
}

void ServeBatches(Resource& tokenizer, bool fixed, const Socket& loader) {
  Message request;
  while (ReceiveBatchRequest(loader, &request) == Received::kMessage) {
    request.kind = kBatch;
    if (fixed && Now() > request.deadline) {
      request.kind = kExpired;
    } else {
      tokenizer.Share(1, [&] { TokenizeBatch(tokenizer); });
    }
    if (!SendBatch(loader, request)) return;
  }
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  auto* tokenizer = new Resource;
  ports.port[0] =
      StartServer([tokenizer, fixed = job.fixed](Socket loader) { ServeBatches(*tokenizer, fixed, loader); });
  return ports;
}

// One loader and its window.
class Loader {
 public:
  explicit Loader(const Job& job) : job_(job), tokenizer_(ConnectToTokenizer(job.Port(0))) {}

  // False: the job's time is over.
  bool LoadWindow() {
    for (int window = kWindow, missing; (missing = Fetch(window)) > 0;) {
      if (job_.Expired()) return false;
      NoteRedo();
      window = job_.fixed ? missing : std::min(2 * window, kLargestWindow);
    }
    return true;
  }

 private:
  // How many batches of the window are not there in the end.
  int Fetch(int window) {
    const int64_t deadline = DeadlineIn(kWindowPatienceMs);
    const int first = next_id_;
    for (; next_id_ < first + window; ++next_id_) {
      RequestBatch(tokenizer_, {.id = next_id_, .rank = job_.rank, .deadline = deadline});
    }
    int expired = 0;
    int64_t give_up = deadline;
    for (int id = first; id < next_id_;) {
      Message batch;
      const Received received = AwaitBatch(tokenizer_, id, give_up, &batch);
      Require(received == Received::kMessage || received == Received::kTimeout, "the tokenizer is gone");
      if (received == Received::kMessage) {
        ++id;
        if (batch.kind == kExpired) ++expired;
      } else if (!job_.fixed || job_.Expired()) {
        return window;
      } else {
        give_up = DeadlineIn(kWindowPatienceMs);  // an answer comes: a batch, or that it is too late for one
      }
    }
    return expired;
  }

  const Job& job_;
  Socket tokenizer_;
  int next_id_ = 1;
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == 0) return tally;
  tally.due = kWindows;
  for (Loader loader(job); tally.done < kWindows; ++tally.done) {
    job.BeginUnit(tally.done + 1);
    if (!loader.LoadWindow()) break;
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"queue_timeout", {"loading"}, Serve, Work, 2600}, argc, argv);
}
