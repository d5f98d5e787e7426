#include "analyzer/stitch/observation_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::stitch {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kHead[] = "{\"schema\":\"rankle.observations/1\"}\n";

std::string MistakeIn(const std::string& lines, const ReadLimits& limits = {}) {
  const auto read = ReadObservations(kHead + lines, "obs", limits);
  return read.ok() ? "no mistake found" : std::string(read.status().message());
}

Observations Sample() {
  Observations sample;
  sample.names.sites[0xa1] = {"retry loop", SiteKind::kLoop, true, {}};
  sample.names.sites[0xa2] = {"throw Lost", SiteKind::kThrow, false, {7, UINT64_MAX}};
  sample.names.call_sites[0xc1] = "Join < main";
  sample.names.signatures[0xf1] = {"connect: ECONNREFUSED", {3, 4}};
  RunObservation profile{.run = "p1", .workload = "ckpt", .fault = {}, .rows = {}};
  RunObservation injected{.run = "i1", .workload = "ckpt", .fault = {}, .rows = {}};
  injected.fault = Fault{0xa2, FaultKind::kDelay, -5, 0xa1, "root", 7};
  injected.fired = 2;
  injected.end = End::kTimedOut;
  injected.units = 20;
  injected.rows = {{"worker", 0xa1, 0xc1, 12, {0xf1, UINT64_MAX}, 0xa2, {{1, 10}, {2, 1}}}};
  sample.runs = {profile, injected};
  return sample;
}

TEST(ObservationJson, EveryFieldSurvivesWritingAndReading) {
  const auto read = ReadObservations(WriteObservations(Sample()), "obs");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->names.sites.at(0xa2).guards, (std::vector<Outcome>{7, UINT64_MAX}));
  EXPECT_EQ(read->names.sites.at(0xa2).kind, SiteKind::kThrow);
  EXPECT_EQ(read->names.sites.at(0xa1).name, "retry loop");
  EXPECT_TRUE(read->names.sites.at(0xa1).timer);
  EXPECT_EQ(read->names.call_sites.at(0xc1), "Join < main");
  EXPECT_EQ(read->names.signatures.at(0xf1).outcomes, (std::vector<Outcome>{3, 4}));
  ASSERT_EQ(read->runs.size(), 2u);
  EXPECT_FALSE(read->runs[0].fault.has_value());
  const RunObservation& run = read->runs[1];
  EXPECT_EQ(run.fault, (Fault{0xa2, FaultKind::kDelay, -5, 0xa1, "root", 7}));
  EXPECT_EQ(run.fired, 2u);
  EXPECT_EQ(run.end, End::kTimedOut);
  EXPECT_EQ(run.units, 20u);
  ASSERT_EQ(run.rows.size(), 1u);
  EXPECT_EQ(run.rows[0].role, "worker");
  EXPECT_EQ(run.rows[0].call_site, 0xc1u);
  EXPECT_EQ(run.rows[0].hits, 12u);
  EXPECT_THAT(run.rows[0].signatures, ElementsAre(0xf1, UINT64_MAX));
  EXPECT_EQ(run.rows[0].parent, 0xa2u);
  EXPECT_THAT(run.rows[0].per_parent, ElementsAre(ParentBin{1, 10}, ParentBin{2, 1}));
  EXPECT_EQ(WriteObservations(*read), WriteObservations(Sample()));
}

TEST(ObservationJson, NamesThatAreNotUtf8AreWrittenReadably) {
  Observations sample;
  sample.names.call_sites[1] = "caf\xe9";
  EXPECT_TRUE(ReadObservations(WriteObservations(sample), "obs").ok());
}

