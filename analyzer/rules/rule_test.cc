// The rule format, and each built-in rule on a tiny inline trace of facts: which rows it returns.
#include "analyzer/rules/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "analyzer/facts/facts.h"
#include "analyzer/testing/job_builder.h"

namespace rankle::rules {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kHeader[] =
    "-- id: mine/test\n-- class: hang.not_entered\n-- advice: one line\n--    and its end\n"
    "-- root_causes: concurrency_error 0.5; api_misuse 0.25\n";

TEST(RuleFormat, HeaderIsParsed) {
  auto rule = ParseRule(std::string(kHeader) + "-- A free comment.\nSELECT 1", "mine.sql");
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_EQ(rule->id, "mine/test");
  EXPECT_EQ(rule->advice, "one line and its end");
  EXPECT_THAT(rule->root_causes, ElementsAre(std::pair<std::string, double>("concurrency_error", 0.5),
                                             std::pair<std::string, double>("api_misuse", 0.25)));
}

TEST(RuleFormat, ErrorsNameFileAndLine) {
  EXPECT_THAT(std::string(ParseRule("-- class: x\nSELECT 1", "a.sql").status().message()),
              HasSubstr("a.sql:1:"));
  EXPECT_THAT(std::string(ParseRule("-- id: a\n-- klass: x\nSELECT 1", "a.sql").status().message()),
              HasSubstr("a.sql:2: unknown header key \"klass\""));
  EXPECT_THAT(
      std::string(
          ParseRule("-- id: a\n-- class: b\n-- root_causes: x 7\nSELECT 1", "a.sql").status().message()),
      HasSubstr("a.sql:3:"));
}

TEST(RuleFormat, SqlErrorNamesTheLineOfTheFile) {
  auto database = store::Database::Open();
  ASSERT_TRUE(database.ok());
  auto rule = ParseRule(std::string(kHeader) + "SELECT 1,\n  2\nFROM ranks WHERE AND", "mine.sql");
  ASSERT_TRUE(rule.ok());
  auto found = RunRule(*rule, *database);
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(std::string(found.status().message()), HasSubstr("mine.sql:8: near \"AND\""));
}

TEST(RuleFormat, UserRulesAddAndReplaceAndBrokenOnesAreReported) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "rule_test_rules";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "a.sql") << "-- id: hang/not-entered\n-- class: unknown\nSELECT 1";
  std::ofstream(directory / "b.sql") << "no header\n";
  std::ofstream(directory / "c.txt") << "not a rule";
  std::vector<std::string> problems;
  std::vector<Rule> rules = BuiltInRules(problems);
  const size_t before = rules.size();
  ASSERT_TRUE(AddRulesFrom(directory, rules, problems).ok());
  EXPECT_EQ(rules.size(), before);  // one replaced
  EXPECT_EQ(rules.back().anomaly, "unknown");
  EXPECT_THAT(problems, ElementsAre(HasSubstr("b.sql:1:")));
  EXPECT_FALSE(AddRulesFrom(directory / "absent", rules, problems).ok());
  std::filesystem::remove_all(directory);
}

TEST(BuiltInRulesTest, AllParseAndSayWhatTheyMean) {
  std::vector<std::string> problems;
  const std::vector<Rule> rules = BuiltInRules(problems);
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_GE(rules.size(), 14u);
  for (const Rule& rule : rules) {
    EXPECT_FALSE(rule.description.empty()) << rule.file;
    if (!rule.view.empty()) continue;
    EXPECT_FALSE(rule.advice.empty()) << rule.file;
    EXPECT_THAT(rule.severity, ::testing::AnyOf("info", "warning", "error")) << rule.file;
    EXPECT_EQ(rule.root_causes.empty(), rule.id == "healthy") << rule.file;
  }
}

