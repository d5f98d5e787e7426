// librankle.so as it is used: preloaded into a program that knows nothing of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>
#include <string>

#include "injector/hooks/testing/tracee_run.h"

namespace rankle::hooks {
namespace {

using record::CommState;
using record::Kind;
using record::LifecycleEvent;
using record::State;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<uint64_t> Numbers(std::initializer_list<LifecycleEvent> events) {
  std::vector<uint64_t> numbers;
  for (LifecycleEvent event : events) numbers.push_back(static_cast<uint64_t>(event));
  return numbers;
}

TEST(Preload, RecordsEveryOperationWithItsArgumentsNumberAndTimes) {
  const TraceeResult result = RunTracee({"operations"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.output,
              HasSubstr("operations 5\n"));  // three reductions, a send, a receive: none lost or doubled
  ASSERT_EQ(result.records.size(), 1u);
  const auto reductions = result.Events(Kind::kOperation, "ncclAllReduce");
  ASSERT_EQ(reductions.size(), 4u);
  for (uint32_t i = 0; i < 3; ++i) {
    const record::Event& event = reductions[i];
    EXPECT_EQ(event.seq, i + 1);
    EXPECT_EQ(event.count, 16u);
    EXPECT_EQ(event.dtype, 7);
    EXPECT_EQ(event.redop, 0);
    EXPECT_EQ(event.comm, 0);
    EXPECT_EQ(event.state, State::kDone);
    EXPECT_GE(event.returned_ns, event.entered_ns);
    EXPECT_GE(event.finished_ns, event.started_ns);
    EXPECT_GT(event.started_ns, 0u);
    EXPECT_EQ(event.flags, record::kFlagInPlace);
    EXPECT_NE(event.site, 0u);
  }
  EXPECT_EQ(reductions[3].state, State::kFailed);
  EXPECT_EQ(reductions[3].result, 4);
  const record::Communicator& comm = result.records[0].communicators.at(0);
  EXPECT_EQ(comm.name, "dp0");
  EXPECT_EQ(comm.rank, 1);
  EXPECT_EQ(comm.nranks, 4);
  EXPECT_EQ(comm.state, CommState::kDestroyed);
  EXPECT_EQ(comm.last_seq, 3u);  // what failed was not enqueued and took no number
  EXPECT_GT(comm.ready_ns, comm.init_entered_ns);
  EXPECT_GT(comm.gone_ns, comm.teardown_entered_ns);
}

TEST(Preload, GroupsPointToPointOperationsAndNumbersThemApart) {
  const TraceeResult result = RunTracee({"operations"});
  const auto sends = result.Events(Kind::kOperation, "ncclSend"),
             receives = result.Events(Kind::kOperation, "ncclRecv");
  ASSERT_EQ(sends.size(), 1u);
  ASSERT_EQ(receives.size(), 1u);
  EXPECT_EQ(sends[0].seq, 1u);
  EXPECT_EQ(receives[0].seq, 2u);
  EXPECT_EQ(sends[0].peer, 2);
  EXPECT_EQ(receives[0].peer, 0);
  EXPECT_NE(sends[0].group, 0);
  EXPECT_EQ(sends[0].group, receives[0].group);
  EXPECT_EQ(sends[0].state, State::kDone);
  EXPECT_GT(sends[0].started_ns, receives[0].returned_ns);  // nothing runs before the group has ended
}

TEST(Preload, DoesNotRecordWhatNcclItselfAsksOfCuda) {
  const TraceeResult result = RunTracee({"operations"});
  EXPECT_TRUE(result.Events(Kind::kCall, "cudaStreamQuery").empty());
  EXPECT_EQ(result.Events(Kind::kCall, "cudaStreamSynchronize").size(), 1u);  // the program's own
}

TEST(Preload, SplitCommunicatorsAreChildrenWithAStableIdentity) {
  const TraceeResult first = RunTracee({"operations"}), second = RunTracee({"operations"});
  const auto &one = first.records.at(0).communicators, &other = second.records.at(0).communicators;
  ASSERT_EQ(one.size(), 2u);
  EXPECT_EQ(one[1].parent_id, one[0].id);
  EXPECT_EQ(one[1].color, 7);
  EXPECT_NE(one[1].id, one[0].id);
  EXPECT_EQ(one[0].id, other.at(0).id);  // as another rank of the same job computes it
  EXPECT_EQ(one[1].id, other.at(1).id);
}

TEST(Preload, MarksStepsAndTheEndOfTheProcess) {
  const TraceeResult result = RunTracee({"operations"});
  const auto marks = result.Events(Kind::kMark);
  ASSERT_EQ(marks.size(), 3u);
  EXPECT_EQ(marks[2].count, 2u);
  EXPECT_EQ(result.records.at(0).process.step, 2);
  EXPECT_EQ(result.Lifecycle(), Numbers({LifecycleEvent::kStart, LifecycleEvent::kExit}));
  EXPECT_TRUE(result.records[0].process.ended);
  EXPECT_EQ(result.records[0].process.exit_status, 3);  // returned from main
}

TEST(Preload, FirstCallOfAStepThatGivesTheDeviceWorkIsRecorded) {
  const TraceeResult result = RunTracee({"launches"});
  const auto marks = result.Events(Kind::kMark), launches = result.Events(Kind::kCall, "cudaLaunchKernel");
  ASSERT_EQ(marks.size(), 3u);
  ASSERT_EQ(launches.size(), 3u);  // not all seven; the last as nvcc compiles it, __cudaLaunchKernel
  EXPECT_GT(launches[0].entered_ns, marks[0].entered_ns);
  EXPECT_LT(launches[0].entered_ns, marks[1].entered_ns);
  EXPECT_GT(launches[1].entered_ns, marks[1].entered_ns);
  EXPECT_GT(launches[2].entered_ns, marks[2].entered_ns);
}

TEST(Preload, NvtxRangesNamedStepAreMarks) {
#if __has_include(<nvtx3/nvToolsExt.h>)
  TraceeOptions options;
  options.environment = {{"NVTX_INJECTION64_PATH", RANKLE_HOOKS_LIBRARY}};
  std::vector<uint64_t> steps;
  for (const auto& event : RunTracee({"nvtx"}, options).Events(Kind::kMark)) steps.push_back(event.count);
  EXPECT_THAT(steps, ElementsAre(4, 5));
#else
  GTEST_SKIP() << "the NVTX headers are not here";
#endif
}

TEST(Preload, TakesTheRankFromTheEnvironmentElseFromTheCommunicator) {
  EXPECT_EQ(RunTracee({"operations"}).records.at(0).process.rank, 1);
  TraceeOptions options;
  options.environment = {{"RANK", "6"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "2"}};
  const auto process = RunTracee({"operations"}, options).records.at(0).process;
  EXPECT_EQ(process.rank, 6);
  EXPECT_EQ(process.world_size, 8);
  EXPECT_EQ(process.local_rank, 2);
}

TEST(Preload, AccountsDeviceMemory) {
  const TraceeResult result = RunTracee({"memory"});
  std::vector<uint64_t> in_use;
  for (const auto& event : result.Events(Kind::kMemory)) in_use.push_back(event.count);
  EXPECT_THAT(in_use, ElementsAre(1000, 1500, 500));
  EXPECT_EQ(result.records.at(0).process.memory_in_use, 500u);
}

TEST(Preload, GraphLaunchesRepeatTheCapturedOperations) {
  const TraceeResult result = RunTracee({"graph"});
  const auto operations = result.Events(Kind::kOperation);
  ASSERT_EQ(operations.size(), 6u);  // two captured, two launches of both
  EXPECT_EQ(operations[0].flags & record::kFlagCaptured, record::kFlagCaptured);
  EXPECT_EQ(operations[0].state, State::kUntracked);
  std::vector<uint32_t> numbers;
  std::vector<uint64_t> counts;
  for (size_t i = 2; i < operations.size(); ++i) {
    EXPECT_EQ(operations[i].flags, record::kFlagGraphReplay);
    EXPECT_EQ(operations[i].state, State::kDone);
    numbers.push_back(operations[i].seq);
    counts.push_back(operations[i].count);
  }
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(counts, ElementsAre(16, 32, 16, 32));
}

TEST(Preload, AForkedChildHasItsOwnRecord) {
  const TraceeResult result = RunTracee({"fork"});
  EXPECT_THAT(result.output, HasSubstr("child 5\n"));
  ASSERT_EQ(result.records.size(), 2u);
  const record::FlightRecord &parent = result.records[0], &child = result.records[1];
  EXPECT_EQ(result.Events(Kind::kOperation).size(), 2u);
  EXPECT_EQ(child.process.parent_pid, parent.process.pid);
  EXPECT_EQ(child.process.rank, 1);
  EXPECT_EQ(child.process.exit_status, 5);
  EXPECT_EQ(child.events.front().api, static_cast<uint16_t>(LifecycleEvent::kForkChild));
  EXPECT_EQ(result.Lifecycle(),
            Numbers({LifecycleEvent::kStart, LifecycleEvent::kForkParent, LifecycleEvent::kExit}));
}

TEST(Preload, ThreadsShareOneNumbering) {
  const TraceeResult result = RunTracee({"threads"});
  std::set<uint32_t> numbers;
  std::set<uint16_t> threads;
  for (const auto& event : result.Events(Kind::kOperation)) {
    numbers.insert(event.seq);
    threads.insert(event.thread);
  }
  EXPECT_EQ(numbers.size(), 1000u);
  EXPECT_EQ(*numbers.rbegin(), 1000u);
  EXPECT_EQ(threads.size(), 4u);
}

TEST(Preload, ExceptionsPassThroughAndAreNoted) {
  TraceeOptions options;
  options.environment = {{"FAKE_NCCL_THROW", "1"}};
  const TraceeResult result = RunTracee({"catch"}, options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("caught thrown inside NCCL\nresult 0\n"));
  ASSERT_EQ(result.Events(Kind::kException).size(), 1u);
  EXPECT_THAT(result.Events(Kind::kException)[0].text, HasSubstr("runtime_error"));
  const auto operations = result.Events(Kind::kOperation);
  ASSERT_EQ(operations.size(), 2u);
  EXPECT_EQ(operations[1].state, State::kDone);  // the hooks of this thread are not stuck in the first call
}

TEST(Preload, UncaughtExceptionsAndAbortsAreToldApart) {
  const TraceeResult thrown = RunTracee({"throw"});
  EXPECT_EQ(thrown.exit_code, 128 + SIGABRT);
  EXPECT_EQ(thrown.Lifecycle(),
            Numbers({LifecycleEvent::kStart, LifecycleEvent::kTerminate, LifecycleEvent::kAbort}));
  EXPECT_THAT(thrown.Events(Kind::kException).at(0).text, HasSubstr("out_of_range"));
  const TraceeResult aborted = RunTracee({"abort"});
  EXPECT_EQ(aborted.exit_code, 128 + SIGABRT);
  EXPECT_EQ(aborted.Lifecycle(), Numbers({LifecycleEvent::kStart, LifecycleEvent::kAbort}));
}

TEST(Preload, SeesEveryWayToExit) {
  EXPECT_EQ(RunTracee({"exit"}).records.at(0).process.exit_status, 7);
  const TraceeResult direct = RunTracee({"_exit"});
  EXPECT_EQ(direct.exit_code, 6);
  EXPECT_EQ(direct.records.at(0).process.exit_status, 6);
  EXPECT_EQ(direct.Lifecycle(), Numbers({LifecycleEvent::kStart, LifecycleEvent::kExit}));
}

TEST(Preload, RecordsCallsBeforeMainAndAfterIt) {
  TraceeOptions options;
  options.environment = {{"TRACEE_EARLY", "1"}, {"TRACEE_LATE", "1"}};
  const TraceeResult result = RunTracee({"nothing"}, options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.Events(Kind::kOperation).size(), 2u);
}

TEST(Preload, WorksBeforeItsOwnConstructors) {
  TraceeOptions options;
  options.environment = {{"FAKE_NCCL_EARLY", "1"}};
  options.faults = {"skip ncclBroadcast"};
  const TraceeResult result = RunTracee({"memory"}, options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("early 1\n"));
  ASSERT_FALSE(result.Events(Kind::kMemory).empty());
  EXPECT_EQ(result.Events(Kind::kMemory)[0].count, 4321u);
  EXPECT_EQ(result.records[0].process.memory_in_use, 4821u);  // nothing was reset later
}

TEST(Preload, LeavesNoTraceInProcessesWithoutCuda) {
  EXPECT_TRUE(RunTracee({"nothing"}).records.empty());
  const TraceeResult shell = RunTracee({"shell"});
  EXPECT_THAT(shell.output, HasSubstr("shell 0\n"));
  EXPECT_TRUE(shell.records.empty());
}

TEST(Preload, IsTransparentWithoutAnOutputDirectory) {
  TraceeOptions options;
  options.trace = false;
  const TraceeResult result = RunTracee({"operations"}, options);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.output, HasSubstr("operations 5\n"));
  EXPECT_TRUE(result.records.empty());
}

TEST(Preload, ProgramsThatLoadNcclByHandAreSeen) {
  const TraceeResult result = RunTracee({"dlopen", RANKLE_FAKE_LIBRARIES});
  EXPECT_THAT(result.output, HasSubstr("result 0\nmissing 1\nabsent 1\nnext 1\ndefault 1\n"));
  EXPECT_EQ(result.Events(Kind::kOperation, "ncclAllReduce").size(), 1u);
}

TEST(Preload, MissingFunctionsReturnAnErrorAndSaySoOnce) {
  const TraceeResult result = RunTracee({"missing"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("missing 5\n"));
  EXPECT_THAT(result.output, HasSubstr("ncclCommRevoke"));
}

TEST(Preload, DeviceTimesCanBeSwitchedOff) {
  TraceeOptions options;
  options.environment = {{"RANKLE_DEVICE_TIMES", "0"}};
  for (const auto& event : RunTracee({"reduce"}, options).Events(Kind::kOperation)) {
    EXPECT_EQ(event.state, State::kUntracked);
    EXPECT_EQ(event.started_ns, 0u);
  }
}

}  // namespace
}  // namespace rankle::hooks