TEST(ObservationJson, MistakesNameTheLineAndWhatToDo) {
  EXPECT_THAT(MistakeIn("\n{\"run\": "), AllOf(StartsWith("obs:3: "), HasSubstr("not valid JSON")));
  EXPECT_THAT(MistakeIn("[]"), HasSubstr("a JSON array"));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"colour\":1}"),
              AllOf(StartsWith("obs:2: "), HasSubstr("unknown member \"colour\"")));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"run\":\"b\",\"workload\":\"w\"}"), HasSubstr("given twice"));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"units\":-1}"), HasSubstr("at least 0"));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"units\":1.5}"), HasSubstr("whole number"));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"end\":\"odd\"}"),
              HasSubstr("ok, failed, timed_out"));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\"}"), HasSubstr("\"workload\" is missing"));
  EXPECT_THAT(MistakeIn("{\"run\":\"\",\"workload\":\"w\"}"), HasSubstr("a run has an id"));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"fault\":{\"site\":\"00000000000000a1\",\"kind\":"
                        "\"error\",\"hit\":0}}"),
              HasSubstr("\"hit\" is a number from 1 on"));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"fault\":{\"site\":\"00000000000000a1\"}}"),
              AllOf(HasSubstr(": fault: "), HasSubstr("\"kind\" is missing")));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"rows\":[{\"site\":\"a1\"}]}"),
              AllOf(HasSubstr(": row 1: "), HasSubstr("16 hexadecimal digits")));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\",\"rows\":[{\"site\":\"00000000000000a1\","
                        "\"per_parent\":[[1]]}]}"),
              HasSubstr("[iterations, parents]"));
  EXPECT_THAT(MistakeIn("{\"name\":\"x\"}"), HasSubstr("schema, run, site, call_site or signature"));
  EXPECT_THAT(std::string(ReadObservations("{\"run\":\"a\"}", "obs").status().message()),
              HasSubstr("must tell the schema"));
  EXPECT_THAT(
      std::string(ReadObservations("{\"schema\":\"rankle.observations/9\"}", "obs").status().message()),
      HasSubstr("this version reads"));
}

TEST(ObservationJson, TwoMeaningsOfOneNumberAreRefused) {
  const std::string one = "{\"call_site\":\"00000000000000c1\",\"name\":\"a\"}\n";
  EXPECT_TRUE(ReadObservations(kHead + one + one, "obs").ok());
  EXPECT_THAT(MistakeIn(one + "{\"call_site\":\"00000000000000c1\",\"name\":\"b\"}"),
              AllOf(StartsWith("obs:3: "), HasSubstr("another meaning")));
  EXPECT_THAT(MistakeIn("{\"run\":\"a\",\"workload\":\"w\"}\n{\"run\":\"a\",\"workload\":\"w\"}"),
              HasSubstr("ids must be unique"));
}

TEST(ObservationJson, SizesAreBounded) {
  const std::string run =
      "{\"run\":\"a\",\"workload\":\"w\",\"rows\":[{\"site\":\"00000000000000a1\"},"
      "{\"site\":\"00000000000000a2\",\"signatures\":[\"00000000000000f1\","
      "\"00000000000000f2\"]}]}";
  EXPECT_EQ(MistakeIn(run), "no mistake found");
  EXPECT_THAT(MistakeIn(run, {.line_bytes = 100}), HasSubstr("at most 100"));
  EXPECT_THAT(MistakeIn(run, {.rows_a_run = 1}), HasSubstr("has 2 values, at most 1"));
  EXPECT_THAT(MistakeIn(run, {.values_a_row = 1}), HasSubstr("has 2 values, at most 1"));
  EXPECT_THAT(MistakeIn(run, {.runs = 0}), HasSubstr("more than 0 runs"));
}

TEST(Observation, RowsOfOneKeyAreJoined) {
  RunObservation run;
  run.rows = {{"b", 1, 0, 3, {9, 2, 9}, 5, {{1, 2}}},
              {"a", 1, 0, 1, {}, 0, {}},
              {"b", 1, 0, 4, {1}, 5, {{0, 1}, {1, 1}, {7, 0}}}};
  Normalize(run);
  ASSERT_EQ(run.rows.size(), 2u);
  EXPECT_EQ(run.rows[0].role, "a");
  EXPECT_EQ(run.rows[1].hits, 7u);
  EXPECT_THAT(run.rows[1].signatures, ElementsAre(1, 2, 9));
  EXPECT_THAT(run.rows[1].per_parent, ElementsAre(ParentBin{0, 1}, ParentBin{1, 3}));
}

TEST(Observation, AHistogramOfAnotherParentIsNotMixedIn) {
  RunObservation run;
  run.rows = {{"b", 1, 0, 3, {}, 5, {{1, 2}}}, {"b", 1, 0, 4, {}, 6, {{9, 9}}}};
  Normalize(run);
  ASSERT_EQ(run.rows.size(), 1u);
  EXPECT_EQ(run.rows[0].parent, 5u);
  EXPECT_THAT(run.rows[0].per_parent, ElementsAre(ParentBin{1, 2}));
}

}  // namespace
}  // namespace rankle::stitch