// Facts by hand: empty tables, then what a test inserts.
class GoldenTest : public ::testing::Test {
 protected:
  GoldenTest() : database_(*store::Database::Open()) {
    testing::JobBuilder job(4);
    job.Steps(job.Communicator("dp", {0, 1, 2, 3}), 1, 3);
    for (int r = 0; r < 4; ++r) job.Exited(r, 1);
    store_ = job.Build();
    EXPECT_TRUE(AddStoreTables(store_, database_).ok());
    EXPECT_TRUE(facts::AddFactTables(store_, {}, database_).ok());
    rules_ = BuiltInRules(problems_);
  }
  void Sql(const std::string& sql) {
    auto done = database_.Query(sql);
    ASSERT_TRUE(done.ok()) << done.status();
  }
  void Stall(const std::string& kind, const std::string& culprits, const std::string& state, double waited,
             double threshold) {
    Sql("INSERT INTO stalls VALUES('" + kind + "','collective','[" + culprits + "]','" + culprits + "'," +
        (culprits.empty() ? "0" : "1") + ",'" + state +
        "','[0,1]',2,'dp','AllReduce',7,'AllReduce #7 of communicator dp',2,'0, 1','[0,1]'," +
        std::to_string(waited) + ",'" + std::to_string(waited) + " s',1,'',''," + std::to_string(threshold) +
        ",1.5,'[\"evidence\"]','[]','')");
  }
  void Failure(int rank, const std::string& kind, const std::string& cascade, int root, int ended) {
    Sql("INSERT INTO failures VALUES(" + std::to_string(rank) + ",'" + kind + "','" + cascade +
        "',1.0,'what',1,NULL,1," + std::to_string(root) + "," + std::to_string(ended) + ",'node','failed')");
  }
  void Late(int rank, double factor, double surprise, double own, double normal, double iteration,
            double noise = 0.05) {
    Sql("INSERT INTO lateness VALUES(" + std::to_string(rank) + ",3,1,10,60,50,49," + std::to_string(factor) +
        "," + std::to_string(own) + "," + std::to_string(normal) + "," + std::to_string(iteration) + "," +
        std::to_string(noise) + ",0.0," + std::to_string(surprise) + ",2.0,NULL,NULL)");
  }
  // A change of pace of ranks 0-3 that the rule takes seriously, with one column set apart.
  void PaceChange(const std::string& column = "", double value = 0) {
    Sql("DELETE FROM pace_changes");
    Sql("INSERT INTO pace_changes "
        "VALUES('[0,1,2,3]','0-3',1,50,49,50,5.0,6.0,1,0.1,0.12,0.105,0.01,0.01,0.95,"
        "1.0,0,0.001)");
    if (!column.empty()) Sql("UPDATE pace_changes SET " + column + " = " + std::to_string(value));
  }
  // What rank `rank` holds: 400 MiB that grow by 100 MiB where its three peers hold 100 MiB, with some
  // columns set apart.
  void MemoryUse(int rank, const std::map<std::string, double>& changes = {}) {
    Sql("INSERT INTO memory_use VALUES(" + std::to_string(rank) +
        ",1,50,1.0,419430400,524288000,524288000,471859200,104857600,1.0,0.0,0.33,1e-9,3,104857600,0)");
    for (const auto& [column, value] : changes)
      Sql("UPDATE memory_use SET " + column + " = " + std::to_string(value) +
          " WHERE rank = " + std::to_string(rank));
  }
  void SlowTransfer(const std::string& part, const std::string& source, const std::string& destination,
                    double factor, double share, double measured = 0.002) {
    Sql("INSERT INTO slow_transfers VALUES('" + part + "'," + source + "," + destination +
        ",0,'step',0,3,900," + std::to_string(factor) + "," + std::to_string(measured) + "," +
        std::to_string(measured / factor) + ",0.05,1e-6," + std::to_string(share) + ",0.004,NULL)");
  }
  // Ranks of each finding, by rule; rules without a finding are absent.
  std::map<std::string, std::vector<std::vector<int32_t>>> Run() {
    std::map<std::string, std::vector<std::vector<int32_t>>> all;
    for (const Rule& rule : rules_) {
      auto found = RunRule(rule, database_);
      EXPECT_TRUE(found.ok()) << found.status();
      if (rule.id == "healthy" || !found.ok()) continue;
      for (const Finding& f : *found) {
        EXPECT_GT(f.confidence, 0) << rule.id;
        EXPECT_FALSE(f.summary.empty()) << rule.id;
        EXPECT_THAT(f.evidence, ::testing::Not(IsEmpty())) << rule.id;
        all[rule.id].push_back(f.ranks);
      }
    }
    return all;
  }
  using Found = std::map<std::string, std::vector<std::vector<int32_t>>>;

