// The fast look at the caller's caller says what the unwinder says, for every shape of frame, at every call.
#include "injector/sites/call_site.h"

#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "injector/sites/calls.h"
#include "injector/sites/modules.h"
#include "injector/sites/testing/shapes.h"

namespace rankle::sites {
namespace {

using testing_shapes::CallFromHere;
using testing_shapes::CallFromThere;
using testing_shapes::kShapeCount;
using testing_shapes::kShapes;
using testing_shapes::Shape;

struct Seen {
  uint64_t fast = 0, unwound = 0;
};
thread_local std::vector<Seen> t_seen;

// Stands for a wrapper: has a frame of its own, as __builtin_frame_address makes it.
[[gnu::noinline]] void Look() {
  const auto address = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  const auto* const frame = static_cast<const uint64_t*>(__builtin_frame_address(0));
  const uint64_t fast = CallerOf({address, frame});
  t_seen.push_back({fast, UnwindCaller(address)});
}

class EveryShape : public testing::TestWithParam<size_t> {
 protected:
  static const Shape& shape() { return kShapes[GetParam()]; }
};

TEST_P(EveryShape, TheFastWayAgreesWithTheUnwinder) {
  t_seen.clear();
  std::set<uint64_t> callers;
  for (size_t size = 1; size <= 64; ++size) {
    CallFromHere(shape(), Look, size);
    CallFromThere(shape(), Look, size * 7);
  }
  ASSERT_EQ(t_seen.size(), 128u);
  for (const Seen& seen : t_seen) {
    EXPECT_NE(seen.unwound, 0u);
    ASSERT_EQ(seen.fast, seen.unwound);
    callers.insert(seen.fast);
  }
  EXPECT_GE(callers.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Shapes, EveryShape, testing::Range(size_t{0}, kShapeCount));

TEST(CallerOf, TellsTwoCallersOfOneFunctionApart) {
  t_seen.clear();
  for (size_t round = 0; round < 10; ++round) {
    CallFromHere(kShapes[0], Look, 1);
    CallFromThere(kShapes[0], Look, 1);
  }
  for (size_t i = 2; i < t_seen.size(); ++i) {
    EXPECT_EQ(t_seen[i].fast, t_seen[i - 2].fast);
    EXPECT_NE(t_seen[i].fast, t_seen[i - 1].fast);
  }
}

TEST(CallerOf, ThreadsLearnTheSameRule) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (size_t thread = 0; thread < wrong.size(); ++thread) {
    threads.emplace_back([thread, &wrong] {
      for (size_t size = 1; size < 200; ++size) {
        for (size_t i = 0; i < kShapeCount; ++i) CallFromHere(kShapes[i], Look, size);
      }
      for (const Seen& seen : t_seen) wrong[thread] += seen.fast != seen.unwound;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(PlaceOf, KnowsTheModuleOfAnAddress) {
  const CodePlace here = PlaceOf(reinterpret_cast<uint64_t>(&PlaceOf) + 1);
  EXPECT_NE(here.module.base, 0u);
  const CodePlace in_libc = PlaceOf(reinterpret_cast<uint64_t>(&gnu_get_libc_version) + 1);
  EXPECT_NE(std::string_view(in_libc.module.path).find("libc.so"), std::string_view::npos);
  EXPECT_GT(in_libc.module.build_id_bytes, 0u);
  int on_the_stack = 0;
  EXPECT_STREQ(PlaceOf(reinterpret_cast<uint64_t>(&on_the_stack)).module.path, "");
}

// ---- what an answer means

Outcome Of(std::string_view symbol, int64_t result, int error = 0, uint64_t asked = 0) {
  for (const Call& call : kCalls) {
    if (call.symbol == symbol) return OutcomeOf(call, result, error, asked);
  }
  return {};
}

TEST(OutcomeOf, EachFunctionFailsInItsOwnWay) {
  EXPECT_EQ(Of("connect", 0), (Outcome{OutcomeKind::kOk, 0}));
  EXPECT_EQ(Of("connect", -1, ECONNREFUSED), (Outcome{OutcomeKind::kError, ECONNREFUSED}));
  EXPECT_EQ(Of("pthread_create", EAGAIN), (Outcome{OutcomeKind::kError, EAGAIN}));
  EXPECT_EQ(Of("pthread_create", 0, EINVAL), (Outcome{OutcomeKind::kOk, 0}));
  EXPECT_EQ(static_cast<int32_t>(Of("getaddrinfo", -3).value), -3);
  EXPECT_EQ(Of("sleep", 2, EINTR), (Outcome{OutcomeKind::kError, EINTR}));
}

TEST(OutcomeOf, TellsEndsTimeoutsAndShortTransfers) {
  EXPECT_EQ(Of("poll", 0).kind, OutcomeKind::kTimeout);
  EXPECT_EQ(Of("poll", 2).kind, OutcomeKind::kOk);
  EXPECT_EQ(Of("read", 0, 0, 100).kind, OutcomeKind::kEnd);
  EXPECT_EQ(Of("read", 0, 0, 0).kind, OutcomeKind::kOk);
  EXPECT_EQ(Of("read", 99, 0, 100).kind, OutcomeKind::kShort);
  EXPECT_EQ(Of("read", 100, 0, 100).kind, OutcomeKind::kOk);
  EXPECT_EQ(Of("write", 0, 0, 100).kind, OutcomeKind::kOk);
  EXPECT_EQ(Of("write", 10, 0, 100).kind, OutcomeKind::kShort);
}

TEST(Calls, EveryFunctionOfTheLibraryIsInTheTable) {
  for (const api::ApiInfo& info : api::kApiTable) {
    if (info.library != api::Library::kLibc || (info.groups & api::kException) != 0) continue;
    const Call* const call = FindCall(info.id);
    ASSERT_NE(call, nullptr) << info.name;
    EXPECT_EQ(call->symbol, info.name);
    EXPECT_FALSE(call->errors.empty()) << info.name;
  }
}

}  // namespace
}  // namespace rankle::sites
