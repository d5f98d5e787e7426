// What a program does with NCCL that its rules forbid, from a real run on virtual GPUs to its finding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

Json Diagnose(const std::string& sample_case) {
  const ScratchDirectory scratch;
  const Finished job = RunRankle({"run", "-q", "-n", "2", "--virtual-gpus", "2", "-o", scratch.Path("out"),
                                  "--", MISUSE_SAMPLE, sample_case});
  const Finished analysis = RunRankle({"analyze", scratch.Path("out"), "--format", "json"});
  Json report = Json::parse(analysis.out, nullptr, false);
  EXPECT_TRUE(report.is_object()) << job.err << analysis.err;
  return report;
}

struct Case {
  std::string sample, rule;
  std::vector<std::string> says;  // of the evidence
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.sample; }

class MisuseRun : public ::testing::TestWithParam<Case> {};

TEST_P(MisuseRun, IsAFindingThatNamesRankAndCall) {
  const Json report = Diagnose(GetParam().sample);
  const Json& findings = report["findings"];
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [](const Json& f) { return f["rule"] == GetParam().rule; });
  ASSERT_NE(found, findings.end()) << report["verdict"].dump(1);
  EXPECT_EQ((*found)["class"], "misuse");
  EXPECT_EQ((*found)["ranks"], Json::array({1}));
  const std::string evidence = (*found)["evidence"].dump();
  for (const std::string& part : GetParam().says) EXPECT_THAT(evidence, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(
    All, MisuseRun,
    ::testing::Values(
        Case{"thread-in-group",
             "misuse/group-unbalanced",
             {"a thread ended with a group open", "2 operations in it, from AllReduce 2 on, never launched"}},
        Case{"exit-in-group",
             "misuse/group-unbalanced",
             {"the process ended with a group open", "1 operations in it, from AllReduce 2 on"}},
        Case{"end-without-group", "misuse/group-unbalanced", {"ncclGroupEnd failed: no group was open"}},
        Case{"wait-in-group",
             "misuse/blocking-call-in-group",
             {"cudaStreamSynchronize inside a group", "from AllReduce 1 on"}},
        Case{"past-the-end",
             "misuse/past-allocation",
             {"AllReduce 1 receives 4096 bytes, of which 4 lie behind the end"}},
        Case{"gather-past-the-end",
             "misuse/past-allocation",
             {"AllGather 1 receives 8192 bytes, of which 4 lie behind the end"}},
        Case{"use-after-destroy", "misuse/comm-use-after-destroy", {"ncclAllReduce on communicator dp"}},
        Case{"destroy-twice", "misuse/comm-use-after-destroy", {"ncclCommDestroy on communicator dp"}},
        Case{"destroy-in-flight",
             "misuse/destroy-in-flight",
             {"with 1 operations still running, from AllReduce 2"}},
        Case{"use-in-progress", "misuse/nonblocking-no-poll", {"ncclAllReduce 1", "nobody had asked"}}),
    [](const auto& info) {
      std::string name = info.param.sample;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(MisuseRun, AProgramThatKeepsToTheRulesHasNone) {
  const Json report = Diagnose("none");
  EXPECT_EQ(report["verdict"]["class"], "healthy") << report["verdict"].dump(1);
}

TEST(MisuseRun, RanksThatDisagreeAreNamedThoughTheJobCameToItsEnd) {
  const Json report = Diagnose("different-counts");
  EXPECT_EQ(report["verdict"]["class"], "hang.mismatch") << report["verdict"].dump(1);
  EXPECT_THAT(report["verdict"]["summary"].get<std::string>(), HasSubstr("#4 of communicator dp"));
}

}  // namespace
}  // namespace rankle::testing
