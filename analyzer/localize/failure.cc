#include "analyzer/localize/failure.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/import/flight_record/run_json.h"
#include "injector/api/api.h"
#include "injector/api/results.h"
#include "tracer/record/format.h"

namespace rankle::localize {
namespace {

using record::LifecycleEvent;
using store::EventKind;
using store::kNone;
using store::Store;

constexpr uint8_t kNcclUnhandledCudaError = 1, kNcclSystemError = 2, kNcclRemoteError = 6,
                  kNcclInProgress = 7;
constexpr uint32_t kCudaMemoryAllocation = 2;

// A rank that issued this many operations after an error has recovered from it.
constexpr int kRecoveredOperations = 64;
// A death is often noticed by peers before the launcher has reaped the process and before the process's last
// sign of life is old: a typical consequence may be up to this much earlier than the failure that caused it.
constexpr int64_t kTypicalLead = 3'000'000'000, kAmbiguousLead = 200'000'000;
// Failures with the same signature this close together are one fault on several ranks, not cause and effect.
constexpr int64_t kTogether = 1'000'000'000;

// Logs report in the Store's terms, which are these.
static_assert(static_cast<int>(FailureKind::kDeath) == static_cast<int>(store::ReportedFailure::kProcess) &&
              static_cast<int>(FailureKind::kException) ==
                  static_cast<int>(store::ReportedFailure::kException) &&
              static_cast<int>(Cascade::kTypical) == static_cast<int>(store::Blame::kTypical));

bool IsTeardownSignal(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP; }

// Was the process asked to end? Shells report a command that a signal ended as 128 + its number.
bool WasInterrupted(const Failure& f) {
  return f.kind == FailureKind::kDeath && (IsTeardownSignal(f.signal) || IsTeardownSignal(f.code - 128));
}

class FailureFinder {
 public:
  explicit FailureFinder(const Store& store) : store_(store), chains_(store.ranks.size()) {
    for (int32_t rank = 0; rank < static_cast<int32_t>(store.ranks.size()); ++rank)
      ranks_of_process_[store.ranks[rank].process].push_back(rank);
  }

  std::vector<Failure> Find() {
    AddFailedOperations();
    AddFailedCalls();
    AddEvents();
    for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) AddDeath(rank);
    AddThoseWhoLeftEarly();
    for (size_t rank = 0; rank < chains_.size(); ++rank) CloseChain(static_cast<int32_t>(rank));
    ForgiveInterruptedRun();
    MarkRoots();
    std::stable_sort(all_.begin(), all_.end(),
                     [](const Failure& a, const Failure& b) { return a.time < b.time; });
    return std::move(all_);
  }

 private:
  void Add(Failure failure) {
    if (failure.rank >= 0) chains_[failure.rank].push_back(std::move(failure));
  }
  // What happened in a process that drives several ranks, to none of them in particular, happened to all.
  void AddTo(int32_t process, const Failure& failure) {
    if (failure.rank != store::kNone) return Add(failure);
    const auto ranks = ranks_of_process_.find(process);
    if (ranks == ranks_of_process_.end()) return;
    for (int32_t rank : ranks->second) {
      Failure copy = failure;
      copy.rank = rank;
      Add(std::move(copy));
    }
  }

  void AddFailedApi(int32_t rank, int32_t process, uint16_t api, uint32_t result, int64_t time,
                    int32_t communicator) {
    const api::ApiInfo* info = api::FindApi(api);
    const bool nccl = info != nullptr && info->library == api::Library::kNccl;
    if (result == 0 || (nccl && result == kNcclInProgress)) return;
    Failure f;
    f.rank = rank, f.api = api, f.code = static_cast<int32_t>(result), f.time = time,
    f.communicator = communicator;
    if (nccl && result == kNcclUnhandledCudaError) {
      f.kind = FailureKind::kCuda;  // NCCL only passes on what a CUDA call told it
      f.what = absl::StrCat(std::string(api::ApiName(api)),
                            " returned ncclUnhandledCudaError: a CUDA call inside failed");
    } else if (nccl) {
      f.kind = FailureKind::kNccl;
      f.cascade = result == kNcclRemoteError   ? Cascade::kTypical
                  : result == kNcclSystemError ? Cascade::kAmbiguous
                                               : Cascade::kLocal;
      f.what = absl::StrCat(std::string(api::ApiName(api)), " returned ", api::NcclResultName(f.code));
    } else {
      f.kind = result == kCudaMemoryAllocation ? FailureKind::kOutOfMemory : FailureKind::kCuda;
      f.what = absl::StrCat(std::string(api::ApiName(api)), " returned ", api::CudaResultName(f.code));
    }
    AddTo(process, f);
  }

  void AddFailedOperations() {
    const auto& o = store_.operations;
    for (size_t i = 0; i < o.size(); ++i) {
      if (o.result[i] == 0 && o.state[i] != store::OpState::kFailed) continue;
      AddFailedApi(o.rank[i], store::kNone, o.api[i], o.result[i],
                   o.returned[i] ? o.returned[i] : o.entered[i], o.communicator[i]);
    }
  }

