// Arrays of Slurm jobs. Slurm starts the workers; what came of each run is in its result file, so neither
// accounting nor a connection to the workers is needed. sbatch(1): --array, --parsable, --wrap; squeue(1): -h
// -j.
#include <errno.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "cli/campaign/command_output.h"
#include "cli/campaign/executor.h"
#include "cli/campaign/worker.h"
#include "cli/launch/clock.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

// MaxArraySize of slurm.conf is 1001 where nobody set it: indices up to 1000.
constexpr size_t kMostTasks = 1000;
// Asking the controller of a cluster more often is impolite; result files are looked at in between.
constexpr uint64_t kAskEveryNs = 5'000'000'000;
constexpr timespec kLookEvery{.tv_sec = 0, .tv_nsec = 200'000'000};

std::string ShellQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Signals that ask to end, waited for instead of being delivered.
class EndRequests {
 public:
  EndRequests() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~EndRequests() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  EndRequests(const EndRequests&) = delete;
  EndRequests& operator=(const EndRequests&) = delete;
  bool WaitFor(const timespec& time) const { return sigtimedwait(&set_, nullptr, &time) > 0; }

 private:
  sigset_t set_, before_;
};

class Slurm : public Executor {
 public:
  Slurm(std::string directory, const Campaign& campaign, bool keep)
      : directory_(fs::absolute(directory).string()), campaign_(campaign), keep_(keep) {}

  absl::Status RunBatch(const std::vector<CampaignRun>& runs, const OnRunEnd& on_end) override {
    for (size_t first = 0; first < runs.size(); first += kMostTasks) {
      const auto begin = runs.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = runs.begin() + static_cast<std::ptrdiff_t>(std::min(runs.size(), first + kMostTasks));
      if (absl::Status status = RunArray({begin, end}, on_end); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status RunArray(const std::vector<CampaignRun>& runs, const OnRunEnd& on_end) {
    const EndRequests requests;
    EndEarlierArray();
    if (absl::Status status = WriteBatch(directory_, runs); !status.ok()) return status;
    for (const CampaignRun& run : runs) {
      std::error_code error;
      fs::create_directories(RunDirectory(directory_, run.id), error);
    }
    const absl::StatusOr<std::string> job = Submit(runs.size());
    if (!job.ok()) return job.status();
    if (absl::Status status = WriteFile(JobFile(), *job); !status.ok()) return status;
    std::set<size_t> waiting;
    for (size_t i = 0; i < runs.size(); ++i) waiting.insert(i);
    uint64_t ask_at = MonotonicNs() + kAskEveryNs;
    bool is_queued = true;
    while (!waiting.empty()) {
      const bool was_queued = is_queued;
      if (MonotonicNs() >= ask_at) {
        is_queued = IsQueued(*job);
        ask_at = MonotonicNs() + kAskEveryNs;
      }
      for (auto i = waiting.begin(); i != waiting.end();) {
        // What ended without a result will bring none any more; files may come late on a shared file system,
        // so they are looked at once after the job has left the queue.
        if (!FileExists(ResultPath(directory_, runs[*i].id)) && (was_queued || is_queued)) {
          ++i;
          continue;
        }
        on_end(runs[*i], 0);
        i = waiting.erase(i);
      }
      if (!waiting.empty() && requests.WaitFor(kLookEvery)) {
        CommandOutput({"scancel", *job}).status().IgnoreError();
        return absl::CancelledError("interrupted");
      }
    }
    return absl::OkStatus();
  }

  std::string JobFile() const { return Cat(directory_, "/slurm.job"); }

  // Of a runner that was killed: what it had queued would be run twice.
  void EndEarlierArray() const {
    if (const absl::StatusOr<std::string> job = ReadFile(JobFile()); job.ok() && !job->empty())
      CommandOutput({"scancel", *job}).status().IgnoreError();
  }

  // The id of the array.
  absl::StatusOr<std::string> Submit(size_t tasks) const {
    // Slurm expands %a in the log's name, and nothing else of the campaign's path is special to it.
    std::vector<std::string> command = {"sbatch", "--parsable", "--job-name=rankle-campaign",
                                        Cat("--array=1-", tasks, "%", campaign_.jobs),
                                        Cat("--output=", directory_, "/runs/slurm-%a.log")};
    command.insert(command.end(), campaign_.sbatch.begin(), campaign_.sbatch.end());
    command.push_back(Cat("--wrap=exec ", ShellQuoted(Cat(ThisInstallation().prefix, "/bin/rankle")),
                          " campaign --worker ", keep_ ? "--keep " : "", ShellQuoted(directory_)));
    const absl::StatusOr<std::string> answer = CommandOutput(command);
    if (!answer.ok()) return answer.status();
    // "17", or "17;cluster"
    const std::vector<std::string> parts = absl::StrSplit(absl::StripAsciiWhitespace(*answer), ';');
    return parts.front();
  }

  // An array that has ended is forgotten by squeue: an error, or nothing.
  static bool IsQueued(const std::string& job) {
    const absl::StatusOr<std::string> answer = CommandOutput({"squeue", "-h", "-j", job, "-o", "%i"});
    if (!answer.ok()) return !absl::StrContains(answer.status().message(), "Invalid job id");
    return !absl::StripAsciiWhitespace(*answer).empty();
  }

  std::string directory_;
  const Campaign& campaign_;
  bool keep_;
};

}  // namespace

std::unique_ptr<Executor> SlurmExecutor(const std::string& directory, const Campaign& campaign, bool keep) {
  return std::make_unique<Slurm>(directory, campaign, keep);
}

}  // namespace rankle::cli
