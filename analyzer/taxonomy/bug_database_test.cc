// Full-text search, links, statistics, and the user's own bugs in a file.
#include "analyzer/taxonomy/bug_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "analyzer/taxonomy/load.h"
#include "analyzer/taxonomy/user_bugs.h"

namespace rankle::taxonomy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class BugDatabaseTest : public ::testing::Test {
 protected:
  BugDatabaseTest() : knowledge_(*LoadBuiltIn()) {}
  BugDatabase Build() {
    auto database = BugDatabase::Build(
        knowledge_,
        {{"hang/not-entered", "hang.not_entered", "hang", "distributed_communication_error", 0.5},
         {"crash/oom", "crash.oom", "crash", "memory_management_error", 0.6}},
        {{"hang/not-entered", "hang.not_entered", "deepspeedai/DeepSpeed#7580"}},
        {{"skip", "distributed_communication_error", true},
         {"churn", "distributed_communication_error", false}});
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }
  Knowledge knowledge_;
};

TEST_F(BugDatabaseTest, TheWordsOfASignatureFindItsBugsFirst) {
  BugDatabase database = Build();
  for (const Bug& bug : knowledge_.bugs) {
    if (bug.signature.size() < 8) continue;
    const auto hits = database.Search(bug.signature, 1);
    ASSERT_TRUE(hits.ok()) << bug.signature << hits.status();
    ASSERT_THAT(hits->ids, SizeIs(1)) << bug.signature;
    const auto first = std::find_if(knowledge_.bugs.begin(), knowledge_.bugs.end(),
                                    [&](const Bug& each) { return each.id == hits->ids[0]; });
    EXPECT_THAT(first->signature, HasSubstr(bug.signature));  // several bugs may share one
  }
}

TEST_F(BugDatabaseTest, TheWordsOfATitleFindItFirstWhateverTheirOrder) {
  BugDatabase database = Build();
  EXPECT_EQ(database.Search("bucket order set gradient reduced", 1)->ids[0], "NVIDIA/Megatron-LM#2218");
  EXPECT_EQ(database.Search("unlocking bootstrap thread returning", 1)->ids[0],
            "NVIDIA/nccl#936");  // by stems
}

TEST_F(BugDatabaseTest, WhereNoBugHasAllWordsThoseWithSomeAreListed) {
  BugDatabase database = Build();
  const auto hits = database.Search("bootstrap zzzunknown", 5);
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_FALSE(hits->all_words);
  EXPECT_THAT(hits->ids, Contains("NVIDIA/nccl#936"));
  EXPECT_THAT(database.Search("zzzunknown", 5)->ids, IsEmpty());
}

TEST_F(BugDatabaseTest, QuerySyntaxIsTakenAsText) {
  BugDatabase database = Build();
  for (const char* text : {"NEAR(a b", "\"unbalanced", "title:x OR", "a* -b ^c", "AND", "'; DROP TABLE bugs"})
    EXPECT_TRUE(database.Search(text, 3).ok()) << text;
  EXPECT_FALSE(database.Search(" -*! ", 3).ok());
}

TEST_F(BugDatabaseTest, LinksBugsWithRulesAndFaults) {
  BugDatabase database = Build();
  const auto rules = database.RulesFor("deepspeedai/DeepSpeed#7580");
  ASSERT_TRUE(rules.ok()) << rules.status();
  ASSERT_THAT(*rules, SizeIs(1));
  EXPECT_EQ((*rules)[0].by, "reference");
  EXPECT_EQ((*database.RulesFor("deepspeedai/DeepSpeed#5008"))[0].by, "evidence");
  // No evidence of this bug shows in a class of these rules, but symptom and root cause are those of one.
  EXPECT_EQ((*database.RulesFor("deepspeedai/DeepSpeed#4353"))[0].by, "symptom and root cause");
  EXPECT_THAT(*database.FaultsFor("deepspeedai/DeepSpeed#7580"), ElementsAre("skip"));
  EXPECT_THAT(*database.FaultsFor("deepspeedai/DeepSpeed#4353"), IsEmpty());
}

TEST_F(BugDatabaseTest, LinksBugsWithLintChecksByRootCauseAndTheSymptomOfTheWitness) {
  knowledge_.lint_checks = {{"by-cause", "", "distributed_communication_error", ""},
                            {"by-both", "", "distributed_communication_error", "hang/not-entered"},
                            {"other-symptom", "", "distributed_communication_error", "crash/oom"},
                            {"other-cause", "", "memory_management_error", ""}};
  BugDatabase database = Build();
  constexpr char kHang[] = "deepspeedai/DeepSpeed#7580";  // a hang by a distributed_communication_error
  EXPECT_THAT(*database.LintChecksFor(kHang), ElementsAre("by-both", "by-cause"));
  EXPECT_THAT(*database.BugsOfLintCheck("by-both"), Contains(kHang));
  EXPECT_THAT(*database.BugsOfLintCheck("other-symptom"), Not(Contains(kHang)));
}