  void AddFailedCalls() {
    const auto& c = store_.calls;
    for (size_t i = 0; i < c.size(); ++i) {
      if (c.result[i] == 0) continue;
      AddFailedApi(c.rank[i], c.process[i], c.api[i], c.result[i],
                   c.returned[i] ? c.returned[i] : c.entered[i], c.communicator[i]);
    }
  }

  void AddEvents() {
    const auto& e = store_.events;
    for (size_t i = 0; i < e.size(); ++i) {
      Failure f;
      f.rank = e.rank[i], f.time = e.time[i], f.communicator = e.communicator[i];
      const auto code = static_cast<LifecycleEvent>(e.code[i]);
      if (e.kind[i] == EventKind::kAsyncError) {
        if (e.result[i] == 0 || e.result[i] == kNcclInProgress) continue;
        f.kind = e.result[i] == kNcclUnhandledCudaError ? FailureKind::kCuda : FailureKind::kNccl;
        f.code = e.result[i];
        f.cascade = e.result[i] == kNcclRemoteError ? Cascade::kTypical : Cascade::kAmbiguous;
        f.what = absl::StrCat("asynchronous error ", api::NcclResultName(e.result[i]));
      } else if (e.kind[i] == EventKind::kException) {
        f.kind = FailureKind::kException;
        f.what = absl::StrCat("C++ exception ", e.text[i].empty() ? "of unknown type" : e.text[i]);
      } else if (e.kind[i] == EventKind::kReport) {
        f.kind = static_cast<FailureKind>(e.code[i]), f.cascade = static_cast<Cascade>(e.result[i]);
        f.what = e.text[i];
      } else if (e.kind[i] == EventKind::kLifecycle && code == LifecycleEvent::kTerminate) {
        f.kind = FailureKind::kException, f.what = "std::terminate";
      } else if (e.kind[i] == EventKind::kLifecycle && code == LifecycleEvent::kAbort) {
        f.signal = SIGABRT, f.what = "abort() was called";
      } else if (e.kind[i] == EventKind::kLifecycle && code == LifecycleEvent::kExit && e.count[i] != 0) {
        f.code = static_cast<int32_t>(e.count[i]), f.what = absl::StrCat("exit(", f.code, ") was called");
      } else {
        continue;
      }
      AddTo(e.process[i], f);
    }
  }

  void AddDeath(int32_t rank) {
    const store::Process* p = store_.ProcessOf(rank);
    if (p == nullptr) return;
    Failure f;
    f.rank = rank, f.time = p->ended, f.rank_ended = true;
    if (p->state == store::ProcessState::kVanished) {
      f.time = p->last_seen;
      f.what = absl::StrCat("process ", p->pid, " shows no sign of life any more (killed or stopped)");
    } else if (p->state != store::ProcessState::kFailed) {
      return;
    } else if (p->signal != 0) {
      // Nobody can tell when exactly a killed process died; its last sign of life is the earliest possible
      // moment.
      f.signal = p->signal, f.time = std::min(p->last_seen, p->ended);
      f.what = absl::StrCat("process ", p->pid, " was ended by ", import::SignalName(p->signal));
      if (IsTeardownSignal(p->signal)) f.cascade = Cascade::kAmbiguous, f.time = p->ended;
    } else {
      f.code = p->exit_code;
      f.what = absl::StrCat("process ", p->pid, " ended with exit code ", p->exit_code);
    }
    Add(std::move(f));
  }

  // A rank that ends with success while others still work with it fails them: they see remote errors at once.
  // It left early when others have issued more than it in a communicator that it did not tear down, or tore
  // down before they saw an error (its data ended first), or when most others are still at work in one that
  // is open.
  void AddThoseWhoLeftEarly() {
    int64_t first_failure = INT64_MAX;
    for (const auto& chain : chains_) {
      for (const Failure& f : chain) {
        if (f.cascade != Cascade::kLocal) first_failure = std::min(first_failure, f.time);
      }
    }
    if (first_failure == INT64_MAX) return;
    std::vector<int32_t> gone;
    for (int32_t rank = 0; rank < static_cast<int32_t>(store_.ranks.size()); ++rank) {
      const store::Process* p = store_.ProcessOf(rank);
      if (p != nullptr && p->state == store::ProcessState::kEnded && p->ended <= first_failure + kTypicalLead)
        gone.push_back(rank);
    }
    const bool few = gone.size() * 2 < store_.ranks.size();
    for (int32_t rank : gone) {
      if (!LeftOpen(rank, few, first_failure)) continue;
      const store::Process* p = store_.ProcessOf(rank);
      Failure f;
      f.rank = rank, f.rank_ended = true;
      // Its peers may notice before the launcher does.
      f.time = std::min(p->ended, first_failure);
      f.what = absl::StrCat("process ", p->pid, " ended with exit code 0 while others still worked with it");
      left_early_.insert(rank);
      Add(std::move(f));
    }
  }