  store::Database database_;
  store::Store store_;
  std::vector<std::string> problems_;
  std::vector<Rule> rules_;
};

TEST_F(GoldenTest, NoFactsNoFindings) { EXPECT_EQ(Run(), Found{}); }

TEST_F(GoldenTest, HealthySaysSo) {
  for (const Rule& rule : rules_) {
    if (rule.id != "healthy") continue;
    auto found = RunRule(rule, database_);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_THAT(*found, SizeIs(1));
    EXPECT_THAT((*found)[0].summary, HasSubstr("4 ranks, 12 operations"));
  }
}

TEST_F(GoldenTest, EachKindOfStallBelongsToOneRule) {
  const std::map<std::string, std::string> rule_of = {{"not_entered", "hang/not-entered"},
                                                      {"not_started", "hang/not-entered"},
                                                      {"in_collective", "hang/in-collective"},
                                                      {"deadlock", "hang/deadlock"},
                                                      {"init", "hang/init"},
                                                      {"exit", "hang/exit"},
                                                      {"left", "crash/process"},
                                                      {"extra", "hang/mismatch"},
                                                      {"short", "hang/mismatch"},
                                                      {"not_completed", "hang/not-completed"}};
  for (const auto& [kind, rule] : rule_of) {
    Sql("DELETE FROM stalls");
    Stall(kind, "2", "running", 10, 2);
    EXPECT_EQ(Run(), (Found{{rule, {{2}}}})) << kind;
  }
}

TEST_F(GoldenTest, WaitBelowItsThresholdIsNoFinding) {
  for (const char* kind : {"not_entered", "in_collective", "deadlock", "init", "exit", "left", "extra",
                           "short", "not_completed", "no_record"}) {
    Stall(kind, "2", "running", 1.9, 2);
  }
  EXPECT_EQ(Run(), Found{});
}

TEST_F(GoldenTest, StallOnRanksWithoutRecordNamesNobody) {
  Stall("no_record", "", "", 10, 2);
  EXPECT_EQ(Run(), (Found{{"unknown/no-record", {{}}}}));
}

TEST_F(GoldenTest, FailureCountsWhenItEndedItsRankOrOthersWaitForIt) {
  Failure(1, "cuda", "local", 1, 0);
  EXPECT_EQ(Run(), Found{});
  Stall("not_entered", "1", "running", 10, 2);
  EXPECT_EQ(Run(), (Found{{"crash/cuda", {{1}}}, {"hang/not-entered", {{1}}}}));
}

TEST_F(GoldenTest, EachKindOfFailureBelongsToOneRule) {
  for (const auto& [kind, rule] : std::map<std::string, std::string>{{"cuda", "crash/cuda"},
                                                                     {"nccl", "crash/nccl"},
                                                                     {"oom", "crash/oom"},
                                                                     {"exception", "crash/exception"},
                                                                     {"process", "crash/process"}}) {
    Sql("DELETE FROM failures");
    Failure(3, kind, "local", 1, 1);
    Failure(0, kind, "typical", 0, 1);  // not a root
    EXPECT_EQ(Run(), (Found{{rule, {{3}}}})) << kind;
  }
}

TEST_F(GoldenTest, MismatchWithoutADecisionIsUncertain) {
  Sql("INSERT INTO disagreements VALUES('changed','count','dp','AllReduce',7,'[0,1]','[]',0,0.5,1.0,'they "
      "disagree','[\"e\"]')");
  EXPECT_EQ(Run(), (Found{{"hang/mismatch", {{0, 1}}}}));
}

TEST_F(GoldenTest, SlowNeedsEffectAndCertaintyAndWeight) {
  Late(0, 1.10, 20, 0.0110, 0.0100, 0.02);       // too small a factor
  Late(1, 1.50, 3, 0.0150, 0.0100, 0.02);        // chance can do this
  Late(2, 1.60, 20, 0.0040, 0.0025, 0.02);       // less than a scheduler's time slice
  Late(3, 1.50, 20, 0.0150, 0.0100, 2.0);        // nothing of an iteration of 2 s
  Late(4, 1.50, 20, 0.0150, 0.0100, 0.02, 0.4);  // the others differ as much among each other
  EXPECT_EQ(Run(), Found{});
  Late(1, 1.30, 20, 0.0260, 0.0200, 0.04);
  Late(2, 1.40, 20, 0.0140, 0.0100, 0.02);
  EXPECT_EQ(Run(), (Found{{"slow/compute", {{1, 2}}}}));
}

