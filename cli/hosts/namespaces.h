// The hosts of a job on one machine: for each a network and a host name of its own, and a switch between
// them. They have no names in the system and nothing in the machine's own network: they live as long as a
// process or descriptor is in them, so that whatever way rankle and the job end, the kernel removes them with
// all that is in them.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/launch/file_descriptor.h"

namespace rankle::cli {

struct HostNamespaces {
  FileDescriptor net, uts;
};

struct Network {
  FileDescriptor fabric;  // the namespace of the switch
  std::vector<HostNamespaces> hosts;
};

// Empty namespaces. This process stays where it is. Called while it has one thread.
absl::StatusOr<std::shared_ptr<Network>> MakeNamespaces(int hosts);
// Connects them: a bridge, and an interface for each host. Called inside the fabric's namespace.
absl::Status Connect(const Network& network);

}  // namespace rankle::cli
