#include "tracer/ebpf/support.h"

#include "absl/strings/str_cat.h"

namespace rankle::ebpf {
namespace {

struct Capability {
  const char* name;
  int number;
  const char* why;
};
constexpr int kSysAdmin = 21, kSysPtrace = 19;
constexpr Capability kCapabilities[] = {
    {"CAP_SYS_PTRACE", kSysPtrace, "looking into processes"},
    {"CAP_PERFMON", 38, "probes"},
    {"CAP_BPF", 39, "programs in the kernel"},
    {"CAP_CHECKPOINT_RESTORE", 40, "files of other mount namespaces, and replaced ones"},
};

constexpr char kInstead[] = "`rankle run` with librankle.so needs none of it";

// CAP_SYS_ADMIN holds the younger ones, as it did before they were split off.
std::string MissingCapabilities(uint64_t held) {
  const bool admin = (held >> kSysAdmin & 1) != 0;
  std::string missing;
  for (const Capability& capability : kCapabilities) {
    if ((held >> capability.number & 1) != 0 || (admin && capability.number != kSysPtrace)) continue;
    absl::StrAppend(&missing, missing.empty() ? "" : ", ", capability.name, " (", capability.why, ")");
  }
  return missing;
}

Ability Privilege(const KernelProbe& probe) {
  const std::string missing = MissingCapabilities(probe.capabilities);
  if (missing.empty()) return {"privilege", true, "root, or all that is needed"};
  return {"privilege", false, absl::StrCat("missing: ", missing, "; ", kInstead)};
}

Ability Btf(const KernelProbe& probe) {
  if (probe.btf) return {"BTF", true, "/sys/kernel/btf/vmlinux"};
  return {"BTF", false,
          "this kernel does not describe its structures (CONFIG_DEBUG_INFO_BTF): calls are seen; processes "
          "that start later, how processes end, run queues, retransmits and disks are not"};
}

Ability Uprobes(const KernelProbe& probe) {
  if (!probe.uprobes)
    return {
        "uprobes", false,
        absl::StrCat("this kernel has none (CONFIG_UPROBE_EVENTS, 4.17 or later): nothing can be attached "
                     "to; ",
                     kInstead)};
  if (probe.many_uprobes) return {"uprobes", true, "as links of many"};
  return {"uprobes", true,
          absl::StrCat("as perf events, one a probe: Linux ", probe.release,
                       " has no links of many (6.6); all works, detaching takes 0.1 s a probe")};
}

Ability RingBuffer(const KernelProbe& probe) {
  if (probe.ring_buffer) return {"ring buffer", true, "BPF ring buffer"};
  if (!MissingCapabilities(probe.capabilities).empty())
    return {"ring buffer", false, "not told without privilege"};
  return {"ring buffer", false,
          absl::StrCat("Linux ", probe.release, " has none (5.8): nothing can be attached to; ", kInstead)};
}

Ability Lockdown(const KernelProbe& probe) {
  if (probe.lockdown.find("[confidentiality]") != std::string::npos)
    return {
        "lockdown", false,
        absl::StrCat("confidentiality: the kernel lets no BPF program read memory; nothing can be attached "
                     "to; ",
                     kInstead)};
  if (probe.lockdown.find("[integrity]") != std::string::npos)
    return {"lockdown", true, "integrity: attaching works"};
  return {"lockdown", true, "off"};
}

Ability PidNamespace(const KernelProbe& probe) {
  if (!probe.own_pid_namespace) return {"pid namespace", true, "the machine's"};
  return {"pid namespace", false, "one of its own (a container): attach from the host"};
}

Ability Programs(const KernelProbe& probe) {
  if (!probe.load_error.empty()) return {"programs", false, probe.load_error};
  std::string missing;
  for (const MissingProgram& program : probe.missing)
    absl::StrAppend(&missing, missing.empty() ? "" : "; ", program.what, ": ", program.why);
  if (missing.empty()) return {"programs", true, "the kernel takes all of them"};
  return {"programs", false, absl::StrCat("calls are seen; not seen: ", missing)};
}

Ability Connections(const KernelProbe& probe) {
  if (probe.sockets) return {"connections", true, "round trips and losses of IPv4 sockets, by sock_diag"};
  return {
      "connections", false,
      "this kernel does not tell about sockets (CONFIG_INET_DIAG): slow and lossy links are not seen; calls "
      "are"};
}

Ability StaticProbes(const KernelProbe&) {
  return {"USDT", false,
          "NCCL and CUDA have no static probes, those of other libraries are not used: uprobes are"};
}

Ability ReturnValues(const KernelProbe& probe) {
  constexpr char kRefused[] =
      "fail, skip, mutate and the like are refused through eBPF: `rankle run` with librankle.so has them";
  if (!probe.return_values)
    return {"return values", false,
            absl::StrCat("this kernel lets no BPF program change them (", probe.return_values_error,
                         "): ", kRefused)};
  return {
      "return values", false,
      absl::StrCat("this kernel would let BPF programs change them, rankle does not use that: ", kRefused)};
}

}  // namespace

std::vector<Ability> AbilitiesOf(const KernelProbe& probe) {
  std::vector<Ability> abilities;
  for (const auto ability : {Privilege, Btf, Uprobes, RingBuffer, Lockdown, PidNamespace, Programs,
                             Connections, StaticProbes, ReturnValues})
    abilities.push_back(ability(probe));
  return abilities;
}

}  // namespace rankle::ebpf
