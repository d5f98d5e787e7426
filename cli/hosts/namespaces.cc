#include "cli/hosts/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "absl/strings/str_split.h"
#include "cli/hosts/tool.h"
#include "cli/launch/text.h"
#include "injector/host/layout.h"
#include "injector/host/link_rules.h"

namespace rankle::cli {
namespace {

FileDescriptor OpenOwn(const char* kind) {
  return FileDescriptor(open(Cat("/proc/self/ns/", kind).c_str(), O_RDONLY | O_CLOEXEC));
}

absl::Status CannotMake(int error) {
  return absl::ErrnoToStatus(
      error, "--hosts: cannot make network namespaces (CAP_SYS_ADMIN is needed: run as root)");
}

absl::Status Ip(const std::string& words, int net_namespace = kOwnNamespace) {
  std::vector<std::string> list = {"ip"};
  for (const absl::string_view word : absl::StrSplit(words, ' ')) list.emplace_back(word);
  return RunTool(list, net_namespace);
}

absl::Status ConnectHost(const HostNamespaces& namespaces, int host) {
  const std::string port = host::PortOf(host), name = host::kHostInterface;
  const int inside = namespaces.net.get();
  // The tool opens the namespace through this process, which keeps the descriptor.
  for (const auto& [words, where] : std::initializer_list<std::pair<std::string, int>>{
           {Cat("link add ", port, " type veth peer name ", name, " netns /proc/", getpid(), "/fd/", inside),
            kOwnNamespace},
           {Cat("link set ", port, " master switch up"), kOwnNamespace},
           {"link set lo up", inside},
           {Cat("address add ", host::AddressOf(host), "/24 dev ", name), inside},
           {Cat("link set ", name, " up"), inside}}) {
    if (absl::Status status = Ip(words, where); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Network>> MakeNamespaces(int hosts) {
  const FileDescriptor own_net = OpenOwn("net"), own_uts = OpenOwn("uts");
  auto network = std::make_shared<Network>();
  absl::Status status;
  for (int host = -1; host < hosts && status.ok(); ++host) {  // -1: the fabric
    if (unshare(CLONE_NEWNET | CLONE_NEWUTS) != 0) {
      status = CannotMake(errno);
    } else if (host < 0) {
      network->fabric = OpenOwn("net");
    } else {
      const std::string name = host::HostName(host);
      if (sethostname(name.c_str(), name.size()) != 0) status = CannotMake(errno);
      network->hosts.push_back({.net = OpenOwn("net"), .uts = OpenOwn("uts")});
    }
  }
  if (setns(own_net.get(), CLONE_NEWNET) != 0 || setns(own_uts.get(), CLONE_NEWUTS) != 0)
    status = CannotMake(errno);
  if (!status.ok()) return status;
  return network;
}

absl::Status Connect(const Network& network) {
  for (const char* words : {"link set lo up", "link add switch type bridge", "link set switch up"}) {
    if (absl::Status status = Ip(words); !status.ok()) return status;
  }
  for (size_t host = 0; host < network.hosts.size(); ++host) {
    if (absl::Status status = ConnectHost(network.hosts[host], static_cast<int>(host)); !status.ok())
      return status;
  }
  return absl::OkStatus();
}

}  // namespace rankle::cli
