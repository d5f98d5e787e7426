#include "cli/launch/hang_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace rankle::cli {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kStart = 1000 * kSecond;

// Feeds one snapshot a second with the same processes; returns the second of the first stall, -1 for none.
class Job {
 public:
  explicit Job(uint64_t hang_after_s, bool adaptive = false)
      : detector_({.hang_after_ns = hang_after_s * kSecond,
                   .idle_after_ns = kIdlePatience * hang_after_s * kSecond,
                   .adaptive = adaptive}) {}
  bool At(uint64_t second, const std::vector<ProcessProgress>& processes) {
    return ChangeAt(second, processes) == HangDetector::Change::kStalled;
  }
  HangDetector::Change ChangeAt(uint64_t second, const std::vector<ProcessProgress>& processes) {
    return detector_.Observe({.now_ns = kStart + second * kSecond,
                              .processes = processes,
                              .first_end_ns = first_end_ns_,
                              .first_failure_ns = first_failure_ns_,
                              .last_end_ns = last_end_ns_,
                              .any_running = any_running_});
  }
  int FirstStall(int seconds, const std::vector<ProcessProgress>& processes) {
    for (int second = 0; second <= seconds; ++second) {
      if (At(static_cast<uint64_t>(second), processes)) return second;
    }
    return -1;
  }
  void SetFailure(uint64_t second) { first_failure_ns_ = kStart + second * kSecond; }
  void SetEnd(uint64_t second) { first_end_ns_ = last_end_ns_ = kStart + second * kSecond; }
  void SetAllEnded() { any_running_ = false; }

 private:
  HangDetector detector_;
  uint64_t first_end_ns_ = 0;
  uint64_t first_failure_ns_ = 0;
  uint64_t last_end_ns_ = 0;
  bool any_running_ = true;
};

ProcessProgress Idle(int pid) {
  return {.pid = pid,
          .alive = true,
          .signature = 1,
          .activity = 1,
          .in_communicator = false,
          .oldest_in_flight_ns = 0};
}
ProcessProgress Waiting(int pid, uint64_t since_s) {
  return {.pid = pid,
          .alive = true,
          .signature = 1,
          .activity = 1,
          .in_communicator = false,
          .oldest_in_flight_ns = kStart + since_s * kSecond};
}

TEST(HangDetector, AnOperationInFlightWithoutAnyProgressIsAStall) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(20, {Waiting(1, 0), Idle(2)}), 5);
}

TEST(HangDetector, NothingInFlightAnywhereIsAStallAfterALongerPatience) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(200, {Idle(1), Idle(2)}), 50);
}

TEST(HangDetector, AnythingRecordedInOneProcessShowsThatTheJobLives) {
  Job job(5);
  ProcessProgress caller = Idle(2);  // calls without operations
  for (uint64_t second = 0; second < 200; ++second) {
    caller.activity = second / 20;
    EXPECT_FALSE(job.At(second, {Idle(1), caller})) << second;
  }
}

TEST(HangDetector, CallsDoNotHideAnOperationThatNeverEnds) {
  Job job(5);
  for (uint64_t second = 0; second < 5; ++second) {
    ProcessProgress caller = Waiting(1, 0);
    caller.activity = second;
    EXPECT_FALSE(job.At(second, {caller})) << second;
  }
  EXPECT_TRUE(job.At(5, {Waiting(1, 0)}));
}

TEST(HangDetector, AJobWithoutAnyCallYetIsNotStalled) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(1000, {}), -1);
}

TEST(HangDetector, TheEndOfAProcessIsAMove) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(40, {Idle(1)}), -1);
  job.SetEnd(40);
  EXPECT_EQ(job.FirstStall(200, {Idle(1)}), 90);
}

TEST(HangDetector, ACallAfterAnIdleStallEndsIt) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(50, {Idle(1)}), 50);
  ProcessProgress moved = Idle(1);
  moved.activity = 2;
  EXPECT_EQ(job.ChangeAt(60, {moved}), HangDetector::Change::kResumed);
  EXPECT_EQ(job.ChangeAt(110, {moved}), HangDetector::Change::kStalled);
}

TEST(HangDetector, ProgressInAnotherProcessDefersTheStall) {
  Job job(5);
  ProcessProgress busy = Idle(2);
  for (uint64_t second = 0; second < 20; ++second) {
    busy.signature = second;
    EXPECT_FALSE(job.At(second, {Waiting(1, 0), busy})) << second;
  }
}

TEST(HangDetector, AnOperationEnteredJustNowIsGivenTheFullTime) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(20, {Waiting(1, 3)}), 8);
}

TEST(HangDetector, AStallIsReportedOnceAndAgainAfterProgress) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(5, {Waiting(1, 0)}), 5);
  EXPECT_FALSE(job.At(30, {Waiting(1, 0)}));
  ProcessProgress moved = Waiting(1, 31);
  moved.signature = 2;
  EXPECT_FALSE(job.At(31, {moved}));
  EXPECT_TRUE(job.At(36, {moved}));
}

TEST(HangDetector, OperationsOfDeadProcessesDoNotCount) {
  Job job(5);
  ProcessProgress dead = Waiting(1, 0);
  dead.alive = false;
  EXPECT_EQ(job.FirstStall(49, {dead, Idle(2)}), -1);
}

TEST(HangDetector, RanksThatOutliveAFailedOneWithoutProgressAreStalled) {
  Job job(5);
  job.SetFailure(1);
  EXPECT_EQ(job.FirstStall(20, {Idle(2)}), 6);
}

