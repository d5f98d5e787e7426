// The parts of the lint driver that are plain values: edits, baselines, paths.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "detectors/lint/baseline.h"
#include "detectors/lint/fix.h"
#include "detectors/lint/output.h"
#include "detectors/lint/paths.h"

namespace rankle::lint {
namespace {

TEST(Fix, MakesEditsInAnyOrderAndEachOnce) {
  const Fixed fixed = MakeEdits("f(n * 4, 8);", {{"a", 9, 10, "9"}, {"a", 2, 7, "n"}, {"a", 2, 7, "n"}});
  EXPECT_EQ(fixed.text, "f(n, 9);");
  EXPECT_EQ(fixed.made, 2);
}

TEST(Fix, LeavesOutWhatOverlapsOrLiesBehindTheEnd) {
  const Fixed fixed = MakeEdits("abcdef", {{"a", 0, 3, "X"}, {"a", 2, 4, "Y"}, {"a", 5, 99, "Z"}});
  EXPECT_EQ(fixed.text, "Xdef");
  EXPECT_EQ(fixed.left_out, 2);
}

TEST(Baseline, HoldsTheIdentitiesThatWereWritten) {
  Finding finding;
  finding.identity = "0123456789abcdef";
  finding.place.file = "/src/a.cc";
  finding.message = "quote \" and \xff";
  const auto identities = ParseBaseline(BaselineText({finding}, "/src"), "b.json");
  ASSERT_TRUE(identities.ok()) << identities.status();
  EXPECT_EQ(*identities, std::set<std::string>{"0123456789abcdef"});
  EXPECT_TRUE(ParseBaseline(BaselineText({}, "/src"), "b.json")->empty());
}

TEST(Baseline, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"schema": "rankle.lint-baseline/1"})",
                           R"({"schema": "rankle.lint-baseline/1", "findings": [{"check": "a"}]})",
                           R"({"schema": "rankle.lint-baseline/1", "findings": [{"identity": 3}]})"})
    EXPECT_FALSE(ParseBaseline(text, "b.json").ok()) << text;
}

Finding Found(const std::string& file, const std::string& check) {
  Finding finding;
  finding.check = check;
  finding.severity = Severity::kError;
  finding.place = {file, 3, 5};
  finding.message = "a message with \xff";
  finding.notes = {{{file, 1, 1}, "a note"}};
  finding.fix = {{file, 0, 1, "x"}};
  finding.function_name = "f";
  finding.identity = "0123456789abcdef";
  return finding;
}

// What the schema of SARIF 2.1.0 requires of the objects that are written; scripts/lint-sarif-schema compares
// with the schema itself.
TEST(Sarif, HasWhatTheSchemaRequires) {
  Report report;
  report.root = "/src";
  report.checks = {{"nccl-a", "is a", "api_misuse", "crash/nccl", Severity::kError},
                   {"nccl-b", "is b", "api_misuse", "", Severity::kWarning}};
  report.findings = {Found("/src/a b.cc", "nccl-b")};
  report.accepted = {Found("/elsewhere/c.h", "nccl-a")};
  report.units = {{"/src/a b.cc", 2, "broken", "", false, ""}, {"/src/d.cc", 0, "", "crashed", false, ""}};
  const nlohmann::json log = nlohmann::json::parse(Sarif(report));
  EXPECT_EQ(log.at("version"), "2.1.0");
  ASSERT_EQ(log.at("runs").size(), 1u);
  const nlohmann::json& run = log["runs"][0];
  const nlohmann::json& driver = run.at("tool").at("driver");
  EXPECT_TRUE(driver.at("name").is_string());
  ASSERT_EQ(driver.at("rules").size(), 2u);
  for (const nlohmann::json& rule : driver["rules"]) {
    EXPECT_TRUE(rule.at("id").is_string());
    EXPECT_TRUE(rule.at("shortDescription").at("text").is_string());
  }
  EXPECT_EQ(run.at("originalUriBaseIds").at("SRCROOT").at("uri"), "file:///src/");  // ends with a slash
  ASSERT_EQ(run.at("results").size(), 2u);
  const char* const kUris[] = {"a%20b.cc", "file:///elsewhere/c.h"};
  for (size_t i = 0; i < 2; ++i) {
    const nlohmann::json& result = run["results"][i];
    EXPECT_TRUE(result.at("message").at("text").is_string());
    EXPECT_EQ(driver["rules"][result.at("ruleIndex").get<size_t>()]["id"], result.at("ruleId"));
    const nlohmann::json& place = result.at("locations").at(0).at("physicalLocation");
    EXPECT_EQ(place.at("artifactLocation").at("uri"), kUris[i]);
    EXPECT_EQ(place["artifactLocation"].contains("uriBaseId"), i == 0);
    EXPECT_EQ(place.at("region").at("startLine"), 3);
    EXPECT_TRUE(result.at("partialFingerprints").at("rankle/v1").is_string());
    const nlohmann::json& change = result.at("fixes").at(0).at("artifactChanges").at(0);
    EXPECT_TRUE(change.contains("artifactLocation"));
    EXPECT_TRUE(change.at("replacements").at(0).contains("deletedRegion"));
  }
  EXPECT_EQ(run["results"][0].at("baselineState"), "new");
  EXPECT_EQ(run["results"][1].at("baselineState"), "unchanged");
  const nlohmann::json& invocation = run.at("invocations").at(0);
  EXPECT_TRUE(invocation.at("executionSuccessful").is_boolean());
  ASSERT_EQ(invocation.at("toolExecutionNotifications").size(), 2u);
  for (const nlohmann::json& notification : invocation["toolExecutionNotifications"])
    EXPECT_TRUE(notification.at("message").at("text").is_string());
}

TEST(Timings, NameWhatTookLongestFirst) {
  Report report;
  report.timings = {{"nccl-a", 0.25}, {"parse", 2}, {"paths", 0.5}};
  const std::string text = TimingsText(report);
  EXPECT_THAT(text, ::testing::StartsWith("2.75 s"));
  EXPECT_LT(text.find("parse"), text.find("paths"));
  EXPECT_LT(text.find("paths"), text.find("nccl-a"));
}

TEST(Paths, BelowTheRootAreRelative) {
  EXPECT_EQ(RelativeTo("/src", "/src/a/b.cc"), "a/b.cc");
  EXPECT_EQ(RelativeTo("/", "/src/a.cc"), "src/a.cc");
  EXPECT_EQ(RelativeTo("/src", "/srcs/a.cc"), "/srcs/a.cc");
}

}  // namespace
}  // namespace rankle::lint
