// The texts for people: the catalogue, the documentation made from it, and the example plans.
#include "injector/plan/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "injector/plan/catalogue.h"
#include "injector/plan/plan.h"

namespace rankle::plan {
namespace {

using testing::HasSubstr;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Catalogue, HasEveryActionOnce) {
  std::set<Action> actions;
  std::set<std::string_view> names;
  for (const ActionInfo& info : Catalogue()) {
    EXPECT_TRUE(actions.insert(info.action).second) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(FindAction(info.name), &info);
    EXPECT_EQ(FindAction(info.action), &info);
  }
  EXPECT_EQ(actions.size(), static_cast<size_t>(Action::kLast));
  EXPECT_EQ(FindAction("xid")->action, Action::kGpuLost);
  EXPECT_EQ(FindAction("nope"), nullptr);
}

TEST(Catalogue, AvailableEntriesAreDocumentedInFull) {
  for (const ActionInfo& info : Catalogue()) {
    EXPECT_FALSE(info.summary.empty()) << info.name;
    EXPECT_FALSE(info.root_causes.empty()) << info.name;
    if (!info.unavailable.empty()) continue;
    EXPECT_FALSE(info.application_sees.empty()) << info.name;
    EXPECT_FALSE(info.cannot_imitate.empty()) << info.name;
  }
}

TEST(Catalogue, EveryExampleIsAValidFaultOfItsAction) {
  for (const ActionInfo& info : Catalogue()) {
    if (!info.unavailable.empty()) continue;
    Plan plan;
    const auto added = plan.AddShortForm(info.example);
    ASSERT_TRUE(added.ok()) << info.name << ": " << added;
    EXPECT_EQ(plan.fault(0).action, info.action);
  }
}

TEST(Catalogue, UnavailableActionsAreRefusedWithWhatToUseInstead) {
  for (const ActionInfo& info : Catalogue()) {
    if (info.unavailable.empty()) continue;
    Plan plan;
    EXPECT_THAT(std::string(plan.AddShortForm(std::string(info.name) + " ncclSend").message()),
                HasSubstr(std::string(info.unavailable)));
  }
}

TEST(Describe, ListShowsEveryAction) {
  const std::string text = "\n" + ListFaults();
  for (const ActionInfo& info : Catalogue())
    EXPECT_THAT(text, HasSubstr("\n" + std::string(info.name) + " "));
}

TEST(Describe, ShowTellsAllAboutOneAction) {
  const auto text = ShowFault("corrupt");
  ASSERT_TRUE(text.ok());
  for (const char* part :
       {"corrupt: flips bits", "applies to:     any function", "buffer ", "choice send | recv",
        "cannot imitate:", "numerical_error", "--fault 'corrupt ncclAllReduce"}) {
    EXPECT_THAT(*text, HasSubstr(part));
  }
  EXPECT_THAT(*ShowFault("disk-slow"), HasSubstr("applies to:     file"));
  EXPECT_THAT(*ShowFault("net-drop"), HasSubstr("applies to:     network"));
  EXPECT_THAT(std::string(ShowFault("crorupt").status().message()), HasSubstr("did you mean 'corrupt'?"));
}

TEST(Describe, CheckShowsWhatAPlanWouldDo) {
  const auto text =
      CheckPlan("version: 1\nseed: 4\nfaults: [{do: hang, on: p2p, where: {rank: 2}}]", "p.yaml");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "p.yaml: 1 fault, seed 4\n  fault-1: hang p2p rank=2  (2 functions)\n");
  EXPECT_EQ(CheckPlan("version: 1", "p.yaml").status().message(),
            "p.yaml:1: 'faults' is missing: a list of faults");
}

TEST(Documentation, HoldsTheCataloguesTable) {
  EXPECT_THAT(ReadFile(RANKLE_SOURCE_DIR "/docs/fault-plans.md"), HasSubstr(CatalogueMarkdown()));
}

TEST(Documentation, ItsPlansAreValid) {
  const std::string text = ReadFile(RANKLE_SOURCE_DIR "/docs/fault-plans.md");
  int plans = 0;
  for (size_t at = text.find("```yaml\n"); at != std::string::npos; at = text.find("```yaml\n", at + 1)) {
    const size_t begin = at + 8;
    Plan plan;
    const auto added = plan.AddYaml(text.substr(begin, text.find("```", begin) - begin), "docs");
    EXPECT_TRUE(added.ok()) << added;
    ++plans;
  }
  EXPECT_GE(plans, 1);
}

TEST(ExamplePlans, AllParseArmAndReadBack) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RANKLE_SOURCE_DIR "/corpora/plans")) {
    if (entry.path().extension() != ".yaml") continue;
    Plan plan;
    const auto added = plan.AddYaml(ReadFile(entry.path()), entry.path().filename().string());
    ASSERT_TRUE(added.ok()) << added;
    EXPECT_GE(plan.size(), 1u) << entry.path();
    std::string bytes = plan.Arm(1);
    std::vector<uint64_t> words(bytes.size() / 8 + 1);
    bytes.copy(reinterpret_cast<char*>(words.data()), bytes.size());
    EXPECT_EQ(ArmedPlan::View(words.data(), bytes.size()).size(), plan.size()) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 12);
}

}  // namespace
}  // namespace rankle::plan
