#include "tracer/ebpf/kernel_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "tracer/ebpf/process_info.h"
#include "tracer/kernel/tcp_sockets.h"

namespace rankle::ebpf {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

uint64_t EffectiveCapabilities() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("CapEff:", 0) == 0) return strtoull(line.c_str() + 7, nullptr, 16);
  }
  return 0;
}

std::string Release() {
  utsname name = {};
  return uname(&name) == 0 ? name.release : "";
}

bool CanAskForSockets() {
  const int diagnosis = kernel::OpenSocketDiagnosis();
  if (diagnosis >= 0) close(diagnosis);
  return diagnosis >= 0;
}

// A uprobe program that writes the register of the return value: kernels that take it could change results.
std::string WhyNoReturnValues() {
  const bpf_insn program[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 2, .off = 80 /* pt_regs.rax */, .imm = 0},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const int loaded = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "rankle_try", "GPL", program,
                                   sizeof(program) / sizeof(program[0]), nullptr);
  if (loaded < 0) return strerror(errno);
  close(loaded);
  return "";
}

}  // namespace

KernelProbe ProbeKernel() {
  KernelProbe probe;
  probe.release = Release();
  probe.capabilities = EffectiveCapabilities();
  probe.btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  probe.uprobes = !FirstLine("/sys/bus/event_source/devices/uprobe/type").empty();
  probe.many_uprobes = TakesManyProbes();
  probe.ring_buffer = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr) == 1;
  probe.lockdown = FirstLine("/sys/kernel/security/lockdown");
  probe.own_pid_namespace = InOwnPidNamespace();
  probe.sockets = CanAskForSockets();
  BpfOptions options;
  options.buffer_bytes = 1 << 16;
  if (const auto programs = BpfPrograms::Load(options); programs.ok())
    probe.missing = (*programs)->missing();
  else
    probe.load_error = std::string(programs.status().message());
  probe.return_values_error = WhyNoReturnValues();
  probe.return_values = probe.return_values_error.empty();
  return probe;
}

}  // namespace rankle::ebpf
