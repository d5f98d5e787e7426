#include "cli/follow.h"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "analyzer/live/judge.h"
#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "cli/output.h"
#include "cli/verdict.h"
#include "nlohmann/json.hpp"

namespace rankle::cli {
namespace {

// The watchers write twice a second; what stands still is called after 2 s at the earliest.
constexpr uint64_t kIntervalNs = 500'000'000;
// Without digests (no `run --watch`) the records are read themselves, which takes as long as a look of a
// watcher.
constexpr uint64_t kSilenceNs = static_cast<uint64_t>(live::kStaleAfterS * 1e9);

class Follower {
 public:
  Follower(std::string directory, const AnalyzeOptions& options, bool json)
      : directory_(std::move(directory)), options_(options), json_(json) {
    sigemptyset(&ends_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends_, signal);
    sigprocmask(SIG_BLOCK, &ends_, &before_);
  }
  ~Follower() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  int Run() {
    std::error_code error;
    if (const auto status = std::filesystem::status(directory_, error);
        std::filesystem::exists(status) && !std::filesystem::is_directory(status)) {
      Say(Cat(directory_, ": not a directory: give the output directory of `rankle run`"));
      return kExitUnusable;
    }
    do {
      if (!Look()) break;
    } while (!Interrupted());
    if (!last_) {
      Say(Cat(directory_, ": no record of a job has come"));
      return kExitUnusable;
    }
    return last_->IsHealthy() ? kExitOk : kExitAnomaly;
  }

 private:
  bool Interrupted() const {
    const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(kIntervalNs)};
    return sigtimedwait(&ends_, nullptr, &pause) > 0;
  }

  // False when there is nothing more to come.
  bool Look() {
    std::vector<std::string> problems;
    std::vector<live::Part> parts = live::ReadParts(directory_, problems);
    if (parts.empty()) {
      if (!said_waiting_) Say(Cat("waiting for a job in ", directory_));
      said_waiting_ = true;
      return true;
    }
    NoteSilence(parts);
    const bool ended = std::all_of(parts.begin(), parts.end(),
                                   [](const live::Part& part) { return part.HasEnded() || part.stale; });
    const bool all_silent =
        std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.stale; });
    if (ended && !all_silent) {
      // Now the whole records can be read.
      Print(Analyze({directory_}, options_), Stale(parts));
      return false;
    }
    absl::StatusOr<live::LiveReport> judged = live::Judge(parts, options_);
    if (judged.ok()) {
      Print(std::move(judged->report), judged->silent_nodes);
    } else if (!absl::IsNotFound(judged.status())) {
      SayError(judged.status());
    }
    return true;
  }

  // When every watcher falls silent, no digest is newer than the others: then this clock tells.
  void NoteSilence(std::vector<live::Part>& parts) {
    uint64_t sequence = 0;
    bool any_digest = false;
    for (const live::Part& part : parts) {
      sequence += part.digest.sequence, any_digest |= part.has_digest && !part.HasEnded();
    }
    const uint64_t now = MonotonicNs();
    if (sequence != sequence_ || last_move_ns_ == 0) sequence_ = sequence, last_move_ns_ = now;
    if (!any_digest || now - last_move_ns_ < kSilenceNs) return;
    for (live::Part& part : parts) part.stale = part.has_digest && !part.HasEnded();
  }

  static std::vector<std::string> Stale(const std::vector<live::Part>& parts) {
    std::vector<std::string> nodes;
    for (const live::Part& part : parts) {
      if (part.stale) nodes.push_back(part.node);
    }
    return nodes;
  }

  void Print(const absl::StatusOr<Report>& report, const std::vector<std::string>& silent) {
    if (!report.ok()) return SayError(report.status());
    const Verdict& verdict = report->verdict;
    if (last_ && live::IsSameVerdict(*last_, verdict) && silent == silent_) return;
    last_ = verdict, silent_ = silent;
    const double at_s = store::Store::Seconds(report->store->observed_until);
    const std::string line = json_ ? JsonLine(*report, at_s)
                                   : absl::StrFormat("%10.1f s  %s\n", at_s, VerdictLine(verdict).substr(9));
    if (absl::Status status = WriteOutput("", line); !status.ok()) SayError(status);
  }

  // The whole report, as `--format json` prints it, in one line.
  std::string JsonLine(const Report& report, double at_s) const {
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(RenderJson(report));
    json["at_s"] = at_s, json["silent_nodes"] = silent_;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }

  const std::string directory_;
  const AnalyzeOptions options_;
  const bool json_;
  sigset_t ends_, before_;
  std::optional<Verdict> last_;
  std::vector<std::string> silent_;
  bool said_waiting_ = false;
  uint64_t sequence_ = 0, last_move_ns_ = 0;
};

}  // namespace

int Follow(const std::string& directory, const AnalyzeOptions& options, bool json) {
  return Follower(directory, options, json).Run();
}

}  // namespace rankle::cli
