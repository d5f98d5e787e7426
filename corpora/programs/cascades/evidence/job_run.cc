#include "corpora/programs/cascades/evidence/job_run.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "corpora/programs/cascades/runtime/ledger.h"
#include "corpora/programs/cascades/runtime/socket.h"
#include "corpora/programs/cascades/runtime/trigger.h"

extern char** environ;

namespace rankle::cascades {
namespace {

// Processes of the programs sleep nearly all of the time; more at once start so slowly on two busy cores that
// timings begin to matter.
constexpr int kJobsAtOnce = 8;

// Below the range from which the kernel takes ports for outgoing connections, so that none of those gets it
// meanwhile.
uint16_t FreePort() {
  static std::atomic<uint32_t> next{std::random_device()()};
  for (;;) {
    const auto port = static_cast<uint16_t>(10'000 + next++ % 20'000);
    const Socket probe = NewTcpSocket();
    const sockaddr_in address = LoopbackAddress(port);
    if (::bind(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return port;
  }
}

pid_t StartRank(const JobSpec& spec, int rank, uint16_t port, const std::string& ledger,
                const std::string& output) {
  std::vector<std::string> environment = {
      absl::StrCat("RANK=", rank),        absl::StrCat("WORLD_SIZE=", spec.ranks),
      absl::StrCat("LOCAL_RANK=", rank),  "MASTER_ADDR=127.0.0.1",
      absl::StrCat("MASTER_PORT=", port), absl::StrCat("CASCADE_LEDGER=", ledger)};
  if (!spec.trigger.empty()) environment.push_back(absl::StrCat("CASCADE_TRIGGER=", spec.trigger));
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (absl::StartsWith(*variable, "PATH=") || absl::StartsWith(*variable, "LD_") ||
        absl::StartsWith(*variable, "RANKLE_")) {
      environment.push_back(*variable);
    }
  }
  std::vector<std::string> arguments = {spec.executable, "--workload", spec.workload};
  if (spec.fixed) arguments.push_back("--fixed");
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  };
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, spec.executable.c_str(), &files, nullptr, pointers(arguments).data(),
                                  pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&files);
  return error == 0 ? pid : -1;
}

int ExitCode(pid_t pid) {
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return 127;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void ReadLedger(const std::string& path, JobRun* run) {
  const auto mapped = MapLedger(path);
  if (!mapped.ok()) return;
  const Ledger& ledger = **mapped;
  run->fault_happened = ledger.fault_begin != 0;
  for (const LedgerRow& row : ledger.rows) {
    if (row.key == 0) continue;
    SiteCount& count = run->sites[{row.function, row.call}];
    count.hits = row.hits;
    for (const LedgerOutcome& outcome : row.outcomes) {
      if (outcome.code != 0) count.outcomes[ErrorName(outcome.code)] += outcome.count;
    }
  }
  ::munmap(*mapped, sizeof(Ledger));
}

JobRun RunJob(const JobSpec& spec, const std::string& prefix) {
  const std::string ledger = prefix + ".ledger";
  std::ofstream(ledger) << std::string(sizeof(Ledger), '\0');
  const uint16_t port = FreePort();
  std::vector<pid_t> ranks;
  for (int rank = 0; rank < spec.ranks; ++rank) {
    ranks.push_back(StartRank(spec, rank, port, ledger, absl::StrCat(prefix, ".", rank)));
  }
  JobRun run;
  for (const pid_t pid : ranks) run.exit_codes.push_back(ExitCode(pid));
  for (int rank = 0; rank < spec.ranks; ++rank) {
    std::stringstream text;
    text << std::ifstream(absl::StrCat(prefix, ".", rank)).rdbuf();
    absl::StrAppend(&run.output, text.str());
  }
  ReadLedger(ledger, &run);
  return run;
}

}  // namespace

bool JobRun::AllDone() const {
  for (const int code : exit_codes) {
    if (code != 0) return false;
  }
  return true;
}

int JobRun::Field(const std::string& field) const {
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (!absl::StartsWith(line, "cascade: program=")) continue;
    for (const absl::string_view word : absl::StrSplit(line, ' ')) {
      const std::vector<absl::string_view> parts = absl::StrSplit(word, '=');
      int value = -1;
      if (parts.size() == 2 && parts[0] == field && absl::SimpleAtoi(parts[1], &value)) return value;
    }
  }
  return -1;
}

SiteCount JobRun::At(const Site& site) const {
  const auto found = sites.find({site.function, site.call});
  return found == sites.end() ? SiteCount() : found->second;
}

std::vector<JobRun> RunJobs(const std::vector<JobSpec>& specs, const std::string& folder) {
  std::vector<JobRun> runs(specs.size());
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kJobsAtOnce; ++thread) {
    threads.emplace_back([&] {
      for (size_t at; (at = next++) < specs.size();)
        runs[at] = RunJob(specs[at], absl::StrCat(folder, "/", at));
    });
  }
  for (std::thread& thread : threads) thread.join();
  return runs;
}

}  // namespace rankle::cascades
