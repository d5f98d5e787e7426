// Refill stampede of a data-loader cache.
//
// The first loader that asks for a sample makes the cache read it from the store; those that follow find it
// there. A loader that gives up closes its connection, and what is read for nobody is thrown away. While one
// sample is late, the loaders that follow miss it too; each reads it again, so all are late, and it never
// gets into the cache. Only while the cache is cold: in the second epoch every sample is there. Twin: one
// read a sample, kept whoever waits for it; a loader that does not get it in time takes its last batch again.
#include <condition_variable>
#include <map>
#include <mutex>

#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kSamples = 7, kEpochs = 2;
// Loaders follow each other with a lead: the one before has had the sample read (100 ms) when the next asks
// for it.
constexpr int kBeatMs = 140, kLeadMs = 130;

CASCADE_SITE void ReadSample(const Resource& store) { ReadSlice(store); }

CASCADE_SITE Received ReceiveGet(const Socket& loader, Message* get) { return ReceiveMessage(loader, get); }
CASCADE_SITE bool SendSample(const Socket& loader, const Message& sample) {
  return SendMessage(loader, sample);
}

CASCADE_SITE Socket ConnectToCache(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE bool SendGet(const Socket& cache, const Message& get) { return SendMessage(cache, get); }
CASCADE_SITE Received AwaitSample(const Socket& cache, int id) {
  Message sample;
  return ReceiveReply(cache, id, DeadlineIn(kPatienceMs), &sample);
}
CASCADE_SITE void WaitForBeat(int64_t beat) { SleepUntil(beat); }

bool StillThere(const Socket& loader) {
  char nothing;
  return ::recv(loader.fd(), &nothing, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

class Cache {
 public:
  // Returns when the sample is there or, unless each sample is read only once, thrown away.
  void Fill(int sample, bool once, const Socket& loader) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      filled_.wait(lock, [&] { return !once || state_[sample] != kReading; });
      if (state_[sample] == kFilled) return;
      state_[sample] = kReading;
    }
    store_.Share(kRecoverySlices, [&] { ReadSample(store_); });
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (once || StillThere(loader)) state_[sample] = kFilled;
    }
    filled_.notify_all();
  }

 private:
  enum State { kMissing, kReading, kFilled };

  Resource store_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::map<int, State> state_;
};

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  auto* cache = new Cache;
  ports.port[0] = StartServer([cache, once = job.fixed](Socket loader) {
    for (Message get; ReceiveGet(loader, &get) == Received::kMessage;) {
      cache->Fill(get.value, once, loader);
      SendSample(loader, get);
    }
  });
  return ports;
}

class Loader {
 public:
  explicit Loader(const Job& job) : job_(job), cache_(ConnectToCache(job.Port(0))) {}

  // False: the job's time is over.
  bool Load(int sample) {
    Get(sample);
    for (Received got; (got = AwaitSample(cache_, id_)) != Received::kMessage;) {
      Require(got == Received::kTimeout, "the cache is gone");
      if (job_.Expired()) return false;
      if (job_.fixed) return true;
      NoteRedo();
      cache_ = ConnectToCache(job_.Port(0));
      Get(sample);
    }
    return true;
  }

 private:
  void Get(int sample) { SendGet(cache_, {.id = ++id_, .rank = job_.rank, .value = sample}); }

  const Job& job_;
  Socket cache_;
  int id_ = 0;
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == 0) return tally;
  tally.due = kSamples * kEpochs;
  int64_t beat = job.start + (job.rank - 1) * kLeadMs * kMillisecond;
  for (Loader loader(job); tally.done < tally.due; ++tally.done) {
    const bool cold = tally.done < kSamples;
    if (cold) WaitForBeat(beat);
    beat += kBeatMs * kMillisecond;
    job.BeginUnit(tally.done + 1);
    if (!loader.Load(tally.done % kSamples)) break;
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"cache_refill", {"two_epochs"}, Serve, Work}, argc, argv);
}