  bool LeftOpen(int32_t rank, bool few, int64_t first_failure) const {
    for (const store::Communicator& c : store_.communicators) {
      const store::Member* own = nullptr;
      uint64_t most = 0;
      for (const store::Member& m : c.members) {
        if (m.rank == rank) own = &m;
        if (m.rank != store::kNone) most = std::max<uint64_t>(most, m.last_seq);
      }
      if (own == nullptr || own->teardown_entered > first_failure) continue;
      if (own->last_seq < most || (few && own->teardown_entered == 0)) return true;
    }
    return false;
  }

  int OperationsAfter(int32_t rank, int64_t time) const {
    int count = 0;
    for (size_t i = store_.rank_begin(rank + 1);
         i-- > store_.rank_begin(rank) && count < kRecoveredOperations;) {
      if (store_.operations.entered[i] <= time) break;
      ++count;
    }
    return count;
  }

  // Keeps of a rank's events those that belong to its end, or that it has not got over.
  void CloseChain(int32_t rank) {
    auto& chain = chains_[rank];
    // `rankle run` began to end a job that stood still: what fails from then on, on nodes that it reached
    // later, is its doing.
    if (store_.stalled != 0) std::erase_if(chain, [&](const Failure& f) { return f.time > store_.stalled; });
    std::stable_sort(chain.begin(), chain.end(),
                     [](const Failure& a, const Failure& b) { return a.time < b.time; });
    const bool ended = std::any_of(chain.begin(), chain.end(), [](const Failure& f) { return f.rank_ended; });
    const store::Process* p = store_.ProcessOf(rank);
    const bool well = p != nullptr && p->state == store::ProcessState::kEnded;
    if (well && !left_early_.contains(rank)) return;  // whatever happened, the program coped
    bool first = true;
    // When an error from elsewhere is reported after an exception, a library threw, caught and translated it.
    int64_t last_report = 0;
    for (const Failure& f : chain) {
      if (f.kind == FailureKind::kNccl && f.cascade != Cascade::kLocal) last_report = f.time;
    }
    for (Failure& f : chain) {
      const int after = f.rank_ended ? 0 : OperationsAfter(rank, f.time);
      // A caught exception is everyday business; it belongs to the end only if nothing was issued after it.
      const bool got_over = f.kind == FailureKind::kException ? after > 0 || !ended || f.time <= last_report
                                                              : after >= kRecoveredOperations;
      if (got_over) continue;
      f.first_of_rank = first, first = false;
      f.rank_ended = ended;
      all_.push_back(f);
    }
  }

  // Ctrl-C and schedulers end a whole healthy job with one signal. That is no failure.
  void ForgiveInterruptedRun() {
    size_t interrupted = 0;
    for (const Failure& f : all_) {
      interrupted += f.first_of_rank && WasInterrupted(f);
    }
    if (interrupted * 2 <= store_.ranks.size()) return;
    std::erase_if(all_, WasInterrupted);
    if (std::none_of(all_.begin(), all_.end(),
                     [](const Failure& f) { return f.cascade == Cascade::kLocal; })) {
      all_.clear();
    }
  }

  void MarkRoots() {
    std::vector<Failure*> candidates;
    for (Failure& f : all_) {
      if (f.first_of_rank) candidates.push_back(&f);
    }
    const auto is_set_aside = [&](const Failure& f) {
      if (f.cascade == Cascade::kLocal) return false;
      const int64_t lead = f.cascade == Cascade::kTypical ? kTypicalLead : kAmbiguousLead;
      return std::any_of(candidates.begin(), candidates.end(), [&](const Failure* other) {
        return other->rank != f.rank && other->cascade < f.cascade && other->time <= f.time + lead;
      });
    };
    Failure* root = nullptr;
    for (Failure* f : candidates) {
      if (!is_set_aside(*f) && (root == nullptr || f->time < root->time)) root = f;
    }
    if (root == nullptr) return;
    root->root = true;
    for (Failure* f : candidates) {
      const bool one_process = store_.ranks[root->rank].process == store_.ranks[f->rank].process;
      if (f != root && (one_process || IsSameFault(*root, *f))) f->root = true;
    }
  }

  // The same specific thing at nearly the same time on another rank. An exit code of 1 is what every program
  // that gave up because of its peers returns, so it proves nothing.
  static bool IsSameFault(const Failure& root, const Failure& f) {
    if (f.cascade != root.cascade || root.cascade == Cascade::kTypical || f.kind != root.kind) return false;
    if (f.code != root.code || f.signal != root.signal || f.api != root.api || f.time - root.time > kTogether)
      return false;
    if (root.kind == FailureKind::kDeath && root.signal == 0 && root.code == 1) return false;
    return root.kind != FailureKind::kException || f.what == root.what;
  }

  const Store& store_;
  std::map<int32_t, std::vector<int32_t>> ranks_of_process_;
  std::vector<std::vector<Failure>> chains_;
  std::set<int32_t> left_early_;
  std::vector<Failure> all_;
};

}  // namespace

const char* FailureKindName(FailureKind kind) {
  static constexpr const char* kNames[] = {"cuda", "nccl", "oom", "exception", "process"};
  return kNames[static_cast<int>(kind)];
}

std::vector<Failure> FindFailures(const Store& store) { return FailureFinder(store).Find(); }

}  // namespace rankle::localize
