#include "cli/campaign/state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/stitch/observation_json.h"
#include "cli/campaign/fault_plan.h"
#include "cli/campaign/site_names.h"
#include "cli/launch/clock.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using store::Database;
using store::Value;

constexpr char kFile[] = "/campaign.sqlite";
constexpr char kLock[] = "/campaign.lock";
constexpr char kVersion[] = "rankle.campaign/1";

// `observation` is a run line of analyzer/stitch/observation_json.h: workload and fault from the beginning,
// what was seen once the run is finished.
constexpr const char* kTables[] = {"CREATE TABLE IF NOT EXISTS campaign(key TEXT PRIMARY KEY, value TEXT)",
                                   "CREATE TABLE IF NOT EXISTS runs(id INTEGER PRIMARY KEY, workload TEXT, "
                                   "phase TEXT, plan TEXT, repeat INTEGER, "
                                   "state TEXT, seconds REAL, note TEXT, observation TEXT)",
                                   "CREATE INDEX IF NOT EXISTS runs_by_state ON runs(state)",
                                   "CREATE TABLE IF NOT EXISTS names(line TEXT PRIMARY KEY)",
                                   "CREATE TABLE IF NOT EXISTS builds(path TEXT PRIMARY KEY, id TEXT)"};

std::string RunName(int64_t id) { return absl::StrCat("run ", id); }

// Workers hold the lock of their runner, too. When it is killed they end with it, which takes a moment, and
// until then their runs are not to be made again.
constexpr uint64_t kWorkersEndWithinNs = 30'000'000'000;
constexpr int kLookAgainUs = 20'000;

bool HolderLives(int lock) {
  char text[32] = {};
  if (pread(lock, text, sizeof(text) - 1, 0) <= 0) return true;  // it has just taken the lock
  const long pid = strtol(text, nullptr, 10);
  return pid <= 0 || kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH;
}

template <typename T>
T ValueAs(const Value& value) {
  const T* held = std::get_if<T>(&value);
  return held == nullptr ? T{} : *held;
}

absl::StatusOr<stitch::Observations> Read(Database& database, const std::string& path) {
  auto names = database.Query("SELECT line FROM names");
  if (!names.ok()) return names.status();
  auto runs = database.Query("SELECT observation FROM runs WHERE state = 'finished' ORDER BY id");
  if (!runs.ok()) return runs.status();
  std::string text = stitch::kObservationsSchemaLine;
  for (const store::QueryResult* result : {&*names, &*runs}) {
    for (const auto& row : result->rows) text += ValueAs<std::string>(row[0]);
  }
  return stitch::ReadObservations(text, path);
}

}  // namespace

struct CampaignState::Parts {
  explicit Parts(Database database) : database(std::move(database)) {}
  Database database;
  FileDescriptor lock;
  std::string path;
  stitch::Names names;                        // what is in the table
  std::map<std::string, std::string> builds;  // likewise

  absl::Status Run(const std::string& sql, const std::vector<Value>& values = {}) {
    auto result = database.Query(sql, values);
    if (result.ok()) return absl::OkStatus();
    return absl::Status(result.status().code(),
                        Cat(path, ": ", StdView(result.status().message()),
                            absl::IsResourceExhausted(result.status()) || absl::IsUnavailable(result.status())
                                ? ": what was measured before is kept; make room and --resume"
                                : ": choose another place with -o, or take the file from a copy"));
  }
  // Several statements that happen together or not at all.
  absl::Status Together(const std::function<absl::Status()>& statements) {
    if (absl::Status begun = Run("BEGIN IMMEDIATE"); !begun.ok()) return begun;
    absl::Status status = statements();
    if (status.ok()) status = Run("COMMIT");
    if (!status.ok()) Run("ROLLBACK").IgnoreError();
    return status;
  }
};

