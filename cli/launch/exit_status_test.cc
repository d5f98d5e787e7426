#include "cli/launch/exit_status.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace rankle::cli {
namespace {

ProcessEnd Exited(uint64_t ns, int code) { return {.ended_ns = ns, .exit_code = code, .signal = {}}; }
ProcessEnd Killed(uint64_t ns, int signal) { return {.ended_ns = ns, .exit_code = {}, .signal = signal}; }

TEST(ExitStatus, ASignalBecomes128PlusItsNumber) {
  EXPECT_EQ(ExitCodeOf(Killed(1, SIGKILL)), 137);
  EXPECT_EQ(ExitCodeOf(Exited(1, 7)), 7);
}

TEST(ExitStatus, WaitStatusIsTakenApart) {
  const ProcessEnd exited = EndFromWaitStatus(7 << 8, 5);
  EXPECT_EQ(exited.exit_code, 7);
  EXPECT_FALSE(exited.signal);
  EXPECT_EQ(exited.ended_ns, 5u);
  const ProcessEnd killed = EndFromWaitStatus(SIGSEGV, 5);
  EXPECT_EQ(killed.signal, SIGSEGV);
  EXPECT_FALSE(killed.exit_code);
}

TEST(ExitStatus, ASignalWinsOverExitCodes) {
  const ProcessEnd ends[] = {Exited(10, 0), Exited(20, 4), Killed(30, SIGABRT), Killed(5, SIGSEGV)};
  EXPECT_EQ(JobExitCode(ends, {}), 134);
}

TEST(ExitStatus, OfSeveralExitCodesTheLowestRanksCounts) {
  const ProcessEnd ends[] = {Exited(10, 0), Exited(30, 4), Exited(20, 5)};
  EXPECT_EQ(JobExitCode(ends, {}), 4);
}

TEST(ExitStatus, WhatRankleEndedCountsOnlyAlone) {
  const ProcessEnd failed[] = {Exited(10, 3)}, well[] = {Exited(10, 0)}, killed[] = {Killed(20, SIGKILL)};
  EXPECT_EQ(JobExitCode(failed, killed), 3);
  EXPECT_EQ(JobExitCode(well, killed), 137);
}

TEST(ExitStatus, AJobWithoutFailedRanksSucceeds) {
  const ProcessEnd ends[] = {Exited(10, 0), Exited(30, 0)};
  EXPECT_EQ(JobExitCode(ends, {}), 0);
}

TEST(ExitStatus, SignalsHaveTheirUsualNames) {
  EXPECT_EQ(SignalName(SIGKILL), "SIGKILL");
  EXPECT_EQ(SignalName(200), "signal 200");
}

}  // namespace
}  // namespace rankle::cli
