#include "cli/hosts/abilities.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>

#include "absl/strings/str_split.h"
#include "cli/hosts/control_groups.h"
#include "cli/hosts/namespaces.h"
#include "cli/hosts/tool.h"
#include "cli/launch/command_path.h"
#include "cli/launch/text.h"
#include "injector/host/classic_bpf.h"

namespace rankle::cli {
namespace {

using plan::Action;

// Children that have answered, and may be stuck in the kernel for seconds while it takes their namespaces
// down: nobody waits for them. Those that outlive this process are its parent's.
std::vector<pid_t>& Answered() {
  static auto* const pids = new std::vector<pid_t>;
  return *pids;
}
void ReapAnswered() {
  std::erase_if(Answered(), [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

// Runs `attempt` in a child with namespaces of its own and returns what it says.
std::string InChild(int namespaces, const std::function<std::string()>& attempt) {
  ReapAnswered();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return strerror(errno);
  FileDescriptor in(ends[0]), out(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return strerror(errno);
  if (pid == 0) {
    const std::string why = unshare(namespaces) == 0
                                ? attempt()
                                : Cat("no namespace can be made: ", strerror(errno), " (run as root)");
    [[maybe_unused]] const ssize_t written = write(out.get(), why.data(), why.size());
    out.Close();  // the answer is complete: before the namespaces go
    _exit(0);
  }
  out.Close();
  char text[2048];
  std::string why;
  for (ssize_t count; (count = read(in.get(), text, sizeof(text))) > 0;)
    why.append(text, static_cast<size_t>(count));
  Answered().push_back(pid);
  return why;
}

std::string TryTools(const std::vector<std::string>& commands) {
  for (const std::string& words : commands) {
    const absl::Status status = RunTool(absl::StrSplit(words, ' '));
    if (!status.ok()) return std::string(status.message());
  }
  return "";
}

std::string TryDrop() {
  std::string why = TryTools({"tc qdisc add dev lo clsact"});
  if (!why.empty()) return why;
  const absl::Status status = RunTool({"tc", "filter", "add", "dev", "lo", "ingress", "protocol", "all",
                                       "bpf", "da", "bytecode", host::DropProgram(1, 50)});
  return status.ok() ? "" : std::string(status.message());
}

std::string TryDelay() {
  const FileDescriptor device(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  strncpy(request.ifr_name, "relay", IFNAMSIZ - 1);
  if (!device.is_open() || ioctl(device.get(), TUNSETIFF, &request) != 0)
    return Cat("no tap device can be made (/dev/net/tun): ", strerror(errno));
  return TryTools(
      {"tc qdisc add dev lo clsact",
       "tc filter add dev lo ingress protocol ip u32 match ip dst 10.77.0.1/32 action mirred egress "
       "redirect dev relay"});
}

std::string TryHosts() {
  return TryTools({"ip link add switch type bridge", "ip link add port0 type veth peer name eth0",
                   "ip link set port0 master switch up"});
}

std::string TryGroup(host::Controller controller, const char* file) {
  absl::StatusOr<ControlGroup> group = PlaceOfGroups(controller);
  if (!group.ok()) return std::string(group.status().message());
  group->directory += Cat("/", host::GroupName(KeeperOfProcess(getpid()), 0));
  absl::Status status = MakeGroup(*group);
  if (!status.ok()) return std::string(status.message());
  const bool has = access(Cat(group->directory, "/", file).c_str(), W_OK) == 0;
  status = RemoveGroup(*group);
  if (!has) return Cat("control groups here have no ", file);
  return status.ok() ? "" : std::string(status.message());
}

std::string TryVersions(host::Controller controller, const char* file_v1, const char* file_v2) {
  const absl::StatusOr<ControlGroup> group = PlaceOfGroups(controller);
  return TryGroup(controller, group.ok() && group->version == 1 ? file_v1 : file_v2);
}

std::string TryTimeNamespace() {
  return access("/proc/self/timens_offsets", W_OK) == 0
             ? InChild(CLONE_NEWTIME, [] { return std::string(); })
             : "this kernel has no time namespaces (CONFIG_TIME_NS)";
}

std::string TryMount() {
  if (mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0 ||
      mount("rankle-disk", "/proc", "tmpfs", 0, "size=4096") != 0)
    return Cat("no file system can be mounted: ", strerror(errno), " (run as root)");
  return "";
}

std::string Try(Action action) {
  switch (action) {
    case Action::kNetDelay:
      return InChild(CLONE_NEWNET, TryDelay);
    case Action::kNetDrop:
      return InChild(CLONE_NEWNET, TryDrop);
    case Action::kNetLimit:
      return InChild(CLONE_NEWNET,
                     [] { return TryTools({"tc qdisc add dev lo root handle 1: htb default 0"}); });
    case Action::kNetReset:
      return InChild(CLONE_NEWNET, [] { return TryTools({"ss -K -H -t dst 10.77.0.1"}); });
    case Action::kThrottle:
      return TryVersions(host::Controller::kCpu, "cpu.cfs_quota_us", "cpu.max");
    case Action::kMemoryLimit:
      return TryVersions(host::Controller::kMemory, "memory.limit_in_bytes", "memory.max");
    case Action::kFreeze:
      return TryGroup(host::Controller::kCore, "cgroup.freeze");
    case Action::kFdLimit:
      return TryGroup(host::Controller::kCore, "cgroup.procs");
    case Action::kClockSkew:
      return TryTimeNamespace();
    case Action::kDiskLimit:
      return InChild(CLONE_NEWNS, TryMount);
    default:
      return "";
  }
}

}  // namespace

// Asked for every case of a suite, and taking namespaces down is slow on a busy kernel: tried once.
std::string WhyNoHosts() {
  static const auto* const why = new std::string(InChild(CLONE_NEWNET, TryHosts));
  return *why;
}

std::string WhyNotHere(Action action) {
  static auto* const known = new std::map<Action, std::string>;
  const auto found = known->find(action);
  return found != known->end() ? found->second : known->emplace(action, Try(action)).first->second;
}

}  // namespace rankle::cli
