#include "analyzer/localize/misuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/testing/job_builder.h"
#include "injector/api/api.h"

namespace rankle::localize {
namespace {

using store::Misuse;
using store::MisuseKind;
using ::testing::IsEmpty;
using testing::JobBuilder;

// Two ranks, three reductions, then rank 1 destroys the communicator at 1.0 s and rank 0 at 2.0 s.
store::Store JobWithLastOperationUntil(double finished) {
  JobBuilder job(2);
  const int dp = job.Communicator("dp", {0, 1});
  job.Collective(dp, 0.1, 0.2);
  job.Collective(dp, 0.9, finished);
  job.Collective(dp, 0.95, finished + 0.1, {}, "ncclAllGather");
  job.Teardown(dp, 1, 1.0, 1.8).Teardown(dp, 0, 2.0, 2.1);
  return job.Build();
}

TEST(Misuse, OperationsThatEndAfterTheDestroyWereInFlight) {
  const store::Store store = JobWithLastOperationUntil(1.5);
  const std::vector<Misuse> found = FindMisuses(store);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, MisuseKind::kDestroyedInFlight);
  EXPECT_EQ(store.GlobalRank(found[0].rank), 1);
  EXPECT_EQ(found[0].count, 2u);
  EXPECT_EQ(found[0].seq, 2u);
  EXPECT_EQ(found[0].operation, api::FindApi("ncclAllReduce")->id);
}

TEST(Misuse, ADestroyBehindTheLastOperationIsNone) {
  EXPECT_THAT(FindMisuses(JobWithLastOperationUntil(0.9)), IsEmpty());
}

TEST(Misuse, LessThanTheClocksOfDevicesDifferCountsForNothing) {
  EXPECT_THAT(FindMisuses(JobWithLastOperationUntil(0.9005)), IsEmpty());
}

TEST(Misuse, AFinalizeWaitsForWhatIsInFlight) {
  store::Store store = JobWithLastOperationUntil(1.5);
  store::Calls& calls = store.calls;
  for (size_t i = 0; i < calls.size(); ++i) calls.api[i] = api::FindApi("ncclCommFinalize")->id;
  EXPECT_THAT(FindMisuses(store), IsEmpty());
}

TEST(Misuse, WhatTheHooksSawIsKeptAndKindsOfNewerVersionsAreNot) {
  store::Store store = JobWithLastOperationUntil(0.9);
  store.misuses = {{.kind = MisuseKind::kCommGone, .rank = 1},
                   {.kind = static_cast<MisuseKind>(99), .rank = 0}};
  const std::vector<Misuse> found = FindMisuses(store);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, MisuseKind::kCommGone);
}

}  // namespace
}  // namespace rankle::localize