TEST_F(GoldenTest, WholeJobIsSlowWhenItsPaceChangedForCertainAndForLong) {
  PaceChange();
  EXPECT_EQ(Run(), (Found{{"slow/global", {{}}}}));
  const std::map<std::string, double> harmless = {
      {"after_s", 0.109},
      {"q", 0.02},
      {"superiority", 0.85},
      {"worst_before_s", 0.119},
      {"iterations_after", 9},
      {"duration_s", 2.9},
      {"work_factor", 1.2},
      {"recurs", 1},
      {"lasts", 0},
  };
  for (const auto& [column, value] : harmless) {
    PaceChange(column, value);
    EXPECT_EQ(Run(), Found{}) << column;
  }
}

TEST_F(GoldenTest, MemoryGrowsWhenItGoesUpSteadilyAndGoesOn) {
  MemoryUse(2);
  EXPECT_EQ(Run(), (Found{{"memory/growth", {{2}}}}));
  const std::map<std::string, double> harmless = {
      {"growth_bytes", 15 << 20}, {"first_bytes", 1e11}, {"p", 0.001}, {"rises", 0.4},
      {"given_back", 0.5},        {"late_share", 0.1}};
  for (const auto& [column, value] : harmless) {
    Sql("DELETE FROM memory_use");
    MemoryUse(2, {{column, value}, {"peers_usual_bytes", 471859200}});
    EXPECT_EQ(Run(), Found{}) << column;
  }
}

TEST_F(GoldenTest, MemoryIsUnevenWhenARankHoldsMuchMoreAllTheTime) {
  MemoryUse(1, {{"growth_bytes", 0}});
  EXPECT_EQ(Run(), (Found{{"memory/imbalance", {{1}}}}));
  const std::map<std::string, double> harmless = {{"peers", 1}, {"peers_usual_bytes", 400'000'000}};
  for (const auto& [column, value] : harmless) {
    Sql("DELETE FROM memory_use");
    MemoryUse(1, {{"growth_bytes", 0}, {column, value}});
    EXPECT_EQ(Run(), Found{}) << column;
  }
  Sql("DELETE FROM memory_use");
  MemoryUse(1, {{"growth_bytes", 0}, {"usual_bytes", 60e6}, {"peers_usual_bytes", 10e6}});
  EXPECT_EQ(Run(), Found{}) << "a few small things";
}

TEST_F(GoldenTest, LateRankIsLateByInputWhenMostOfTheExcessPassesBeforeTheDeviceGetsWork) {
  const auto on_host = [&](const std::string& host_s) {
    Sql("DELETE FROM lateness");
    Late(1, 2.0, 20, 0.0400, 0.0200, 0.05);
    Sql("UPDATE lateness SET host_s = " + host_s + ", normal_host_s = 0.001");
    return Run();
  };
  EXPECT_EQ(on_host("0.019"), (Found{{"slow/input", {{1}}}}));
  EXPECT_EQ(on_host("0.012"), (Found{{"slow/compute", {{1}}}}));
  EXPECT_EQ(on_host("NULL"), (Found{{"slow/compute", {{1}}}}));
}

