#include "injector/ebpf/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "injector/api/api.h"
#include "injector/plan/plan.h"

namespace rankle::ebpf {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// The bytes of an armed plan and the view of them.
struct Armed {
  explicit Armed(const std::vector<std::string>& faults) {
    plan::Plan plan;
    for (const std::string& fault : faults) EXPECT_TRUE(plan.AddShortForm(fault).ok()) << fault;
    bytes = plan.Arm(1);
    view = plan::ArmedPlan::View(bytes.data(), bytes.size());
  }
  std::string bytes;
  plan::ArmedPlan view;
};

std::string Refusal(const std::string& fault) {
  return std::string(LowerPlan(Armed({fault}).view).status().message());
}

TEST(LowerPlan, StopsAndSignalsBecomeWhatTheKernelSideDecides) {
  const Armed armed({"delay ncclAllReduce call=3..9,20.. every=2 times=5 time=1ms", "abort p2p peer=2",
                     "signal ncclAllReduce signal=TERM at=exit bytes>=1KiB dtype=float32"});
  const auto faults = LowerPlan(armed.view);
  ASSERT_TRUE(faults.ok()) << faults.status();
  const rankle_fault& delay = (*faults)[0].kernel;
  EXPECT_EQ(delay.signal, static_cast<uint32_t>(SIGSTOP));
  EXPECT_EQ(delay.calls.count, 2u);
  EXPECT_EQ(delay.calls.range[0].last, 9);
  EXPECT_EQ(delay.every, 2u);
  EXPECT_EQ(delay.times, 5u);
  EXPECT_EQ(delay.below, uint64_t{1} << 53) << "always";
  EXPECT_THAT((*faults)[0].apis, Contains(api::FindApi("ncclAllReduce")->id));
  const rankle_fault& abort = (*faults)[1].kernel;
  EXPECT_EQ(abort.signal, static_cast<uint32_t>(SIGABRT));
  EXPECT_EQ(abort.peer, 1);
  EXPECT_EQ(abort.peers.range[0].first, 2);
  const rankle_fault& signal = (*faults)[2].kernel;
  EXPECT_EQ(signal.signal, static_cast<uint32_t>(SIGTERM));
  EXPECT_EQ(signal.at_exit, 1u);
  EXPECT_EQ(signal.bytes.range[0].first, 1024);
  EXPECT_EQ(signal.dtypes, 1u << 7);
}

TEST(LowerPlan, RefusesWithTheReasonWhatCannotBeDoneFromOutside) {
  EXPECT_THAT(Refusal("fail ncclAllReduce result=ncclSystemError"),
              AllOf(HasSubstr("fail cannot be done through eBPF"), HasSubstr("registers or memory")));
  EXPECT_THAT(Refusal("exit ncclAllReduce code=3"), HasSubstr("`signal` and `abort` end it"));
  EXPECT_THAT(Refusal("delay ncclAllReduce comm=dp0 time=1ms"), HasSubstr("`comm`"));
  EXPECT_THAT(Refusal("delay ncclAllReduce step=3 time=1ms"), HasSubstr("`step`"));
  EXPECT_THAT(Refusal("delay ncclAllReduce stack=*step* time=1ms"), HasSubstr("`stack`"));
  EXPECT_THAT(Refusal("delay connect time=1ms"), HasSubstr("only functions of NCCL and CUDA"));
  EXPECT_THAT(Refusal("delay ncclAllReduce call=1,3,5,7,9 time=1ms"), HasSubstr("more than 4 ranges"));
  std::vector<std::string> many(RANKLE_MAX_FAULTS + 1, "delay ncclAllReduce time=1ms");
  EXPECT_THAT(std::string(LowerPlan(Armed(many).view).status().message()), HasSubstr("33 faults"));
}

TEST(FaultsFor, ChoosesByRankAndHost) {
  const Armed armed({"delay ncclAllReduce rank=3 time=1ms", "delay ncclAllReduce host=node* time=1ms",
                     "delay ncclAllReduce local_rank=0..1 time=1ms", "delay ncclAllReduce time=1ms"});
  EXPECT_EQ(FaultsFor(armed.view, 3, 0, "node7"), 0b1111u);
  EXPECT_EQ(FaultsFor(armed.view, 2, 5, "login"), 0b1000u);
  // A key that the process has no value for does not match.
  EXPECT_EQ(FaultsFor(armed.view, -1, -1, "node7"), 0b1010u);
}

}  // namespace
}  // namespace rankle::ebpf
