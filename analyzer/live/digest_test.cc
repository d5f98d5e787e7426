#include "analyzer/live/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/live/testing/nodes.h"

namespace rankle::live {
namespace {

using ::testing::HasSubstr;

TEST(Digest, IsReadAsItWasWritten) {
  const testing::NodesOfJob nodes(testing::HangingJob(), 1);
  Digest digest = nodes.parts()[0].digest;
  digest.sequence = 42, digest.pace = {.usual_ns = 5, .slower = true, .text = "the job is slower"};
  const absl::StatusOr<Digest> read = ParseDigest(DigestJson(digest), "digest.json");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(DigestJson(*read), DigestJson(digest));
  EXPECT_EQ(read->sequence, 42u);
  EXPECT_EQ(read->pace.text, "the job is slower");
  ASSERT_EQ(read->processes.size(), digest.processes.size());
  const record::FlightRecord &before = digest.processes[1], &after = read->processes[1];
  ASSERT_EQ(after.events.size(), before.events.size());
  for (size_t i = 0; i < before.events.size(); ++i) {
    EXPECT_EQ(after.events[i].api, before.events[i].api);
    EXPECT_EQ(after.events[i].entered_ns, before.events[i].entered_ns);
    EXPECT_EQ(after.events[i].finished_ns, before.events[i].finished_ns);
    EXPECT_EQ(after.events[i].seq, before.events[i].seq);
  }
  EXPECT_EQ(after.communicators[0].last_seq, before.communicators[0].last_seq);
  EXPECT_EQ(after.observed_ns, digest.monotonic_ns);
}

TEST(Digest, TellsSinceWhenSomethingIsInFlight) {
  const testing::NodesOfJob nodes(testing::HangingJob(), 1);
  const std::vector<record::FlightRecord>& processes = nodes.parts()[0].digest.processes;
  EXPECT_EQ(OldestInFlightNs(processes[testing::kHungRank]), 0u);
  EXPECT_EQ(OldestInFlightNs(processes[0]), processes[0].events.back().entered_ns);
}

TEST(Digest, WhatIsNoDigestIsNamed) {
  for (const char* text :
       {"", "{", "[]", "{\"schema\":\"rankle.digest/2\"}", "{\"schema\":\"rankle.digest/1\"}",
        "{\"schema\":\"rankle.digest/1\",\"sequence\":\"x\"}"}) {
    const absl::StatusOr<Digest> read = ParseDigest(text, "out/digest.json");
    EXPECT_FALSE(read.ok()) << text;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr("out/digest.json")) << text;
  }
  const testing::NodesOfJob nodes(testing::HangingJob(), 1);
  const std::string whole = DigestJson(nodes.parts()[0].digest);
  for (size_t cut = 1; cut < whole.size(); cut += whole.size() / 97) {
    EXPECT_FALSE(ParseDigest(whole.substr(0, cut), "digest.json").ok()) << cut;
  }
}

}  // namespace
}  // namespace rankle::live
