// Looks at what the kernel counts for a job's ranks and the links between its hosts, and writes kernel.json
// (tracer/kernel/kernel_record.h) beside the records, every second and at the end. What it sees does not
// depend on what was injected.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/hosts/namespaces.h"
#include "injector/host/layout.h"

namespace rankle::cli {

struct KernelWatch {
  std::vector<std::pair<int, pid_t>> ranks;
  host::Layout layout;
  const Network* network = nullptr;  // null: no hosts of their own, so no links
  std::string output_dir;
};

// Until `stop` reads end-of-file; a process of its own.
void WatchKernel(const KernelWatch& watch, int stop);

}  // namespace rankle::cli