CampaignState::CampaignState(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
CampaignState::CampaignState(CampaignState&&) noexcept = default;
CampaignState& CampaignState::operator=(CampaignState&&) noexcept = default;
CampaignState::~CampaignState() = default;

absl::StatusOr<CampaignState> CampaignState::Open(const std::string& directory, const std::string& text,
                                                  bool resume) {
  auto lock = LockCampaign(directory);
  if (!lock.ok()) return lock.status();
  auto database = Database::OpenFile(directory + kFile);
  if (!database.ok()) return database.status();
  auto parts = std::make_unique<Parts>(*std::move(database));
  parts->lock = *std::move(lock);
  parts->path = directory + kFile;
  // A reader (rankle stitch) does not stop the writer, and a killed writer leaves nothing to repair.
  absl::Status status = parts->Run("PRAGMA journal_mode = WAL");
  for (const char* table : kTables) {
    if (status.ok()) status = parts->Run(table);
  }
  if (!status.ok()) return status;
  auto found = parts->database.Query("SELECT value FROM campaign WHERE key = 'text'");
  if (!found.ok()) return found.status();
  if (found->rows.empty()) {
    status = parts->Together([&] {
      absl::Status put = parts->Run("INSERT INTO campaign VALUES('version', ?1)", {std::string(kVersion)});
      return put.ok() ? parts->Run("INSERT INTO campaign VALUES('text', ?1)", {text}) : put;
    });
    if (!status.ok()) return status;
  } else if (ValueAs<std::string>(found->rows[0][0]) != text) {
    return absl::FailedPreconditionError(
        Cat(directory,
            ": was begun with another campaign file; its runs would not be comparable: choose another "
            "place with -o, or give the file as it was"));
  } else if (!resume) {
    return absl::FailedPreconditionError(
        Cat(directory,
            ": holds this campaign already; go on with it by --resume, or choose another place with -o"));
  }
  auto observations = Read(parts->database, parts->path);
  if (!observations.ok()) return observations.status();
  parts->names = std::move(observations->names);
  auto builds = parts->database.Query("SELECT path, id FROM builds");
  if (!builds.ok()) return builds.status();
  for (const auto& row : builds->rows)
    parts->builds[ValueAs<std::string>(row[0])] = ValueAs<std::string>(row[1]);
  return CampaignState(std::move(parts));
}

absl::Status CampaignState::Plan(const std::vector<CampaignRun>& runs) {
  return parts_->Together([&]() -> absl::Status {
    for (const CampaignRun& run : runs) {
      stitch::RunObservation planned;
      planned.run = "planned";
      planned.workload = run.workload;
      planned.fault = run.fault;
      absl::Status status = parts_->Run(
          "INSERT INTO runs(workload, phase, plan, repeat, state, observation) VALUES(?1, ?2, ?3, ?4, "
          "'planned', ?5)",
          {run.workload, run.phase, run.plan, int64_t{run.repeat}, stitch::WriteRun(planned)});
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<CampaignRun>> CampaignState::Runs() const { return Select("1"); }

absl::StatusOr<std::vector<CampaignRun>> CampaignState::Unfinished() const {
  return Select("state = 'planned'");
}

absl::StatusOr<std::vector<CampaignRun>> CampaignState::Select(const std::string& condition) const {
  auto rows = parts_->database.Query(Cat(
      "SELECT id, workload, phase, plan, repeat, observation FROM runs WHERE ", condition, " ORDER BY id"));
  if (!rows.ok()) return rows.status();
  std::vector<CampaignRun> runs;
  for (const auto& row : rows->rows) {
    auto planned = stitch::ReadObservations(
        Cat(stitch::kObservationsSchemaLine, ValueAs<std::string>(row[5])), parts_->path);
    if (!planned.ok()) return planned.status();
    if (planned->runs.size() != 1)
      return absl::DataLossError(Cat(parts_->path, ": a planned run is damaged"));
    runs.push_back({.id = ValueAs<int64_t>(row[0]),
                    .workload = ValueAs<std::string>(row[1]),
                    .fault = planned->runs.front().fault,
                    .plan = ValueAs<std::string>(row[3]),
                    .repeat = static_cast<int>(ValueAs<int64_t>(row[4])),
                    .phase = ValueAs<std::string>(row[2])});
  }
  return runs;
}

absl::Status CampaignState::Finish(int64_t id, const stitch::RunObservation& observation, double seconds,
                                   const std::string& note) {
  stitch::RunObservation named = observation;
  named.run = RunName(id);
  return parts_->Run(
      "UPDATE runs SET state = 'finished', seconds = ?2, note = ?3, observation = ?4 WHERE id = ?1",
      {id, seconds, note, stitch::WriteRun(named)});
}

absl::Status CampaignState::Fail(int64_t id, double seconds, const std::string& note) {
  return parts_->Run("UPDATE runs SET state = 'failed', seconds = ?2, note = ?3 WHERE id = ?1",
                     {id, seconds, note});
}

absl::Status CampaignState::AddNames(const stitch::Names& names) {
  stitch::Names fresh;
  const auto keep_new = [](const auto& given, auto& known, auto& out) {
    for (const auto& [id, what] : given) {
      if (known.emplace(id, what).second) out.emplace(id, what);
    }
  };
  keep_new(names.sites, parts_->names.sites, fresh.sites);
  keep_new(names.call_sites, parts_->names.call_sites, fresh.call_sites);
  keep_new(names.signatures, parts_->names.signatures, fresh.signatures);
  if (fresh.sites.empty() && fresh.call_sites.empty() && fresh.signatures.empty()) return absl::OkStatus();
  return parts_->Run("INSERT OR IGNORE INTO names VALUES(?1)", {stitch::WriteNames(fresh)});
}

absl::Status CampaignState::CheckBuilds(const std::map<std::string, std::string>& builds) {
  for (const auto& [path, id] : builds) {
    const auto [known, is_new] = parts_->builds.try_emplace(path, id);
    if (known->second != id) {
      return absl::FailedPreconditionError(
          Cat(path,
              ": is another build than in earlier runs of this campaign; its call sites have other "
              "numbers, so that nothing can be compared: bring the earlier build back and --resume, or "
              "begin anew with another -o"));
    }
    if (!is_new) continue;
    absl::Status kept = parts_->Run("INSERT OR IGNORE INTO builds VALUES(?1, ?2)", {path, id});
    if (!kept.ok()) return kept;
  }
  return absl::OkStatus();
}

absl::StatusOr<CampaignState::Counts> CampaignState::Count() const {
  auto rows = parts_->database.Query("SELECT state, COUNT(*), TOTAL(seconds) FROM runs GROUP BY state");
  if (!rows.ok()) return rows.status();
  Counts counts;
  for (const auto& row : rows->rows) {
    const std::string state = ValueAs<std::string>(row[0]);
    const int64_t count = ValueAs<int64_t>(row[1]);
    counts.planned += count;
    if (state == "finished") counts.finished = count;
    if (state == "failed") counts.failed = count;
    counts.seconds += ValueAs<double>(row[2]);
  }
  return counts;
}

absl::StatusOr<stitch::Observations> CampaignState::Observations() const {
  return Read(parts_->database, parts_->path);
}

absl::StatusOr<std::vector<std::string>> CampaignState::Notes() const {
  auto rows = parts_->database.Query(
      "SELECT workload || ': ' || note || ' (' || COUNT(*) || ' runs)' FROM runs WHERE note <> '' "
      "GROUP BY workload, note ORDER BY MIN(id)");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> notes;
  for (const auto& row : rows->rows) notes.push_back(ValueAs<std::string>(row[0]));
  return notes;
}

absl::StatusOr<FileDescriptor> LockCampaign(const std::string& directory) {
  const std::string path = directory + kLock;
  FileDescriptor lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock.is_open()) return FileError(errno, path, "cannot be written");
  const uint64_t deadline_ns = MonotonicNs() + kWorkersEndWithinNs;
  while (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (HolderLives(lock.get()) || MonotonicNs() > deadline_ns) {
      return absl::FailedPreconditionError(
          Cat(directory,
              ": another runner works on this campaign; wait for its end, or choose another place with -o"));
    }
    usleep(kLookAgainUs);
  }
  const std::string holder = Cat(getpid(), "\n");
  // Without it somebody else waits in vain for a while: no more.
  const bool named = ftruncate(lock.get(), 0) == 0 && pwrite(lock.get(), holder.data(), holder.size(), 0) > 0;
  static_cast<void>(named);
  return lock;
}

absl::StatusOr<stitch::Observations> ReadCampaignObservations(const std::string& directory) {
  const std::string path = directory + kFile;
  if (!FileExists(path))
    return absl::NotFoundError(Cat(path, ": no such file; give the directory of a campaign"));
  auto database = Database::OpenToRead(path);
  if (!database.ok()) return database.status();
  auto observations = Read(*database, path);
  if (!observations.ok()) {
    return absl::Status(observations.status().code(),
                        Cat(path, ": ", StdView(observations.status().message())));
  }
  for (const stitch::RunObservation& run : observations->runs) {
    if (!run.fault.has_value() || run.fault->kind != stitch::FaultKind::kError) continue;
    const auto site = observations->names.sites.find(run.fault->site);
    if (site == observations->names.sites.end() || IsTimeOut(*run.fault)) continue;
    observations->names.errors.try_emplace({run.fault->site, run.fault->parameter},
                                           ErrorName(*run.fault, FunctionOf(site->second)));
  }
  return observations;
}

}  // namespace rankle::cli