TEST_F(BugDatabaseTest, StatisticsCountWhatIsThere) {
  BugDatabase database = Build();
  const auto s = database.Statistics();
  ASSERT_TRUE(s.ok()) << s.status();
  EXPECT_EQ(s->bugs, 181);
  EXPECT_EQ(s->imported, 0);
  EXPECT_EQ(s->with_signature, 69);  // 112 of the corpus have none, says its README
  EXPECT_EQ(s->by_root_cause[0].name, "incorrect_implementation");
  EXPECT_EQ(s->by_root_cause[0].bugs, 39);
  EXPECT_THAT(s->by_symptom, SizeIs(6));
  for (const auto* group : {&s->by_repo, &s->by_symptom, &s->by_root_cause, &s->by_manifestation}) {
    int64_t sum = 0;
    for (const BugCount& count : *group) sum += count.bugs;
    EXPECT_EQ(sum, 181);
  }
}

class UserBugsTest : public BugDatabaseTest {
 protected:
  UserBugsTest() : directory_(std::filesystem::path(::testing::TempDir()) / "user_bugs_test") {
    std::filesystem::remove_all(directory_);
  }
  ~UserBugsTest() override { std::filesystem::remove_all(directory_); }
  std::string file() const { return directory_ / "deep" / "bugs.sqlite"; }
  std::vector<Bug> Mine(const std::string& title) {
    std::vector<std::string> problems;
    const std::string line =
        R"({"id": "ours#1", "title": ")" + title +
        R"(", "symptom": "hang", "root_cause": "api_misuse", "signature": "quorum lost in zone"})";
    return LoadBugs({"mine.jsonl", line}, knowledge_, problems);
  }
  std::filesystem::path directory_;
};

TEST_F(UserBugsTest, AreFoundLikeTheOthersAndMarked) {
  const auto count = ImportUserBugs(file(), Mine("first"));
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(count->added, 1u);
  ASSERT_TRUE(AddUserBugs(file(), knowledge_).ok());
  EXPECT_THAT(knowledge_.bugs, SizeIs(182));
  EXPECT_TRUE(knowledge_.bugs.back().imported);
  BugDatabase database = Build();
  EXPECT_THAT(database.Search("quorum lost", 5)->ids, ElementsAre("ours#1"));
  EXPECT_EQ(database.Statistics()->imported, 1);
}

TEST_F(UserBugsTest, TheSameIdReplaces) {
  ASSERT_TRUE(ImportUserBugs(file(), Mine("first")).ok());
  const auto again = ImportUserBugs(file(), Mine("second"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->added, 0u);
  EXPECT_EQ(again->replaced, 1u);
  ASSERT_TRUE(AddUserBugs(file(), knowledge_).ok());
  EXPECT_EQ(knowledge_.bugs.back().title, "second");
}

TEST_F(UserBugsTest, ABugThatIsBuiltInByNowCountsOnce) {
  std::vector<Bug> bugs = Mine("mine");
  bugs[0].id = knowledge_.bugs[0].id;
  ASSERT_TRUE(ImportUserBugs(file(), bugs).ok());
  ASSERT_TRUE(AddUserBugs(file(), knowledge_).ok());
  EXPECT_THAT(knowledge_.bugs, SizeIs(181));
  EXPECT_EQ(Build().Statistics()->imported, 0);
}

TEST_F(UserBugsTest, AFileThatIsNoneIsRefusedAndAnAbsentOneIsEmpty) {
  EXPECT_TRUE(AddUserBugs(file(), knowledge_).ok());
  std::filesystem::create_directories(directory_ / "deep");
  std::ofstream(file()) << "this is no database, however long the text is that it holds";
  EXPECT_THAT(std::string(AddUserBugs(file(), knowledge_).message()),
              HasSubstr("cannot be used as a bug database: file is not a database"));
  EXPECT_THAT(std::string(ImportUserBugs(file(), Mine("t")).status().message()),
              HasSubstr("choose another file"));
  EXPECT_THAT(knowledge_.bugs, SizeIs(181));
}

}  // namespace
}  // namespace rankle::taxonomy
