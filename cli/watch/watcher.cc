#include "cli/watch/watcher.h"

#include <poll.h>
#include <time.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_format.h"
#include "analyzer/analyze.h"
#include "analyzer/live/digest.h"
#include "analyzer/live/parts.h"
#include "analyzer/localize/slowdown.h"
#include "cli/launch/clock.h"
#include "cli/launch/files.h"
#include "cli/launch/live_log.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr uint64_t kMs = 1'000'000;
// Long enough for the statistics of a slow-down: 100 steps of 20 records.
constexpr uint64_t kWindow = 2048;
constexpr uint64_t kLeastPauseNs = 400 * kMs;
// At most 2 % of a core; but the longest pause keeps the digest far from stale (live::kStaleAfterS).
constexpr uint64_t kCostFactor = 50;
constexpr uint64_t kMostPauseNs = 2000 * kMs;
// The rules need a few iterations more than the call of a slow-down to name a culprit; then they have spoken.
constexpr int kMostLooksForCulprit = 20;

// Of the findings only slowness with a place: that everybody is slower is what was called already.
const std::vector<std::string> kNotSlowness = {"hang.",   "crash.",  "wrong.",     "memory.",
                                               "unknown", "healthy", "slow.global"};

class Watcher {
 public:
  explicit Watcher(const Job& job) : job_(job) { digest_.node = job.node, digest_.host = job.record.host; }

  // One look. `last`: the job is over.
  void Look(bool last) {
    std::vector<record::FlightRecord> records = live::ReadNewest(job_.output_dir, kWindow);
    live::Part own;
    own.digest.processes = records;
    if (const absl::StatusOr<store::Store> store = live::BuildStore({own}); store.ok() && !last) {
      for (const localize::PaceCall& call : tracker_.Observe(localize::FindIterations(*store)))
        Say(call, own, *store);
      if (looks_for_culprit_ > 0) LookAgain(own);
    }
    WriteDigest(std::move(records), last);
    if (!job_.node.empty() && !last) LookAtOtherNodes();
  }

 private:
  static double Ms(int64_t ns) { return static_cast<double>(ns) * 1e-6; }

  void Announce(std::string_view kind, const std::string& text, uint64_t monotonic_ns,
                const std::vector<int32_t>& ranks = {}) {
    cli::Say(text);
    AppendLiveEvent(job_.output_dir, {.monotonic_ns = monotonic_ns,
                                      .host = job_.record.host,
                                      .kind = std::string(kind),
                                      .text = text,
                                      .ranks = ranks});
  }

  void Say(const localize::PaceCall& call, const live::Part& own, const store::Store& store) {
    const std::string place = absl::StrFormat("since %.1f s (%s %d)", store::Store::Seconds(call.since),
                                              call.by_steps ? "step" : "iteration", call.first_iteration);
    // On one host all processes have one clock; the records of this node are of one host.
    since_ns_ = static_cast<uint64_t>(call.since - store.processes.front().clock_offset);
    digest_.pace.slower = call.slower;
    if (call.slower) {
      slow_since_ = call.since;
      digest_.pace.text = absl::StrFormat(
          "the job is slower %s: %.2f ms an iteration, %.2f times the usual %.2f ms", place, Ms(call.now_ns),
          static_cast<double>(call.now_ns) / static_cast<double>(call.usual_ns), Ms(call.usual_ns));
      const Verdict culprit = FindCulprit(own);
      digest_.pace.text += "; " + (culprit.summary.empty() ? "no rank stands out so far" : culprit.summary);
      Announce("slower", digest_.pace.text, since_ns_, culprit.ranks);
      looks_for_culprit_ = culprit.summary.empty() ? kMostLooksForCulprit : 0;
    } else {
      looks_for_culprit_ = 0;
      digest_.pace.text.clear();
      Announce("recovered",
               absl::StrFormat(
                   "the job is back to its usual pace %s: %.2f ms an iteration, after %.1f s of slowness",
                   place, Ms(call.now_ns), store::Store::Seconds(call.since - slow_since_)),
               since_ns_);
    }
  }

