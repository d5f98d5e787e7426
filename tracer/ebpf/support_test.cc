// What `rankle doctor` says of kernels and users that lack something.
#include "tracer/ebpf/support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::ebpf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kAll = ~uint64_t{0};

// A kernel that has everything, and root on it.
KernelProbe Complete() {
  KernelProbe probe;
  probe.release = "6.18.0";
  probe.capabilities = kAll;
  probe.btf = probe.uprobes = probe.many_uprobes = probe.ring_buffer = probe.sockets = true;
  probe.lockdown = "[none] integrity confidentiality";
  probe.return_values_error = "Permission denied";
  return probe;
}

Ability Of(const KernelProbe& probe, const std::string& name) {
  for (const Ability& ability : AbilitiesOf(probe)) {
    if (ability.name == name) return ability;
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(Support, OnAKernelThatHasEverythingOnlyResultsAndStaticProbesAreMissing) {
  for (const Ability& ability : AbilitiesOf(Complete()))
    EXPECT_EQ(ability.there, ability.name != "return values" && ability.name != "USDT") << ability.name;
}

TEST(Support, MissingPrivilegeIsNamedWithWhatWorksWithoutIt) {
  KernelProbe probe = Complete();
  probe.capabilities = 0, probe.ring_buffer = false;
  probe.load_error = "not permitted: run as root, or with CAP_BPF and CAP_PERFMON";
  EXPECT_FALSE(Of(probe, "privilege").there);
  EXPECT_THAT(Of(probe, "privilege").detail,
              AllOf(HasSubstr("CAP_BPF"), HasSubstr("CAP_SYS_PTRACE"), HasSubstr("`rankle run`")));
  EXPECT_THAT(Of(probe, "ring buffer").detail, HasSubstr("not told without privilege"));
  EXPECT_THAT(Of(probe, "programs").detail, HasSubstr("not permitted"));
}

TEST(Support, CapSysAdminHoldsTheYoungerOnesButNotPtrace) {
  KernelProbe probe = Complete();
  probe.capabilities = uint64_t{1} << 21;
  EXPECT_THAT(Of(probe, "privilege").detail, AllOf(HasSubstr("CAP_SYS_PTRACE"), Not(HasSubstr("CAP_BPF"))));
}

TEST(Support, WithoutBtfCallsAreStillSeen) {
  KernelProbe probe = Complete();
  probe.btf = false;
  probe.missing = {{"how processes end", "no BTF"}};
  EXPECT_FALSE(Of(probe, "BTF").there);
  EXPECT_THAT(Of(probe, "BTF").detail, HasSubstr("calls are seen"));
  EXPECT_THAT(Of(probe, "programs").detail,
              AllOf(HasSubstr("calls are seen"), HasSubstr("how processes end")));
}

TEST(Support, WithoutUprobesNothingIsAttachedTo) {
  KernelProbe probe = Complete();
  probe.uprobes = probe.many_uprobes = false;
  EXPECT_FALSE(Of(probe, "uprobes").there);
  EXPECT_THAT(Of(probe, "uprobes").detail,
              AllOf(HasSubstr("nothing can be attached"), HasSubstr("librankle.so")));
}

TEST(Support, AnOlderKernelSetsItsProbesOneByOneAndIsSaidToBeSlow) {
  KernelProbe probe = Complete();
  probe.release = "6.1.0", probe.many_uprobes = false;
  EXPECT_TRUE(Of(probe, "uprobes").there);
  EXPECT_THAT(Of(probe, "uprobes").detail, AllOf(HasSubstr("Linux 6.1.0"), HasSubstr("0.1 s a probe")));
}

TEST(Support, AKernelWithoutRingBuffersIsTooOld) {
  KernelProbe probe = Complete();
  probe.release = "5.4.0", probe.ring_buffer = false;
  EXPECT_FALSE(Of(probe, "ring buffer").there);
  EXPECT_THAT(Of(probe, "ring buffer").detail, AllOf(HasSubstr("Linux 5.4.0"), HasSubstr("5.8")));
}

TEST(Support, LockdownForConfidentialityForbidsAllAndForIntegrityNothing) {
  KernelProbe probe = Complete();
  probe.lockdown = "none integrity [confidentiality]";
  EXPECT_FALSE(Of(probe, "lockdown").there);
  EXPECT_THAT(Of(probe, "lockdown").detail, HasSubstr("nothing can be attached"));
  probe.lockdown = "none [integrity] confidentiality";
  EXPECT_TRUE(Of(probe, "lockdown").there);
  probe.lockdown = "";
  EXPECT_TRUE(Of(probe, "lockdown").there);
}

TEST(Support, AMissingTracepointIsNamedAndCallsAreStillSeen) {
  KernelProbe probe = Complete();
  probe.missing = {{"requests to disks", "its tracepoint is not in this kernel"}};
  EXPECT_FALSE(Of(probe, "programs").there);
  EXPECT_THAT(Of(probe, "programs").detail,
              AllOf(HasSubstr("calls are seen"), HasSubstr("requests to disks")));
}

TEST(Support, AContainerIsToldToAttachFromTheHost) {
  KernelProbe probe = Complete();
  probe.own_pid_namespace = true;
  EXPECT_FALSE(Of(probe, "pid namespace").there);
  EXPECT_THAT(Of(probe, "pid namespace").detail, HasSubstr("from the host"));
}

}  // namespace
}  // namespace rankle::ebpf