TEST_F(GoldenTest, WhatTheHostKeptALateRankFromIsSaidInItsEvidence) {
  const auto evidence = [&](const std::string& column, const std::string& value, const std::string& host_s) {
    Sql("DELETE FROM lateness");
    Late(1, 2.0, 20, 0.0400, 0.0200, 0.05);
    Sql("UPDATE lateness SET host_s = " + host_s + ", normal_host_s = 0.001");
    Sql("DELETE FROM kernel_ranks");
    for (const char* rank : {"0", "1", "2"})
      Sql(std::string("INSERT INTO kernel_ranks VALUES(") + rank + ",10,1,0,0,0,0,0,0,3)");
    Sql("UPDATE kernel_ranks SET " + column + " = " + value + " WHERE rank = 1");
    std::string text;
    for (const Rule& rule : rules_) {
      const auto found = RunRule(rule, database_);  // of a view: makes it
      if (rule.id != "slow/compute" && rule.id != "slow/input") continue;
      if (found.ok() && !found->empty()) text += rule.id + ": " + found->front().evidence.front();
    }
    return text;
  };
  using ::testing::AllOf;
  EXPECT_THAT(evidence("disk_wait_s", "2", "0.019"),
              AllOf(HasSubstr("slow/input"), HasSubstr("waited for a disk for 2.0")));
  EXPECT_THAT(evidence("core_wait_s", "4", "NULL"),
              AllOf(HasSubstr("slow/compute"), HasSubstr("waited 4.0 s in 10.0 s for a free core")));
  EXPECT_THAT(evidence("major_faults", "900", "NULL"),
              HasSubstr("900 of its pages were read back from a disk"));
  EXPECT_THAT(evidence("major_faults", "25", "NULL"), ::testing::Not(HasSubstr("read back")));
  EXPECT_THAT(evidence("disk_wait_s", "0.1", "0.019"), ::testing::Not(HasSubstr("disk")));
}

TEST(RuleFormat, ViewsServeOtherRulesAndFindNothing) {
  const auto directory = std::filesystem::path(::testing::TempDir()) / "rule_test_views";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "a.sql")
      << "-- id: a\n-- class: unknown\nSELECT json_array(n) AS ranks, 1 AS confidence FROM mine";
  std::ofstream(directory / "b.sql") << "-- id: b\n-- view: mine\nSELECT 7 AS n";
  std::ofstream(directory / "c.sql") << "-- id: c\n-- view: broken\nSELECT\n  FROM";
  std::vector<std::string> problems;
  std::vector<Rule> rules;
  ASSERT_TRUE(AddRulesFrom(directory, rules, problems).ok());
  ASSERT_THAT(rules, SizeIs(3));
  auto database = store::Database::Open();
  auto view = RunRule(rules[0], *database);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_THAT(*view, IsEmpty());
  EXPECT_THAT(std::string(RunRule(rules[1], *database).status().message()),
              HasSubstr("c.sql:4: near \"FROM\""));
  auto found = RunRule(rules[2], *database);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_THAT((*found)[0].ranks, ElementsAre(7));
  std::filesystem::remove_all(directory);
}

TEST_F(GoldenTest, SlowTransfersNeedEffectAndWeight) {
  SlowTransfer("link", "0", "1", 1.1, 0.5);                 // too small a factor
  SlowTransfer("rank_tx", "2", "NULL", 2.0, 0.01);          // costs nothing
  SlowTransfer("rank_rx", "NULL", "3", 2.0, 0.1, 0.00008);  // 40 us: a thread was woken late
  EXPECT_EQ(Run(), Found{});
}

TEST_F(GoldenTest, EachPartOfTheMatrixBelongsToOneRule) {
  SlowTransfer("rank_tx", "2", "NULL", 2.0, 0.1);
  EXPECT_EQ(Run(), (Found{{"slow/rank-tx", {{2}}}}));
  Sql("DELETE FROM slow_transfers");
  SlowTransfer("rank_rx", "NULL", "3", 1.2, 0.1);
  SlowTransfer("rank_rx", "NULL", "1", 1.3, 0.1);
  EXPECT_EQ(Run(), (Found{{"slow/rank-rx", {{1, 3}}}}));
  Sql("DELETE FROM slow_transfers");
  SlowTransfer("link", "0", "1", 2.0, 0.5);
  SlowTransfer("link", "2", "0", 2.0, 0.5);
  EXPECT_EQ(Run(), (Found{{"slow/link", {{}}}}));
  for (const Rule& rule : rules_) {
    if (rule.id != "slow/link") continue;
    auto found = RunRule(rule, database_);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_THAT((*found)[0].links, ElementsAre(std::pair(0, 1), std::pair(2, 0)));
    EXPECT_THAT((*found)[0].summary, HasSubstr("the links 0 -> 1, 2 -> 0 take 2.0 times"));
  }
}