  // What the analyzer says about slowness, over all nodes: a rank that is late shows only beside ranks that
  // are not. No summary: nobody can be named (yet).
  Verdict FindCulprit(const live::Part& own) const {
    std::vector<live::Part> parts;
    if (!job_.node.empty()) {
      std::vector<std::string> problems;
      parts = live::ReadParts(job_.job_dir, problems);
      std::erase_if(parts, [&](const live::Part& part) { return part.node == job_.node; });
    }
    parts.push_back(own);
    absl::StatusOr<store::Store> all = live::BuildStore(parts);
    if (!all.ok()) return {};
    AnalyzeOptions options;
    options.leave_out = kNotSlowness;
    absl::StatusOr<Report> report = AnalyzeStore(*std::move(all), options);
    if (!report.ok() || report->verdict.IsHealthy()) return {};
    return std::move(report->verdict);
  }

  void LookAgain(const live::Part& own) {
    --looks_for_culprit_;
    const Verdict culprit = FindCulprit(own);
    if (culprit.summary.empty()) return;
    looks_for_culprit_ = 0;
    digest_.pace.text += Cat("; ", culprit.summary);
    Announce("culprit", Cat("the job is slower because: ", culprit.summary), since_ns_, culprit.ranks);
  }

  void WriteDigest(std::vector<record::FlightRecord> records, bool last) {
    for (record::FlightRecord& record : records) CutToNewest(record);
    ++digest_.sequence;
    digest_.realtime_ns = RealtimeNs(), digest_.monotonic_ns = MonotonicNs();
    digest_.ended = last;
    digest_.pace.usual_ns = tracker_.UsualNs();
    digest_.processes = std::move(records);
    const absl::Status status =
        WriteFile(Cat(job_.output_dir, "/", live::kDigestFile), live::DigestJson(digest_));
    if (!status.ok() && !digest_failed_) SayError(status);
    digest_failed_ = !status.ok();
  }

  static void CutToNewest(record::FlightRecord& record) {
    uint64_t newest = 0;
    for (const record::Event& e : record.events) newest = std::max(newest, e.ticket);
    const size_t before = record.events.size();
    std::erase_if(record.events, [&](const record::Event& e) {
      return e.ticket + live::kDigestRecords <= newest && record::IsOverwritable(e.state);
    });
    record.quality.overwritten += before - record.events.size();
  }

  void LookAtOtherNodes() {
    std::vector<std::string> problems;
    for (const live::Part& part : live::ReadParts(job_.job_dir, problems)) {
      if (part.node == job_.node || part.stale == silent_.contains(part.node)) continue;
      if (part.stale) {
        silent_.insert(part.node);
        Announce("node_silent",
                 absl::StrFormat(
                     "node %s has been silent for %.0f s: it, or rankle on it, has died or cannot reach %s",
                     part.node, live::kStaleAfterS, job_.job_dir),
                 MonotonicNs(), RanksOf(part));
      } else {
        silent_.erase(part.node);
        Announce("node_back", Cat("node ", part.node, " is heard of again"), MonotonicNs());
      }
    }
  }

  static std::vector<int32_t> RanksOf(const live::Part& part) {
    std::vector<int32_t> ranks;
    for (const record::FlightRecord& record : part.digest.processes) {
      if (record.process.rank >= 0) ranks.push_back(record.process.rank);
    }
    return ranks;
  }

  const Job& job_;
  localize::SlowdownTracker tracker_;
  live::Digest digest_;
  bool digest_failed_ = false;
  int64_t slow_since_ = 0;  // on the job's axis
  uint64_t since_ns_ = 0;   // of the latest call
  int looks_for_culprit_ = 0;
  std::set<std::string> silent_;
};

bool Stopped(int stop, uint64_t wait_ns) {
  pollfd ended{.fd = stop, .events = POLLIN, .revents = 0};
  return poll(&ended, 1, static_cast<int>(wait_ns / kMs)) > 0;
}

}  // namespace

void Watch(const Job& job, int stop) {
  Watcher watcher(job);
  uint64_t pause_ns = kLeastPauseNs;
  while (!Stopped(stop, pause_ns)) {
    const uint64_t begin = ClockNs(CLOCK_PROCESS_CPUTIME_ID);
    watcher.Look(/*last=*/false);
    pause_ns =
        std::clamp(kCostFactor * (ClockNs(CLOCK_PROCESS_CPUTIME_ID) - begin), kLeastPauseNs, kMostPauseNs);
  }
  watcher.Look(/*last=*/true);
}

}  // namespace rankle::cli
