// Chrome trace events: what Perfetto needs to show ranks and communicators as named tracks.
#include "analyzer/export/chrome_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "analyzer/testing/diagnose.h"

namespace rankle {
namespace {

using nlohmann::json;
using ::testing::IsSupersetOf;
using Track = std::pair<int, int>;  // process, thread

struct Trace {
  explicit Trace(const testing::JobBuilder& job)
      : events(json::parse(ChromeTrace(job.Build()))["traceEvents"]) {}

  std::vector<json> Of(const std::string& phase) const {
    std::vector<json> found;
    for (const json& event : events) {
      if (event["ph"] == phase) found.push_back(event);
    }
    return found;
  }
  // What metadata of this kind says, by track.
  std::map<Track, json> Metadata(const std::string& name) const {
    std::map<Track, json> found;
    for (const json& event : Of("M")) {
      if (event["name"] == name) found[{event["pid"], event["tid"]}] = event["args"];
    }
    return found;
  }
  json events;
};

testing::JobBuilder HybridJob() {
  testing::JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3}), tp = job.Communicator("tp0", {0, 1});
  job.Collective(dp, 1.0, 1.5, {0, 0, 0.3, 0.1});
  job.Collective(tp, 2.0, 2.1);
  testing::Op send{
      .rank = 0, .communicator = dp, .api = "ncclSend", .entered = 3.0, .finished = 3.2, .peer = 3};
  testing::Op receive{
      .rank = 3, .communicator = dp, .api = "ncclRecv", .entered = 2.9, .finished = 3.3, .peer = 0};
  job.Add(send).Add(receive);
  testing::Enter(job, dp, 4.0, {0, 1});
  job.Mark(2, 0.5, 7).ObservedUntil(9);
  return job;
}

TEST(ChromeTraceTest, EveryRankIsANamedProcessInOrderOfRanks) {
  const Trace trace(HybridJob());
  const auto names = trace.Metadata("process_name"), order = trace.Metadata("process_sort_index");
  ASSERT_EQ(names.size(), 4u);
  for (int rank = 0; rank < 4; ++rank) {
    EXPECT_THAT(names.at({rank, 0})["name"].get<std::string>(),
                ::testing::StartsWith("rank " + std::to_string(rank) + " "));
    EXPECT_EQ(order.at({rank, 0})["sort_index"], rank);
  }
}

TEST(ChromeTraceTest, EveryTrackWithSlicesIsNamedAndOrdered) {
  const Trace trace(HybridJob());
  const auto names = trace.Metadata("thread_name"), order = trace.Metadata("thread_sort_index");
  for (const json& slice : trace.Of("X")) {
    const Track track(slice["pid"], slice["tid"]);
    EXPECT_TRUE(names.contains(track)) << slice;
    EXPECT_TRUE(order.contains(track)) << slice;
  }
  std::set<std::string> of_rank_0;
  for (const auto& [track, args] : names) {
    if (track.first == 0) of_rank_0.insert(args["name"].get<std::string>());
  }
  EXPECT_THAT(of_rank_0, IsSupersetOf({"host calls", "dp, stream 1", "tp0, stream 1"}));
}

TEST(ChromeTraceTest, OperationsThatNeverEndedSaySo) {
  int open = 0;
  for (const json& slice : Trace(HybridJob()).Of("X")) {
    if (slice["args"].value("state", "") != "not finished") continue;
    ++open;
    EXPECT_EQ(slice["ts"].get<double>() + slice["dur"].get<double>(), 9e6 + 1e-3);  // times begin at 1 ns
  }
  EXPECT_EQ(open, 2);
}

TEST(ChromeTraceTest, ArrowsLeadFromTheLastToTheFirstAndFromSendToReceive) {
  const Trace trace(HybridJob());
  std::map<int64_t, json> begins, ends;
  for (const json& event : trace.Of("s")) begins[event["id"]] = event;
  for (const json& event : trace.Of("f")) ends[event["id"]] = event;
  std::set<std::tuple<std::string, int, int>> arrows;
  for (const auto& [id, from] : begins) {
    ASSERT_TRUE(ends.contains(id));
    const json& to = ends[id];
    EXPECT_LE(from["ts"], to["ts"]);
    EXPECT_EQ(to["bp"], "e");
    arrows.emplace(from["name"], from["pid"], to["pid"]);
  }
  EXPECT_EQ(begins.size(), ends.size());
  EXPECT_EQ(arrows, (std::set<std::tuple<std::string, int, int>>{{"waited for", 2, 0}, {"message", 0, 3}}));
}

TEST(ChromeTraceTest, NamesOfAJobStayTextInsideTheJson) {
  testing::JobBuilder job(2);
  job.Steps(job.Communicator("a\"},{\"ph\":\"X\"\\\n\x01", {0, 1}), 1, 3);
  const Trace trace(job);  // parses
  EXPECT_EQ(trace.Metadata("process_name").size(), 2u);
  EXPECT_EQ(trace.Of("X").size(), 12u);  // 2 ranks, 3 operations, a device and a host slice each
}

}  // namespace
}  // namespace rankle