TEST_F(GoldenTest, WhatTheKernelToldOfDeadLinksAndFrozenRanksReplacesGuesses) {
  const auto silent = [&](const char* stuck_s) {
    Sql("DELETE FROM kernel_links");
    Sql("INSERT INTO kernel_links VALUES(2,3,100,90,90,0,20,30,1000,9,5000,5000," + std::string(stuck_s) +
        ",0)");
  };
  silent("4.0");
  EXPECT_EQ(Run(), Found{});  // nobody waits
  Stall("in_collective", "1", "running", 9, 2);
  EXPECT_EQ(Run(), (Found{{"hang/link-silent", {{}}}}));
  silent("0.4");  // a time-out of TCP or two
  EXPECT_EQ(Run(), (Found{{"hang/in-collective", {{1}}}}));
  Sql("INSERT INTO kernel_ranks VALUES(2,9,1,0,0,0,5.0,1,0,0)");
  EXPECT_EQ(Run(), (Found{{"hang/frozen", {{2}}}}));
}

TEST_F(GoldenTest, AQuotaIsToBlameWhereItHoldsOneRankBackAndNotTheOthers) {
  for (const char* rank : {"0", "1", "2"})
    Sql(std::string("INSERT INTO kernel_ranks VALUES(") + rank + ",10,1,0,0,0,0,0,0,0)");
  EXPECT_EQ(Run(), Found{});
  Sql("UPDATE kernel_ranks SET throttled_s = 6 WHERE rank = 1");
  EXPECT_EQ(Run(), (Found{{"slow/throttled", {{1}}}}));
  Sql("UPDATE kernel_ranks SET throttled_s = 4 WHERE rank = 2");  // all are short of quota: that rank is no
                                                                  // exception
  EXPECT_EQ(Run(), Found{});
}

TEST_F(GoldenTest, ARankThatGetsNoCoreIsToBlameWhereTheOthersRun) {
  for (const char* rank : {"0", "1", "2"})
    Sql(std::string("INSERT INTO kernel_ranks VALUES(") + rank + ",10,1,0.5,0,0,0,0,0,0)");
  EXPECT_EQ(Run(), Found{});
  Sql("UPDATE kernel_ranks SET core_wait_s = 6 WHERE rank = 1");
  EXPECT_EQ(Run(), (Found{{"slow/starved", {{1}}}}));
  Sql("UPDATE kernel_ranks SET cpu_s = 4 WHERE rank = 1");  // it waits, and runs
  EXPECT_EQ(Run(), Found{});
  Sql("UPDATE kernel_ranks SET cpu_s = 1, core_wait_s = 2 WHERE rank <> 1");  // the host is full
  EXPECT_EQ(Run(), Found{});
}

// An attached job has no marks: what the threads that call NCCL and CUDA do outside of these calls tells.
TEST_F(GoldenTest, ALateRankThatSleepsOutsideCallsIsLateByItsInput) {
  for (const char* rank : {"0", "1", "2"}) {
    Sql(std::string("INSERT INTO kernel_ranks VALUES(") + rank + ",10,1,0,0,0,0,0,0,0)");
    Sql(std::string("INSERT INTO kernel_waits VALUES(") + rank + ",9,0.5,0,0,0,0,0)");
  }
  Late(1, 2.0, 20, 0.2, 0.1, 0.3);  // 49 iterations, 4.9 s in all
  EXPECT_EQ(Run(), (Found{{"slow/compute", {{1}}}}));
  Sql("UPDATE kernel_waits SET away_s = 4.4 WHERE rank = 1");
  EXPECT_EQ(Run(), (Found{{"slow/input", {{1}}}}));
  Sql("UPDATE kernel_ranks SET cpu_s = 3 WHERE rank = 1");  // other threads of it compute meanwhile
  EXPECT_EQ(Run(), (Found{{"slow/compute", {{1}}}}));
  Sql("UPDATE kernel_ranks SET cpu_s = 1");
  Sql("UPDATE kernel_waits SET away_s = 4.4");  // all wait alike: that is no reason to be late
  EXPECT_EQ(Run(), (Found{{"slow/compute", {{1}}}}));
}

