// What this kernel and this user have of what attaching needs, found by asking and trying. Loads the programs
// for a moment, attaches nothing. What it means is told by support.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tracer/ebpf/bpf_programs.h"

namespace rankle::ebpf {

struct KernelProbe {
  std::string release;        // "6.18.44": of uname
  uint64_t capabilities = 0;  // effective
  bool btf = false;           // the kernel describes its structures
  bool uprobes = false;       // as perf events: 4.17
  bool many_uprobes = false;  // as links of many: 6.6
  bool ring_buffer = false;   // 5.8; not told without privilege
  std::string lockdown;       // of /sys/kernel/security/lockdown; "" = there is none
  bool own_pid_namespace = false;
  bool sockets = false;    // connections can be asked for (sock_diag)
  std::string load_error;  // why the programs cannot be loaded; "" = they can
  std::vector<MissingProgram> missing;
  bool return_values = false;       // programs may change them
  std::string return_values_error;  // why not
};

KernelProbe ProbeKernel();

}  // namespace rankle::ebpf
