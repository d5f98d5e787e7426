#include "cli/hosts/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>

#include "cli/hosts/faults_in_force.h"
#include "cli/hosts/limited_directory.h"
#include "cli/launch/clock.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"
#include "injector/host/ranks.h"
#include "injector/host/schedule.h"
#include "injector/plan/armed_plan.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/control_file.h"

namespace rankle::cli {
namespace {

// The job's processes are killed by the guard or by the death of their parent; what outlives that for so long
// is moved out of its groups.
constexpr uint64_t kRanksEndNs = 5'000'000'000;
constexpr useconds_t kLookAgainUs = 20'000;

// The bytes of an armed plan and the view of them.
struct LoadedPlan {
  std::string bytes;
  plan::ArmedPlan plan;
};

absl::StatusOr<std::unique_ptr<LoadedPlan>> Load(const std::string& path) {
  auto loaded = std::make_unique<LoadedPlan>();
  if (path.empty()) return loaded;
  absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  loaded->bytes = *std::move(bytes);
  const char* error = nullptr;
  loaded->plan = plan::ArmedPlan::View(loaded->bytes.data(), loaded->bytes.size(), &error);
  if (error != nullptr) return absl::InternalError(Cat(path, ": ", error));
  return loaded;
}

// What the supervisor tells the keeper.
struct Message {
  enum Kind : int { kFollow, kBegin } kind;
  pid_t supervisor;
};

class KeeperProcess {
 public:
  KeeperProcess(const HostPlan& plan, const Network* network, int control)
      : plan_(plan), network_(network), control_(control) {}

  // Tells the guard what came of the preparation, as text, empty = all is in place; then works until the
  // supervisor is gone.
  [[noreturn]] void Run() {
    // Its end is the end of the supervisor, nothing else.
    for (const int signal :
         {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2})
      ::signal(signal, SIG_IGN);
    setsid();
    const absl::Status prepared = Prepare();
    const std::string text = prepared.ok() ? "" : std::string(prepared.message());
    // A message of length 0 would look like end-of-file.
    const std::string message = Cat(prepared.ok() ? "+" : "-", text);
    const bool told = send(control_, message.data(), message.size(), MSG_NOSIGNAL) > 0;
    if (prepared.ok() && told) Work();
    if (faults_) {
      faults_->Set({});
      WaitForRanks();
      faults_->Remove();
    }
    _exit(0);
  }

 private:
  absl::Status Prepare() {
    if (network_ != nullptr && setns(network_->fabric.get(), CLONE_NEWNET) != 0)
      return absl::ErrnoToStatus(errno, "--hosts: cannot enter the network of the switch");
    absl::StatusOr<std::unique_ptr<LoadedPlan>> loaded = Load(plan_.armed_plan);
    if (!loaded.ok()) return loaded.status();
    loaded_ = *std::move(loaded);
    if (!plan_.control.empty()) {
      absl::StatusOr<plan::ControlFile> counters = plan::ControlFile::Open(plan_.control);
      if (!counters.ok()) return counters.status();
      counters_ = *std::move(counters);
    }
    faults_.emplace(loaded_->plan, plan_.layout, network_);
    return faults_->Prepare(KeeperOfProcess(getpid()));
  }

  void Work() {
    uint64_t begin_ns = 0;  // 0: the job has not begun
    for (;;) {
      int wait_ms = -1;
      if (begin_ns != 0) {
        const uint64_t next = Apply(MonotonicNs() - begin_ns);
        const uint64_t now = MonotonicNs() - begin_ns;
        if (next != host::kNever)
          wait_ms =
              next > now ? static_cast<int>(std::min<uint64_t>((next - now) / 1'000'000 + 1, 3'600'000)) : 0;
      }
      // End-of-file alone would not do: helpers of the supervisor have copies of its descriptors, and outlive
      // it.
      pollfd sources[2] = {{.fd = control_, .events = POLLIN, .revents = 0},
                           {.fd = supervisor_.get(), .events = POLLIN, .revents = 0}};
      if (poll(sources, 2, wait_ms) <= 0) continue;
      if (sources[1].revents != 0) return;
      Message message{};
      const ssize_t count = recv(control_, &message, sizeof(message), MSG_DONTWAIT);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count != sizeof(message)) return;  // nobody is left to tell us anything
      if (message.kind == Message::kBegin) begin_ns = MonotonicNs();
      if (message.kind == Message::kFollow) {
        supervisor_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, message.supervisor, 0)));
        if (!supervisor_.is_open()) return;
      }
    }
  }

  // Puts in force what is due; returns when something changes next.
  uint64_t Apply(uint64_t at_ns) {
    std::set<size_t> on;
    uint64_t next = host::kNever;
    for (size_t i = 0; i < loaded_->plan.size(); ++i) {
      const plan::ArmedFault& fault = loaded_->plan.fault(i);
      const plan::ActionInfo* info = plan::FindAction(fault.action);
      if (info == nullptr || info->place.empty()) continue;
      // A moment that has passed between two looks is not missed: resets have no length.
      if (host::IsOn(fault, at_ns) || (last_ns_ && host::NextChange(fault, *last_ns_) <= at_ns &&
                                       fault.action == plan::Action::kNetReset))
        on.insert(i);
      next = std::min(next, host::NextChange(fault, at_ns));
    }
    last_ns_ = at_ns;
    for (const size_t fault : faults_->Set(on)) {
      if (counters_ && fault < counters_->fault_count()) {
        counters_->page()->faults[fault].matched.fetch_add(1);
        counters_->page()->faults[fault].fired.fetch_add(1);
      }
    }
    return next;
  }

  void WaitForRanks() {
    const uint64_t deadline = MonotonicNs() + kRanksEndNs;
    const auto is_empty = [](const ControlGroup& group) { return ProcessesIn(group).empty(); };
    for (;;) {
      const std::vector<ControlGroup> groups = FindGroups(KeeperOfProcess(getpid()));
      if (std::all_of(groups.begin(), groups.end(), is_empty) || MonotonicNs() > deadline) return;
      usleep(kLookAgainUs);
    }
  }

  const HostPlan& plan_;
  const Network* const network_;
  const int control_;
  std::unique_ptr<LoadedPlan> loaded_;
  std::optional<plan::ControlFile> counters_;
  std::optional<FaultsInForce> faults_;
  std::optional<uint64_t> last_ns_;
  FileDescriptor supervisor_;
};