TEST_F(GoldenTest, WhatARankWaitedForOnItsHostStandsInTheEvidence) {
  const auto evidence_of = [&](const std::string& id) {
    for (const Rule& rule : rules_) {
      if (rule.id != id) continue;
      auto found = RunRule(rule, database_);
      EXPECT_TRUE(found.ok()) << found.status();
      if (found.ok() && !found->empty()) return (*found)[0].evidence.at(0);
    }
    return std::string();
  };
  for (const Rule& rule : rules_) {
    if (rule.view.empty()) continue;
    ASSERT_TRUE(RunRule(rule, database_).ok());
  }
  Late(1, 2.0, 20, 0.2, 0.1, 0.3);
  for (const char* rank : {"0", "1"}) {
    Sql(std::string("INSERT INTO kernel_ranks VALUES(") + rank + ",10,1,0,0,0,0,0,0,0)");
    Sql(std::string("INSERT INTO kernel_waits VALUES(") + rank + ",9,0,0,0,0,0,0)");
  }
  EXPECT_THAT(evidence_of("slow/compute"), Not(HasSubstr("waited")));
  Sql("UPDATE kernel_waits SET memory_wait_s = 2 WHERE rank = 1");
  EXPECT_THAT(evidence_of("slow/compute"), HasSubstr("waited 2.0 s in 10.0 s for memory to be freed"));
  Sql("UPDATE kernel_ranks SET disk_wait_s = 3 WHERE rank = 1");
  Sql("UPDATE kernel_waits SET away_s = 4.4, disk_requests = 100, disk_request_s = 2.5 WHERE rank = 1");
  EXPECT_THAT(evidence_of("slow/input"),
              AllOf(HasSubstr("rank 1 that call NCCL and CUDA slept outside of these calls for 4.4 s"),
                    HasSubstr("waited for a disk for 3.0 of 10.0 s (100 requests, 25.0 ms each)")));
}

TEST_F(GoldenTest, EachPartOfTheSlowConnectionsBelongsToOneRule) {
  const auto slow = [&](const std::string& part, const std::string& ends) {
    Sql("DELETE FROM slow_connections");
    Sql("INSERT INTO slow_connections VALUES('" + part + "'," + ends +
        ",'loss',0.5,0.01,1000,50,2e-5,2e-5,1,0.002)");
  };
  slow("link", "2,0");
  EXPECT_EQ(Run(), (Found{{"slow/link-connection", {{}}}}));
  slow("rank_tx", "2,NULL");
  EXPECT_EQ(Run(), (Found{{"slow/rank-tx-connection", {{2}}}}));
  slow("rank_rx", "NULL,1");
  EXPECT_EQ(Run(), (Found{{"slow/rank-rx-connection", {{1}}}}));
}

TEST_F(GoldenTest, EachKindOfMisuseIsAFindingOfItsRule) {
  const auto misuse = [&](const std::string& kind, const std::string& api = "ncclAllReduce",
                          const std::string& exit_code = "NULL") {
    Sql("DELETE FROM misuses");
    for (const char* rank : {"1", "3"})
      Sql("INSERT INTO misuses VALUES('" + kind + "'," + rank + ",0,'dp','" + api +
          "','AllReduce',7,1.5,64,4,1," + exit_code + ")");
  };
  const auto found = [](const char* rule) { return Found{{rule, {{1, 3}}}}; };
  misuse("group_left_open");
  EXPECT_EQ(Run(), found("misuse/group-unbalanced"));
  misuse("group_left_open", "ncclGroupStart", "0");
  EXPECT_EQ(Run(), found("misuse/group-unbalanced"));
  misuse("group_left_open", "ncclGroupStart", "1");  // who fails leaves where it is
  EXPECT_EQ(Run(), Found{});
  misuse("group_not_started");
  EXPECT_EQ(Run(), found("misuse/group-unbalanced"));
  misuse("blocked_in_group", "cudaStreamSynchronize");
  EXPECT_EQ(Run(), found("misuse/blocking-call-in-group"));
  misuse("blocked_in_group", "cudaMalloc");  // only where something hangs
  EXPECT_EQ(Run(), Found{});
  misuse("past_allocation");
  EXPECT_EQ(Run(), found("misuse/past-allocation"));
  misuse("comm_gone");
  EXPECT_EQ(Run(), found("misuse/comm-use-after-destroy"));
  misuse("comm_not_ready");
  EXPECT_EQ(Run(), found("misuse/nonblocking-no-poll"));
  misuse("destroyed_in_flight", "ncclCommDestroy");
  EXPECT_EQ(Run(), found("misuse/destroy-in-flight"));
}

}  // namespace
}  // namespace rankle::rules