TEST(HangDetector, RanksWithoutRecordsThatOutliveAFailedOneAreStalled) {
  Job job(5);
  job.SetFailure(1);
  EXPECT_EQ(job.FirstStall(20, {}), 6);
}

TEST(HangDetector, AMemberOfACommunicatorWhosePeerEndedLongAgoIsStalled) {
  Job job(5);
  job.SetEnd(1);
  ProcessProgress member = Idle(2);
  member.in_communicator = true;
  EXPECT_EQ(job.FirstStall(20, {member}), 6);
}

TEST(HangDetector, AProcessThatLeftItsCommunicatorsMayWorkOnAfterItsPeers) {
  Job job(5);
  job.SetEnd(1);
  EXPECT_EQ(job.FirstStall(50, {Idle(2)}), -1);
}

// A process that moves every `pause_s` seconds until second 60, and then waits; the second of the stall.
int StallOfARhythm(bool adaptive, uint64_t pause_s) {
  Job job(60, adaptive);
  for (uint64_t second = 0; second < 200; ++second) {
    ProcessProgress process = Waiting(1, std::min<uint64_t>(second, 60));
    process.signature = std::min<uint64_t>(second, 60) / pause_s;
    if (job.At(second, {process})) return static_cast<int>(second);
  }
  return -1;
}

TEST(HangDetector, AKnownRhythmShortensThePatienceToThreePauses) {
  EXPECT_EQ(StallOfARhythm(/*adaptive=*/true, 1), 63);
  EXPECT_EQ(StallOfARhythm(/*adaptive=*/true, 3), 69);
  EXPECT_EQ(StallOfARhythm(/*adaptive=*/false, 1), 120);
}

TEST(HangDetector, FewPausesAreNoRhythm) {
  EXPECT_EQ(StallOfARhythm(/*adaptive=*/true, 5), 120);  // twelve of them
}

// Moves every second until `until`, then waits until the caller changes something.
ProcessProgress Moving(uint64_t second, uint64_t until) {
  ProcessProgress process = Waiting(1, std::min(second, until));
  process.signature = std::min(second, until);
  return process;
}

// A checkpoint of eight seconds, unlike everything before, is taken for a stall; the next one is not.
TEST(HangDetector, AStallThatPassedMayComeAgain) {
  Job job(60, /*adaptive=*/true);
  const auto signature = [](uint64_t second) {  // moves every second, but in [20, 28) and [50, 58)
    return second < 20 ? second : second < 28 ? 20 : second < 50 ? second : second < 58 ? 50 : second;
  };
  std::vector<uint64_t> stalls;
  for (uint64_t second = 0; second < 80; ++second) {
    ProcessProgress process = Waiting(1, signature(second));
    process.signature = signature(second);
    if (job.At(second, {process})) stalls.push_back(second);
  }
  EXPECT_EQ(stalls, std::vector<uint64_t>{23});
}

TEST(HangDetector, WhoWritesACheckpointIsNotCalledStalled) {
  Job job(60, /*adaptive=*/true);
  ProcessProgress writer = Idle(2);
  writer.file_bytes = 1;
  for (uint64_t second = 0; second < 50; ++second) {
    if (second > 20) writer.file_bytes += 100 << 20;
    EXPECT_FALSE(job.At(second, {Moving(second, 20), writer})) << second;
  }
  EXPECT_FALSE(job.At(51, {Moving(51, 20), writer}));
  EXPECT_TRUE(job.At(52, {Moving(52, 20), writer}));  // 3 s after the last byte
}

TEST(HangDetector, FilesAreNoExcuseBeyondTheUsualPatience) {
  Job job(60, /*adaptive=*/true);
  ProcessProgress writer = Idle(2);
  writer.file_bytes = 1;
  int stalled = -1;
  for (uint64_t second = 0; second < 100 && stalled < 0; ++second) {
    writer.file_bytes += 100 << 20;
    if (job.At(second, {Moving(second, 20), writer})) stalled = static_cast<int>(second);
  }
  EXPECT_EQ(stalled, 80);
}

TEST(HangDetector, ALittleLoggingIsNoFileWork) {
  Job job(60, /*adaptive=*/true);
  ProcessProgress logging = Idle(2);
  logging.file_bytes = 1;
  int stalled = -1;
  for (uint64_t second = 0; second < 100 && stalled < 0; ++second) {
    logging.file_bytes += 10'000;
    if (job.At(second, {Moving(second, 20), logging})) stalled = static_cast<int>(second);
  }
  EXPECT_EQ(stalled, 23);
}

TEST(HangDetector, TheEndOfAStallIsSaidOnce) {
  Job job(5);
  EXPECT_EQ(job.FirstStall(5, {Waiting(1, 0)}), 5);
  ProcessProgress moved = Waiting(1, 8);
  moved.signature = 2;
  EXPECT_EQ(job.ChangeAt(8, {moved}), HangDetector::Change::kResumed);
  EXPECT_EQ(job.ChangeAt(9, {moved}), HangDetector::Change::kNone);
}

TEST(HangDetector, AJobThatHasEndedIsNotStalled) {
  Job job(5);
  job.SetFailure(1);
  job.SetAllEnded();
  EXPECT_EQ(job.FirstStall(20, {}), -1);
}

}  // namespace
}  // namespace rankle::cli
