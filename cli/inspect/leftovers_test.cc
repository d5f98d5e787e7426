#include "cli/inspect/leftovers.h"

#include <gtest/gtest.h>

namespace rankle::cli {
namespace {

using std::string_view_literals::operator""sv;

TEST(Leftovers, TheMarkOfARunIsInTheEnvironment) {
  const std::optional<RunMark> mark =
      RunMarkOf("HOME=/root\0RANKLE_OUT=/o u=t\0RANKLE_JOB_ID=00000000000000ff\0"sv);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->output_dir, "/o u=t");
  EXPECT_EQ(mark->job_id, 0xffu);
}

TEST(Leftovers, OtherProcessesHaveNoMark) {
  for (const std::string_view environment :
       {""sv, "HOME=/root\0"sv, "RANKLE_OUT=/out\0"sv, "RANKLE_JOB_ID=ff\0"sv,
        "XRANKLE_OUT=/out\0RANKLE_JOB_ID=ff\0"sv, "RANKLE_OUT=/out\0RANKLE_JOB_ID=none\0"sv}) {
    EXPECT_FALSE(RunMarkOf(environment)) << environment;
  }
}

TEST(Leftovers, ARunIsOverWhenItsRankleIsGone) {
  const RunMark mark{.output_dir = "/out", .job_id = 7};
  const RunTraces over{
      .under_rankle = false, .is_this_hosts = true, .last_job_id = 7, .directory_is_free = true};
  EXPECT_TRUE(IsOver(mark, over));
  RunTraces traces = over;
  traces.directory_is_free = false;
  EXPECT_FALSE(IsOver(mark, traces)) << "it runs";
  traces.last_job_id = 8;
  EXPECT_TRUE(IsOver(mark, traces)) << "a later run writes there";
  traces = over;
  traces.under_rankle = true;
  EXPECT_FALSE(IsOver(mark, traces)) << "a rankle without the lock is a rankle too";
  traces = over;
  traces.is_this_hosts = false;
  EXPECT_FALSE(IsOver(mark, traces)) << "its rankle is elsewhere";
}

}  // namespace
}  // namespace rankle::cli
