#include "injector/plan/decide.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "injector/plan/glob.h"
#include "injector/plan/test_plan.h"

namespace rankle::plan {
namespace {

// Numbers of the calls (from 1) out of `calls` that fire.
std::vector<uint64_t> FiringCalls(ArmedForTest& armed, int calls, const Target& target = Rank(3)) {
  std::vector<uint64_t> fired;
  for (int i = 0; i < calls; ++i) {
    for (const Decision& decision : armed.Decide(target, AllReduceCall())) fired.push_back(decision.call);
  }
  return fired;
}

TEST(Glob, Matches) {
  struct Case {
    const char *pattern, *text;
    bool matches;
  };
  for (const Case& c :
       {Case{"dp*", "dp0", true}, Case{"dp*", "tp0", false}, Case{"*", "", true}, Case{"", "", true},
        Case{"", "a", false}, Case{"a?c", "abc", true}, Case{"a?c", "ac", false}, Case{"*b*d", "abcbd", true},
        Case{"*ab", "aab", true}, Case{"a*a", "a", false}, Case{"**", "x", true}, Case{"?", "", false}}) {
    EXPECT_EQ(GlobMatch(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
  }
}

TEST(Decide, AnEmptyPlanAimsAtNothing) {
  ArmedForTest armed({});
  EXPECT_FALSE(armed.engine().IsAimedAt(ApiId("ncclAllReduce")));
  EXPECT_FALSE(armed.Fires(Rank(0), AllReduceCall()));
  Engine never_armed;
  Decision out[1];
  EXPECT_EQ(never_armed.Decide(Rank(0), AllReduceCall(), out, 1), 0u);
}

TEST(Decide, OnlyAimedFunctionsPassTheFirstTest) {
  ArmedForTest armed({"abort ncclAllReduce stack=*step*", "abort ncclSend"});
  EXPECT_TRUE(armed.engine().IsAimedAt(ApiId("ncclAllReduce")));
  EXPECT_TRUE(armed.engine().IsAimedAt(ApiId("ncclSend")));
  EXPECT_FALSE(armed.engine().IsAimedAt(ApiId("ncclRecv")));
  EXPECT_FALSE(armed.engine().IsAimedAt(UINT16_MAX));
  EXPECT_TRUE(armed.engine().NeedsStack(ApiId("ncclAllReduce")));
  EXPECT_FALSE(armed.engine().NeedsStack(ApiId("ncclSend")));
  CallView unknown = AllReduceCall();
  unknown.api = UINT16_MAX;
  EXPECT_FALSE(armed.Fires(Rank(0), unknown));
}

TEST(Decide, ASiteIsOneOfThoseAskedFor) {
  ArmedForTest armed({"abort ncclAllReduce site=[a, ffffffffffff]"});
  CallView call = AllReduceCall();
  EXPECT_FALSE(armed.Fires(Rank(0), call));  // a call without a site
  for (const int64_t site : {int64_t{9}, int64_t{11}, int64_t{0xfffffffffffe}}) {
    call.site = site;
    EXPECT_FALSE(armed.Fires(Rank(0), call)) << site;
  }
  for (const int64_t site : {int64_t{10}, int64_t{0xffffffffffff}}) {
    call.site = site;
    EXPECT_TRUE(armed.Fires(Rank(0), call)) << site;
  }
}

TEST(Decide, ADecisionSaysWhatAndWhich) {
  ArmedForTest armed({"abort ncclSend", "delay ncclAllReduce time=20ms", "exit collective code=7"});
  const auto decisions = armed.Decide(Rank(1), AllReduceCall());
  ASSERT_EQ(decisions.size(), 2u);  // in plan order
  EXPECT_EQ(decisions[0].action, Action::kDelay);
  EXPECT_EQ(decisions[0].fault, 1);
  EXPECT_EQ(decisions[0].call, 1u);
  EXPECT_EQ(decisions[0].time_ns, 20'000'000u);
  EXPECT_EQ(decisions[1].action, Action::kExit);
  EXPECT_EQ(decisions[1].details->result, 7);
}

// Each `where` key: a call that matches, and the same call with that one thing different.
struct WhereCase {
  const char* key;
  void (*change)(Target& target, CallView& call);
};
class Where : public testing::TestWithParam<WhereCase> {};

TEST_P(Where, KeyMustMatch) {
  const std::string spec = std::string("abort collective ") + GetParam().key;
  ArmedForTest armed({spec.c_str()});
  Target target = Rank(3);
  CallView call = AllReduceCall();
  call.peer = 2;
  call.stack = "main;train_step;ncclAllReduce";
  EXPECT_TRUE(armed.Fires(target, call));
  GetParam().change(target, call);
  EXPECT_FALSE(armed.Fires(target, call));
  EXPECT_EQ(armed.engine().matched(0), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    EveryKey, Where,
    testing::Values(
        WhereCase{"rank=3", [](Target& t, CallView&) { t.rank = 2; }},
        WhereCase{"rank=3", [](Target& t, CallView&) { t.rank = -1; }},
        WhereCase{"rank=1,3..5", [](Target& t, CallView&) { t.rank = 2; }},
        WhereCase{"rank=3..", [](Target& t, CallView&) { t.rank = -1; }},
        WhereCase{"local_rank=3", [](Target& t, CallView&) { t.local_rank = 0; }},
        WhereCase{"local_rank=..3", [](Target& t, CallView&) { t.local_rank = -1; }},
        WhereCase{"host=node*", [](Target& t, CallView&) { t.host = "other"; }},
        WhereCase{"host=a,node1", [](Target& t, CallView&) { t.host = "node2"; }},
        WhereCase{"comm=dp*", [](Target&, CallView& c) { c.comm_name = "tp0"; }},
        WhereCase{"comm=tp*,dp?", [](Target&, CallView& c) { c.comm_name = nullptr; }},
        WhereCase{"comm_size=8", [](Target&, CallView& c) { c.comm_size = 4; }},
        WhereCase{"comm_rank=3", [](Target&, CallView& c) { c.comm_rank = -1; }},
        WhereCase{"peer=2", [](Target&, CallView& c) { c.peer = 3; }},
        WhereCase{"peer=..2", [](Target&, CallView& c) { c.peer = -1; }},
        WhereCase{"bytes=>=1MiB", [](Target&, CallView& c) { c.bytes = (1 << 20) - 1; }},
        WhereCase{"bytes=<=1MiB", [](Target&, CallView& c) { c.bytes = -1; }},
        WhereCase{"dtype=float32", [](Target&, CallView& c) { c.dtype = 9; }},
        WhereCase{"dtype=float32", [](Target&, CallView& c) { c.dtype = -1; }},
        WhereCase{"dtype=float32", [](Target&, CallView& c) { c.dtype = 99; }},
        WhereCase{"stack=*step*", [](Target&, CallView& c) { c.stack = "main;eval;ncclAllReduce"; }},
        WhereCase{"stack=train_step", [](Target&, CallView& c) { c.stack = "main;pretrain_step"; }},
        WhereCase{"stack=\"main;*Reduce\"", [](Target&, CallView& c) { c.stack = "init;main"; }},
        WhereCase{"stack=*step*", [](Target&, CallView& c) { c.stack = nullptr; }}));

TEST(Decide, CallsAreCountedPerFaultOverMatchesOnly) {
  ArmedForTest armed({"abort collective comm=dp* call=2"});
  CallView other = AllReduceCall();
  other.comm_name = "tp0";
  EXPECT_FALSE(armed.Fires(Rank(0), AllReduceCall()));
  EXPECT_FALSE(armed.Fires(Rank(0), other));
  EXPECT_TRUE(armed.Fires(Rank(0), AllReduceCall()));
  EXPECT_EQ(armed.engine().matched(0), 2u);
  EXPECT_EQ(armed.engine().fired(0), 1u);
}

TEST(Decide, CallRangesEveryAndTimes) {
  struct Case {
    const char* spec;
    std::vector<uint64_t> fires;
  };
  for (const Case& c :
       {Case{"abort collective call=3", {3}}, Case{"abort collective call=8..", {8, 9, 10}},
        Case{"abort collective call=2,5..6", {2, 5, 6}}, Case{"abort collective call=..2", {1, 2}},
        Case{"abort collective every=4", {1, 5, 9}}, Case{"abort collective call=3.. every=3", {3, 6, 9}},
        Case{"abort collective call=2..3,6..8 every=2", {2, 6, 8}}, Case{"abort collective times=2", {1, 2}},
        Case{"abort collective every=3 times=2", {1, 4}}}) {
    ArmedForTest armed({c.spec});
    EXPECT_EQ(FiringCalls(armed, 10), c.fires) << c.spec;
  }
}

TEST(Decide, StepAndTimeSelect) {
  ArmedForTest armed({"abort collective step=10..11 after=1s until=2s"});
  CallView call = AllReduceCall();
  const auto fires = [&](int64_t step, uint64_t elapsed_ms) {
    call.step = step;
    call.elapsed_ns = elapsed_ms * 1'000'000;
    return armed.Fires(Rank(0), call);
  };
  EXPECT_TRUE(fires(10, 1000));
  EXPECT_TRUE(fires(11, 2000));
  EXPECT_FALSE(fires(9, 1500));
  EXPECT_FALSE(fires(12, 1500));
  EXPECT_FALSE(fires(-1, 1500));
  EXPECT_FALSE(fires(10, 999));
  EXPECT_FALSE(fires(10, 2001));
  EXPECT_EQ(armed.engine().matched(0), 7u);  // `when` does not change what counts as a match
}

TEST(Decide, CapacityBoundsDecisionsButNotTheCount) {
  ArmedForTest armed({"abort collective", "abort collective", "abort collective"});
  Decision out[2];
  EXPECT_EQ(armed.engine().Decide(Rank(0), AllReduceCall(), out, 2), 2u);
  EXPECT_EQ(armed.engine().matched(2), 1u);
  EXPECT_EQ(armed.engine().fired(2), 0u);
}

TEST(Decide, FaultsPastTheFirstWordOfTheBitSetFire) {
  Plan plan;
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(plan.AddShortForm(i == 199 ? "exit ncclAllReduce" : "abort ncclSend").ok());
  AlignedBytes bytes(plan.Arm(0));
  const ArmedPlan view = ArmedPlan::View(bytes.data(), bytes.size());
  const auto engine = std::make_unique<Engine>();
  engine->Arm(&view);
  Decision out[4];
  ASSERT_EQ(engine->Decide(Rank(0), AllReduceCall(), out, 4), 1u);
  EXPECT_EQ(out[0].fault, 199);
}

TEST(Decide, ArmingAgainForgetsTheOldPlan) {
  ArmedForTest first({"abort collective"}), second({"exit ncclSend"});
  EXPECT_TRUE(first.Fires(Rank(0), AllReduceCall()));
  first.engine().Arm(&second.plan());
  EXPECT_FALSE(first.Fires(Rank(0), AllReduceCall()));
  EXPECT_EQ(first.engine().fired(0), 0u);
}

// ---- seeded choices
// --------------------------------------------------------------------------------------------

TEST(Seed, SameSeedSameDecisionsInEveryEngine) {
  ArmedForTest a({"delay collective probability=0.3 time=uniform(1ms,5ms)"}, 7);
  ArmedForTest b({"delay collective probability=0.3 time=uniform(1ms,5ms)"}, 7);
  for (int i = 0; i < 500; ++i) {
    const auto from_a = a.Decide(Rank(2), AllReduceCall());
    const auto from_b = b.Decide(Rank(2), AllReduceCall());
    ASSERT_EQ(from_a.size(), from_b.size()) << i;
    if (from_a.empty()) continue;
    EXPECT_EQ(from_a[0].time_ns, from_b[0].time_ns);
    EXPECT_EQ(from_a[0].random, from_b[0].random);
  }
}

TEST(Seed, OtherSeedsRanksAndFaultsDrawOtherNumbers) {
  ArmedForTest base({"abort collective probability=0.5"}, 1),
      other_seed({"abort collective probability=0.5"}, 2);
  ArmedForTest rank_two({"abort collective probability=0.5"}, 1);
  ArmedForTest second({"abort ncclSend", "abort collective probability=0.5"}, 1);
  const auto fired = FiringCalls(base, 200);
  EXPECT_NE(fired, FiringCalls(other_seed, 200));
  EXPECT_NE(fired, FiringCalls(rank_two, 200, Rank(2)));
  EXPECT_NE(fired, FiringCalls(second, 200));
}

TEST(Seed, ProbabilityIsTheShareOfCallsThatFire) {
  for (const auto& [spec, share] : {std::pair{"abort collective probability=0.1", 0.1},
                                    std::pair{"abort collective probability=0.9", 0.9}}) {
    ArmedForTest armed({spec});
    const double fired = static_cast<double>(FiringCalls(armed, 20000).size());
    EXPECT_NEAR(fired / 20000, share, 0.01) << spec;  // five standard deviations and more
  }
}

TEST(Seed, ThreadsDoNotChangeWhichCallsFire) {
  constexpr int kThreads = 4, kCalls = 5000;
  ArmedForTest alone({"delay collective probability=0.2 time=uniform(1us,1s) every=3"});
  std::map<uint64_t, uint64_t> expected;
  for (int i = 0; i < kThreads * kCalls; ++i) {
    for (const Decision& d : alone.Decide(Rank(1), AllReduceCall())) expected[d.call] = d.time_ns;
  }
  ArmedForTest shared({"delay collective probability=0.2 time=uniform(1us,1s) every=3"});
  std::vector<std::vector<Decision>> seen(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        for (const Decision& d : shared.Decide(Rank(1), AllReduceCall()))
          seen[static_cast<size_t>(t)].push_back(d);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<uint64_t, uint64_t> found;
  for (const auto& decisions : seen) {
    for (const Decision& d : decisions)
      EXPECT_TRUE(found.emplace(d.call, d.time_ns).second) << "call " << d.call << " twice";
  }
  EXPECT_EQ(found, expected);
}

TEST(Seed, TimesHoldsUnderThreads) {
  ArmedForTest armed({"abort collective times=10"});
  std::atomic<int> fired{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) fired += armed.Fires(Rank(0), AllReduceCall()) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fired, 10);
  EXPECT_EQ(armed.engine().fired(0), 10u);
  EXPECT_EQ(armed.engine().matched(0), 8000u);
}

std::vector<uint64_t> DrawTimes(const char* spec, int calls, uint64_t seed = 3) {
  ArmedForTest armed({spec}, seed);
  std::vector<uint64_t> times;
  for (int i = 0; i < calls; ++i) times.push_back(armed.Decide(Rank(0), AllReduceCall())[0].time_ns);
  return times;
}

TEST(Where, APathIsHeldAgainstTheFileOfTheCallAndOnlyMatchingCallsCount) {
  ArmedForTest armed({"disk-slow read,write path=/data/*.bin,/ckpt/? time=1ms call=2"});
  CallView call;
  call.api = ApiId("read");
  EXPECT_TRUE(armed.engine().NeedsPath(call.api));
  EXPECT_FALSE(armed.engine().NeedsPath(ApiId("fsync")));
  const auto fires = [&](const char* path) {
    call.path = path;
    return armed.Fires(Rank(0), call);
  };
  EXPECT_FALSE(fires("/data/deep/a.bin"));  // the first that matches
  EXPECT_FALSE(fires(nullptr));             // a socket
  EXPECT_FALSE(fires("/data/a.bin.tmp"));
  EXPECT_FALSE(fires("/ckpt/12"));
  EXPECT_TRUE(fires("/ckpt/1"));  // the second
  EXPECT_EQ(armed.engine().matched(0), 2u);
}

TEST(Distribution, UniformStaysInBoundsAndReachesThem) {
  const auto times = DrawTimes("delay collective time=uniform(10ns,15ns)", 2000);
  EXPECT_EQ(*std::min_element(times.begin(), times.end()), 10u);
  EXPECT_EQ(*std::max_element(times.begin(), times.end()), 15u);
  EXPECT_EQ(std::set<uint64_t>(times.begin(), times.end()).size(), 6u);
  EXPECT_EQ(times, DrawTimes("delay collective time=uniform(10ns,15ns)", 2000));
  EXPECT_NE(times, DrawTimes("delay collective time=uniform(10ns,15ns)", 2000, 4));
}

TEST(Distribution, NormalHasItsMeanAndDeviation) {
  const auto times = DrawTimes("delay collective time=normal(20ms,5ms)", 20000);
  double sum = 0, squares = 0;
  for (const uint64_t time : times) {
    const double ms = static_cast<double>(time) / 1e6;
    EXPECT_GE(ms, 0);
    EXPECT_LE(ms, 50);  // six deviations
    sum += ms;
    squares += (ms - 20) * (ms - 20);
  }
  EXPECT_NEAR(sum / 20000, 20, 0.2);
  EXPECT_NEAR(squares / 20000, 25, 1.5);
}

TEST(Distribution, NormalIsCutAtZeroAndSurvivesHugeValues) {
  for (const uint64_t time : DrawTimes("delay collective time=normal(1ms,100ms)", 1000))
    EXPECT_LE(time, 601'000'000u);
  for (const uint64_t time : DrawTimes("delay collective time=normal(100000000m,100000000m)", 1000)) {
    EXPECT_LE(time, uint64_t{1} << 63);
  }
}

TEST(Distribution, AFixedTimeIsThatTime) {
  for (const uint64_t time : DrawTimes("delay collective time=7us", 50)) EXPECT_EQ(time, 7000u);
}

}  // namespace
}  // namespace rankle::plan
