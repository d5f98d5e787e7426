#include "cli/hosts/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <string>

#include "absl/strings/str_split.h"
#include "cli/hosts/tool.h"
#include "cli/launch/clock.h"
#include "cli/launch/text.h"
#include "injector/host/link_rules.h"
#include "injector/plan/decide.h"

namespace rankle::cli {
namespace {

constexpr size_t kMostHeld = 16'384;  // packets; beyond it they are lost, as in any queue
constexpr size_t kLargestFrame = 65'536;

struct Held {
  uint64_t due_ns;
  std::string frame;
};

}  // namespace

absl::StatusOr<FileDescriptor> MakeRelayDevice(size_t fault) {
  const std::string name = host::RelayDevice(fault);
  FileDescriptor device(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (!device.is_open() || ioctl(device.get(), TUNSETIFF, &request) != 0)
    return absl::ErrnoToStatus(errno, "net-delay: cannot make a tap device (/dev/net/tun)");
  // The switch must not learn senders from what comes back, nor flood the relay.
  for (const std::string& words :
       {Cat("ip link set ", name, " master switch up"),
        Cat("ip link set ", name,
            " type bridge_slave learning off flood off mcast_flood off bcast_flood off")}) {
    if (absl::Status status = RunTool(absl::StrSplit(words, ' ')); !status.ok()) return status;
  }
  return device;
}

void Relay(int device, const plan::Distribution& time, uint64_t seed, size_t fault) {
  prctl(PR_SET_TIMERSLACK, 1);
  std::deque<Held> held;
  std::string buffer(kLargestFrame, '\0');
  uint64_t number = 0, last_due = 0;
  for (;;) {
    pollfd source{.fd = device, .events = POLLIN, .revents = 0};
    timespec wait{};
    if (!held.empty()) {
      const uint64_t now = MonotonicNs(), due = held.front().due_ns;
      const uint64_t left = due > now ? due - now : 0;
      wait = {.tv_sec = static_cast<time_t>(left / 1'000'000'000),
              .tv_nsec = static_cast<long>(left % 1'000'000'000)};
    }
    if (ppoll(&source, 1, held.empty() ? nullptr : &wait, nullptr) < 0 && errno != EINTR) _exit(1);
    for (ssize_t size; (size = read(device, buffer.data(), buffer.size())) > 0;) {
      if (held.size() == kMostHeld) continue;
      const plan::DrawPoint point(seed, fault, /*rank=*/0, ++number);
      last_due = std::max(last_due, MonotonicNs() + plan::Draw(time, point));
      held.push_back({last_due, buffer.substr(0, static_cast<size_t>(size))});
    }
    for (; !held.empty() && held.front().due_ns <= MonotonicNs(); held.pop_front()) {
      // A full queue of the device loses the packet, as a switch would.
      [[maybe_unused]] const ssize_t written =
          write(device, held.front().frame.data(), held.front().frame.size());
    }
  }
}

}  // namespace rankle::cli
