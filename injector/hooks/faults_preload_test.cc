// Every action of the catalogue on a preloaded program: what the program sees, what the record says, and the
// ground truth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "injector/hooks/testing/tracee_run.h"
#include "injector/plan/action.h"

namespace rankle::hooks {
namespace {

using record::Kind;
using record::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TraceeResult RunWith(const std::string& program, std::vector<std::string> faults) {
  TraceeOptions options;
  options.faults = std::move(faults);
  return RunTracee({program}, options);
}

uint64_t Gap(const record::Event& before, const record::Event& after) {
  return after.entered_ns - before.returned_ns;
}

TEST(Faults, DelayHappensBeforeTheCallIsRecordedAsEntered) {
  const TraceeResult result = RunWith("reduce", {"delay ncclAllReduce call=3 time=50ms"});
  const auto operations = result.Events(Kind::kOperation);
  ASSERT_EQ(operations.size(), 5u);
  EXPECT_GE(Gap(operations[1], operations[2]), 50'000'000u);
  EXPECT_LT(operations[2].returned_ns - operations[2].entered_ns, 40'000'000u);
  EXPECT_LT(Gap(operations[2], operations[3]), 40'000'000u);
}

TEST(Faults, DelayAtExitHappensAfterTheCall) {
  const TraceeResult result = RunWith("reduce", {"delay ncclAllReduce call=3 time=50ms at=exit"});
  const auto operations = result.Events(Kind::kOperation);
  ASSERT_EQ(operations.size(), 5u);
  EXPECT_LT(Gap(operations[1], operations[2]), 40'000'000u);
  EXPECT_GE(Gap(operations[2], operations[3]), 50'000'000u);
}

TEST(Faults, EveryDecisionIsGroundTruth) {
  const TraceeResult result =
      RunWith("reduce", {"skip ncclBroadcast", "delay ncclAllReduce call=2..3 time=1ms"});
  const auto injections = result.Events(Kind::kInjection);
  ASSERT_EQ(injections.size(), 2u);
  EXPECT_EQ(injections[0].peer, 1);  // the second fault
  EXPECT_EQ(injections[0].result, static_cast<uint8_t>(plan::Action::kDelay));
  EXPECT_EQ(injections[0].count, 2u);
  EXPECT_EQ(injections[1].count, 3u);
  EXPECT_THAT(result.fired, ElementsAre(0, 2));
}

TEST(Faults, HangEndsWhenReleased) {
  TraceeOptions options;
  options.faults = {"hang ncclAllReduce call=2"};
  Tracee tracee({"reduce"}, options);
  while (tracee.control().page()->faults[0].hanging.load() == 0) sched_yield();
  tracee.control().Release(0);
  const TraceeResult result = tracee.Wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.Events(Kind::kOperation).size(), 5u);
}

TEST(Faults, AHungCallLooksAsIfItHadNotBeenMade) {
  TraceeOptions options;
  options.faults = {"hang ncclAllReduce call=2"};
  Tracee tracee({"reduce"}, options);
  while (tracee.control().page()->faults[0].hanging.load() == 0) sched_yield();
  kill(tracee.pid(), SIGKILL);
  const TraceeResult result = tracee.Wait();
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
  EXPECT_EQ(result.Events(Kind::kOperation).size(), 1u);
  EXPECT_EQ(result.Events(Kind::kInjection).size(), 1u);
}

TEST(Faults, HangEndsAfterItsTimeAndWithTheRun) {
  EXPECT_EQ(RunWith("reduce", {"hang ncclAllReduce call=2 for=30ms"}).Events(Kind::kOperation).size(), 5u);
  TraceeOptions options;
  options.faults = {"hang ncclAllReduce"};
  Tracee tracee({"reduce"}, options);
  while (tracee.control().page()->faults[0].hanging.load() == 0) sched_yield();
  tracee.control().Stop();
  EXPECT_EQ(tracee.Wait().exit_code, 0);
}

TEST(Faults, HangEndsWithAnErrorWhenTheCommunicatorIsAborted) {
  const TraceeResult result = RunWith("abort_hung", {"hang ncclAllReduce call=1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("hung call returned 3\n"));  // ncclInternalError
}

TEST(Faults, FailIsRecordedAsAFailedCallAndTakesNoNumber) {
  const TraceeResult result = RunWith("reduce", {"fail ncclAllReduce call=2 result=ncclRemoteError"});
  EXPECT_THAT(result.output, HasSubstr("result 0\nresult 6\nresult 0\n"));
  const auto operations = result.Events(Kind::kOperation);
  ASSERT_EQ(operations.size(), 5u);
  EXPECT_EQ(operations[1].state, State::kFailed);
  EXPECT_EQ(operations[1].result, 6);
  EXPECT_EQ(operations[1].seq, 2u);
  EXPECT_EQ(operations[2].seq, 2u);
}

TEST(Faults, SkippedCallsLeaveNoOperation) {
  const TraceeResult result = RunWith("operations", {"skip ncclAllReduce call=2"});
  EXPECT_THAT(result.output, HasSubstr("operations 4\n"));
  EXPECT_EQ(result.Events(Kind::kOperation, "ncclAllReduce").size(), 3u);
}

TEST(Faults, RepeatedCallsAreTwoOperations) {
  const TraceeResult result = RunWith("operations", {"repeat ncclAllReduce call=1"});
  EXPECT_THAT(result.output, HasSubstr("operations 6\n"));
  EXPECT_EQ(result.Events(Kind::kOperation, "ncclAllReduce").size(), 5u);
}

TEST(Faults, MutatedCallsAreRecordedAsTheyWereMade) {
  const TraceeResult result = RunWith("reduce", {"mutate ncclAllReduce call=2 field=count delta=-1",
                                                 "mutate ncclAllReduce call=3 field=op value=2"});
  const auto operations = result.Events(Kind::kOperation);
  ASSERT_EQ(operations.size(), 5u);
  EXPECT_EQ(operations[0].count, 16u);
  EXPECT_EQ(operations[1].count, 15u);
  EXPECT_EQ(operations[2].redop, 2);
}

TEST(Faults, SwapIssuesTheNextMatchingCallFirst) {
  const TraceeResult result = RunWith("counts", {"swap ncclAllReduce call=2"});
  std::vector<uint64_t> counts;
  for (const auto& event : result.Events(Kind::kOperation)) counts.push_back(event.count);
  EXPECT_THAT(counts, ElementsAre(1, 3, 2, 4));
}

TEST(Faults, AsyncErrorIsReportedFromThenOnAndRecordedOnce) {
  const TraceeResult result = RunWith("async", {"async-error ncclAllReduce call=1 result=ncclRemoteError"});
  EXPECT_THAT(result.output, HasSubstr("async 6\n"));
  const auto errors = result.Events(Kind::kAsyncError);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].result, 6);
  EXPECT_EQ(result.Events(Kind::kOperation).at(0).result, 0);
  EXPECT_EQ(result.records.at(0).communicators.at(0).async_error, 6u);
}

TEST(Faults, CorruptChangesWhatIsSent) {
  EXPECT_THAT(RunWith("data", {"corrupt ncclAllReduce call=1 buffer=send pattern=nan"}).output,
              HasSubstr("nan 1\n"));
  EXPECT_THAT(RunWith("data", {"corrupt ncclAllReduce call=1 buffer=send pattern=bitflip bits=1"}).output,
              HasSubstr("changed 1\n"));
  EXPECT_THAT(RunWith("data", {}).output, HasSubstr("changed 0\n"));
}

TEST(Faults, CorruptChangesWhatIsReceivedAlsoInsideGroups) {
  EXPECT_THAT(RunWith("data", {"corrupt ncclAllReduce buffer=recv pattern=zero bits=2 offset=4"}).output,
              HasSubstr("zero 2\n"));
  EXPECT_THAT(RunWith("data", {"corrupt ncclAllReduce buffer=recv pattern=zero bits=2 offset=1MiB"}).output,
              HasSubstr("cannot act on this call"));
  EXPECT_THAT(RunWith("grouped_data", {"corrupt ncclRecv buffer=recv pattern=nan offset=0"}).output,
              HasSubstr("before end 0, after 1\n"));
}

TEST(Faults, AllocationsFailOnceTheLimitIsReached) {
  const TraceeResult limited = RunWith("memory", {"oom malloc after_bytes=1200"});
  EXPECT_THAT(limited.output, HasSubstr("malloc 0\nmalloc 2\n"));
  EXPECT_EQ(limited.Events(Kind::kInjection).size(), 1u);
  EXPECT_THAT(RunWith("memory", {"oom malloc"}).output, HasSubstr("malloc 2\nmalloc 2\n"));
}

TEST(Faults, LeakedMemoryIsSeenInTheAccount) {
  const TraceeResult result = RunWith("memory", {"leak cudaMalloc bytes=4096"});
  EXPECT_EQ(result.records.at(0).process.memory_in_use, 500u + 2 * 4096);
}

TEST(Faults, SlowKernelsAndCopiesTakeTimeOnTheStream) {
  EXPECT_THAT(RunWith("timed", {"slow-kernel cudaLaunchKernel time=40ms"}).output,
              HasSubstr("launch slow 1\n"));
  EXPECT_THAT(RunWith("timed", {"slow-copy memcpy rate=1MiB"}).output, HasSubstr("copy slow 1\n"));
  EXPECT_THAT(RunWith("timed", {}).output, HasSubstr("launch slow 0\ncopy slow 0\n"));
}

TEST(Faults, ALostGpuStaysLostAndSaysWhatTheDriverSays) {
  const TraceeResult result = RunWith("lost", {"xid cudaMalloc call=2 code=79"});
  EXPECT_THAT(result.output, HasSubstr("NVRM: Xid (PCI:0000:01:00): 79, pid="));
  EXPECT_THAT(result.output, HasSubstr("GPU has fallen off the bus."));
  EXPECT_THAT(result.output, HasSubstr("malloc 0\nmalloc 999\nsync 999\nreduce 1\nasync 1\nend 0\n"));
}

TEST(Faults, ExitAbortAndSignalEndTheProcess) {
  const TraceeResult left = RunWith("reduce", {"exit ncclAllReduce call=3 code=42"});
  EXPECT_EQ(left.exit_code, 42);
  EXPECT_EQ(left.records.at(0).process.exit_status, 42);
  EXPECT_EQ(left.Events(Kind::kOperation).size(), 2u);
  EXPECT_EQ(RunWith("reduce", {"abort ncclAllReduce call=1"}).exit_code, 128 + SIGABRT);
  EXPECT_EQ(RunWith("reduce", {"signal ncclAllReduce call=1 signal=KILL"}).exit_code, 128 + SIGKILL);
  EXPECT_EQ(RunWith("reduce", {"signal ncclAllReduce call=1 signal=SEGV"}).exit_code, 128 + SIGSEGV);
}

TEST(Faults, AHandlerThatJumpsOutOfACallLeavesItsHook) {
  const TraceeResult result = RunWith("jump", {"signal ncclAllReduce call=1 signal=USR1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.Events(Kind::kOperation, "ncclAllReduce").size(), 3u);
}

TEST(Faults, AStoppedProcessIsContinued) {
  const TraceeResult result = RunWith("reduce", {"signal ncclAllReduce call=2 signal=STOP for=60ms"});
  EXPECT_EQ(result.exit_code, 0);
  const auto operations = result.Events(Kind::kOperation);
  ASSERT_EQ(operations.size(), 5u);
  EXPECT_GE(Gap(operations[0], operations[1]), 50'000'000u);
}

TEST(Faults, ThrownExceptionsAreCaughtByTheirType) {
  EXPECT_THAT(
      RunWith("catch", {"throw ncclAllReduce call=1 type=std::runtime_error what='link down'"}).output,
      HasSubstr("caught link down\nresult 0\n"));
  EXPECT_THAT(RunWith("catch", {"throw ncclAllReduce call=1 type=std::bad_alloc"}).output,
              HasSubstr("caught std::bad_alloc\n"));
}

TEST(Faults, MarkedStepsSelectCalls) {
  const TraceeResult result = RunWith("operations", {"fail ncclAllReduce step=1 result=ncclSystemError"});
  EXPECT_THAT(result.output, HasSubstr("result 0\nresult 2\nresult 0\n"));
}

TEST(Faults, TheProcessItselfIsATarget) {
  const TraceeResult result = RunWith("operations", {"exit process step=1 code=9"});
  EXPECT_EQ(result.exit_code, 9);
  EXPECT_EQ(result.Events(Kind::kOperation).size(), 1u);
}

TEST(Faults, ThePerThreadVariantsAreTheSameFunctionToAPlan) {
  EXPECT_THAT(RunWith("ptsz", {"fail cudaMemcpyAsync result=cudaErrorInvalidValue"}).output,
              HasSubstr("ptsz 1 1\n"));
}

TEST(Faults, ActWithoutATrace) {
  TraceeOptions options;
  options.faults = {"fail ncclAllReduce call=2 result=ncclRemoteError"};
  options.trace = false;
  const TraceeResult result = RunTracee({"reduce"}, options);
  EXPECT_THAT(result.output, HasSubstr("result 0\nresult 6\n"));
  EXPECT_THAT(result.fired, ElementsAre(1));
  EXPECT_TRUE(result.records.empty());
}

TEST(Faults, ACallStackSelects) {
  EXPECT_THAT(
      RunWith("reduce", {"fail ncclAllReduce stack=*no_such_function* result=ncclSystemError"}).output,
      Not(HasSubstr("result 2")));
  EXPECT_THAT(RunWith("reduce", {"fail ncclAllReduce stack=*main* result=ncclSystemError"}).output,
              HasSubstr("result 2"));
}

}  // namespace
}  // namespace rankle::hooks
