#include "tracer/ebpf/support.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "tracer/ebpf/bpf_programs.h"
#include "tracer/ebpf/process_info.h"

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

struct Capability {
  const char* name;
  int number;
  const char* why;
};
constexpr int kSysAdmin = 21;
constexpr Capability kCapabilities[] = {
    {"CAP_SYS_PTRACE", 19, "looking into processes"},
    {"CAP_PERFMON", 38, "probes"},
    {"CAP_BPF", 39, "programs in the kernel"},
    {"CAP_CHECKPOINT_RESTORE", 40, "files of other mount namespaces, and replaced ones"},
};

Ability Privilege() {
  const uint64_t held = EffectiveCapabilities();
  std::string missing;
  for (const Capability& capability : kCapabilities) {
    const bool there =
        (held >> capability.number & 1) != 0 || ((held >> kSysAdmin & 1) != 0 && capability.number != 19);
    if (!there)
      absl::StrAppend(&missing, missing.empty() ? "" : ", ", capability.name, " (", capability.why, ")");
  }
  if (missing.empty()) return {"privilege", true, "root, or all that is needed"};
  return {"privilege", false,
          absl::StrCat("missing: ", missing, "; `rankle run` with librankle.so needs none")};
}

Ability Btf() {
  constexpr char kPath[] = "/sys/kernel/btf/vmlinux";
  if (access(kPath, R_OK) == 0) return {"BTF", true, kPath};
  return {"BTF", false,
          "this kernel does not describe its structures (CONFIG_DEBUG_INFO_BTF): calls are seen; processes "
          "that start later, "
          "how processes end, run queues and retransmits are not"};
}

Ability Uprobes() {
  if (!FirstLine("/sys/bus/event_source/devices/uprobe/type").empty())
    return {"uprobes", true, "perf events of type uprobe"};
  return {"uprobes", false,
          "this kernel has none (CONFIG_UPROBE_EVENTS, 4.17 or later): nothing can be attached to"};
}

Ability RingBuffer() {
  if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr) == 1)
    return {"ring buffer", true, "BPF ring buffer"};
  return {"ring buffer", false, "not permitted, or a kernel before 5.8: nothing can be attached to"};
}

Ability Lockdown() {
  const std::string state = FirstLine("/sys/kernel/security/lockdown");
  if (state.find("[confidentiality]") != std::string::npos)
    return {"lockdown", false,
            "confidentiality: the kernel lets no BPF program read memory; nothing can be attached to"};
  if (state.find("[integrity]") != std::string::npos) return {"lockdown", true, "integrity: attaching works"};
  return {"lockdown", true, "off"};
}

Ability PidNamespace() {
  if (!InOwnPidNamespace()) return {"pid namespace", true, "the machine's"};
  return {"pid namespace", false, "one of its own (a container): attach from the host"};
}

// A uprobe program that writes the register of the return value: kernels that take it could change results.
Ability ReturnValues() {
  const bpf_insn program[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 2, .off = 80 /* pt_regs.rax */, .imm = 0},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const int loaded = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "rankle_try", "GPL", program,
                                   sizeof(program) / sizeof(program[0]), nullptr);
  if (loaded >= 0) close(loaded);
  constexpr char kInstead[] =
      "fail, skip, mutate and the like are refused through eBPF: `rankle run` with librankle.so has them";
  if (loaded < 0)
    return {"return values", false,
            absl::StrCat("this kernel lets no BPF program change them (", strerror(errno), "): ", kInstead)};
  return {
      "return values", false,
      absl::StrCat("this kernel would let BPF programs change them, rankle does not use that: ", kInstead)};
}

Ability Programs() {
  const auto programs = BpfPrograms::Load({.buffer_bytes = 1 << 16, .waits = true});
  if (!programs.ok()) return {"programs", false, std::string(programs.status().message())};
  std::string missing;
  for (const MissingProgram& program : (*programs)->missing())
    absl::StrAppend(&missing, missing.empty() ? "" : "; ", program.what, ": ", program.why);
  if (missing.empty()) return {"programs", true, "the kernel takes all of them"};
  return {"programs", false, absl::StrCat("calls are seen; not seen: ", missing)};
}

}  // namespace

std::vector<Ability> Abilities() {
  return {Privilege(), Btf(),          Uprobes(),  RingBuffer(),
          Lockdown(),  PidNamespace(), Programs(), ReturnValues()};
}

}  // namespace rankle::ebpf