int64_t ClockOffsetOf(const plan::ArmedPlan& plan, int rank) {
  int64_t offset = 0;
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan.fault(i).action == plan::Action::kClockSkew && host::Names(plan.fault(i).rank, rank))
      offset += plan.fault(i).value;
  }
  return offset;
}

std::vector<LimitedDirectory> DirectoriesOf(const plan::ArmedPlan& plan, int rank) {
  std::vector<LimitedDirectory> directories;
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan.fault(i).action == plan::Action::kDiskLimit && host::Names(plan.fault(i).rank, rank))
      directories.push_back(
          LimitedDirectoryOf(plan.text(plan.fault(i).path.offset), plan.fault(i).bytes_limit));
  }
  return directories;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeeperLink>> KeeperLink::Start(const HostPlan& plan) {
  std::unique_ptr<KeeperLink> link(new KeeperLink);
  link->plan_ = plan;
  absl::StatusOr<std::unique_ptr<LoadedPlan>> read = Load(plan.armed_plan);
  if (!read.ok()) return read.status();
  const std::shared_ptr<const LoadedPlan> loaded = *std::move(read);
  link->loaded_ = loaded;
  link->churn_.emplace(loaded->plan);
  if (plan.layout.hosts > 0) {
    absl::StatusOr<std::shared_ptr<Network>> network = MakeNamespaces(plan.layout.hosts);
    if (!network.ok()) return network.status();
    link->network_ = *std::move(network);
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return absl::ErrnoToStatus(errno, "cannot start the keeper of host faults");
  link->control_ = FileDescriptor(ends[0]);
  FileDescriptor keepers(ends[1]);
  link->pid_ = fork();
  if (link->pid_ < 0) return absl::ErrnoToStatus(errno, "cannot start the keeper of host faults");
  if (link->pid_ == 0) {
    link->control_.Close();
    KeeperProcess(plan, link->network_.get(), keepers.get()).Run();
  }
  keepers.Close();
  char text[4096];
  const ssize_t count = recv(link->control_.get(), text, sizeof(text), 0);
  if (count < 1 || text[0] != '+') {
    link->Finish();
    return absl::FailedPreconditionError(count > 1 ? std::string(text + 1, static_cast<size_t>(count) - 1)
                                                   : "the keeper of host faults has died");
  }
  // Made by the keeper under these names.
  link->keeper_ = KeeperOfProcess(link->pid_);
  const absl::StatusOr<std::vector<RankGroup>> groups = GroupsFor(loaded->plan, plan.layout, link->keeper_);
  if (!groups.ok()) return groups.status();
  for (int rank = 0; rank < plan.layout.ranks; ++rank) {
    RankPlace place{.host = plan.layout.hosts > 0 ? plan.layout.HostOf(rank) : -1,
                    .group_procs = {},
                    .clock_offset_ns = ClockOffsetOf(loaded->plan, rank),
                    .directories = DirectoriesOf(loaded->plan, rank)};
    for (const RankGroup& group : *groups) {
      if (group.rank == rank) place.group_procs.push_back(Cat(group.group.directory, "/cgroup.procs"));
    }
    link->places_.push_back(std::move(place));
  }
  return link;
}

RankPlace KeeperLink::PlaceOf(int rank) const {
  return static_cast<size_t>(rank) < places_.size() ? places_[static_cast<size_t>(rank)] : RankPlace();
}

void KeeperLink::Tell(int kind) const {
  const Message message{static_cast<Message::Kind>(kind), getpid()};
  (void)send(control_.get(), &message, sizeof(message), MSG_NOSIGNAL);  // its end is noticed elsewhere
}
void KeeperLink::Follow() const { Tell(Message::kFollow); }
void KeeperLink::Begin() const { Tell(Message::kBegin); }

void KeeperLink::Finish() {
  control_.Close();
  if (pid_ <= 0) return;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
  if (keeper_.pid == 0) return;
  for (const ControlGroup& group : FindGroups(keeper_)) {
    if (absl::Status status = RemoveGroup(group); !status.ok()) SayError(status);
  }
}

}  // namespace rankle::cli
