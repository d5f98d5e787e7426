// `rankle bugs`, and what it adds to an analysis, from outside: answers, exit codes, clear errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kOwn[] =
    R"({"id": "ours#1", "title": "Quorum lost", "symptom": "hang", "root_cause": "api_misuse"})";

class Bugs : public ::testing::Test {
 protected:
  // Never the user's own database.
  Finished Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bugs");
    arguments.insert(arguments.end(), {"--db", db_});
    return RunRankle(arguments);
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(scratch_.Path(name)) << text;
    return scratch_.Path(name);
  }
  ScratchDirectory scratch_;
  const std::string db_ = scratch_.Path("own/bugs.sqlite");
};

TEST_F(Bugs, SearchFindsALineOfALog) {
  const std::string line =
      "node2: NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x (size 9637888)";
  const Finished text = Run({"search", "Error while creating shared memory segment"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, ::testing::StartsWith("NVIDIA/nccl#328\n"));
  const json found = json::parse(Run({"search", "--format", "json", "--limit", "1", line}).out);
  EXPECT_EQ(found["schema"], "rankle.bugs/1");
  EXPECT_EQ(found["all_words"], false);
  EXPECT_EQ(found["bugs"][0]["id"], "NVIDIA/nccl#328");
  EXPECT_EQ(found["bugs"].size(), 1u);
}

TEST_F(Bugs, SearchWithoutAHitIsNoError) {
  const Finished none = Run({"search", "zzzunknown"});
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_THAT(none.out, HasSubstr("no bug has any of these words"));
  EXPECT_EQ(Run({"search", "--", "x"}).exit_code, 2);
  EXPECT_EQ(Run({"search", "*"}).exit_code, 2);
}

TEST_F(Bugs, ShowTakesTheEndOfAnIdAndLinksRulesAndFaults) {
  const Finished text = Run({"show", "deepspeed#7580"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, ::testing::StartsWith("deepspeedai/DeepSpeed#7580\n"));
  EXPECT_THAT(text.out, HasSubstr("hang/not-entered"));
  const json bug = json::parse(Run({"show", "--format", "json", "deepspeedai/DeepSpeed#7580"}).out);
  EXPECT_EQ(bug["bug"]["root_cause"], "distributed_communication_error");
  EXPECT_EQ(bug["rules"][0]["rule"].get<std::string>().substr(0, 5), "hang/");
  EXPECT_THAT(bug["faults"].get<std::vector<std::string>>(), ::testing::Contains("skip"));
}

TEST_F(Bugs, LintNamesTheBugsThatAreWhatACheckLooksFor) {
  const Finished text = Run({"lint", "rank-dependent-collective"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, ::testing::StartsWith("nccl-rank-dependent-collective\n"));
  EXPECT_THAT(text.out, HasSubstr("distributed_communication_error"));
  const json all = json::parse(Run({"lint", "--format", "json"}).out);
  EXPECT_GT(all["lint_checks"].size(), 1u);
  for (const json& check : all["lint_checks"]) {
    for (const json& bug : check["bugs"]) {
      const json shown = json::parse(Run({"show", "--format", "json", bug.get<std::string>()}).out);
      EXPECT_THAT(shown["lint_checks"].get<std::vector<std::string>>(),
                  ::testing::Contains(check["check"].get<std::string>()));
      break;  // the first of each says enough
    }
  }
  EXPECT_EQ(Run({"lint", "nccl-unknown"}).exit_code, 2);
}

TEST_F(Bugs, ShowOfAnUnknownOrAmbiguousIdSaysSo) {
  const Finished unknown = Run({"show", "nobody/nothing#1"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no bug has this id"));
  Run({"import",
       Write("own.jsonl",
             R"({"id": "ours/x#7580", "title": "t", "symptom": "hang", "root_cause": "api_misuse"})")});
  const Finished ambiguous = Run({"show", "7580"});
  EXPECT_EQ(ambiguous.exit_code, 2);
  EXPECT_THAT(ambiguous.err, HasSubstr("deepspeedai/DeepSpeed#7580, ours/x#7580"));
}

TEST_F(Bugs, ReproduceSaysWhatIsMissing) {
  const Finished unknown = Run({"reproduce", "nobody/nothing#1"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no bug has this id"));

  const Finished not_reproduced = Run({"reproduce", "NVIDIA/nccl#328"});
  EXPECT_EQ(not_reproduced.exit_code, 2);
  EXPECT_THAT(not_reproduced.err, HasSubstr("NVIDIA/nccl#328: this bug is not reproduced; these are: "));
  EXPECT_THAT(not_reproduced.err, HasSubstr("deepspeedai/DeepSpeed#7580"));

  // Another Python than one with PyTorch; `true` is none at all.
  setenv("RANKLE_TORCH_PYTHON", "/bin/true", 1);
  const Finished no_torch = Run({"reproduce", "DeepSpeed#7580"});
  unsetenv("RANKLE_TORCH_PYTHON");
  EXPECT_EQ(no_torch.exit_code, 2);
  EXPECT_THAT(no_torch.err, HasSubstr("/bin/true: no Python with PyTorch"));
  EXPECT_THAT(no_torch.err, HasSubstr("scripts/frameworks/setup"));
  EXPECT_THAT(no_torch.err, HasSubstr("RANKLE_TORCH_PYTHON"));
}

TEST_F(Bugs, ShowSaysWhetherABugCanBeReproduced) {
  EXPECT_THAT(Run({"show", "DeepSpeed#7580"}).out,
              HasSubstr("rankle bugs reproduce 'deepspeedai/DeepSpeed#7580'"));
  EXPECT_THAT(Run({"show", "NVIDIA/nccl#328"}).out, Not(HasSubstr("rankle bugs reproduce")));
}

TEST_F(Bugs, StatsSayWhatTheyAreNot) {
  EXPECT_THAT(Run({"stats"}).out, HasSubstr("selected by keyword"));
  const json stats = json::parse(Run({"stats", "--format", "json"}).out);
  EXPECT_EQ(stats["bugs"], 181);
  EXPECT_EQ(stats["symptoms"]["hang"], 37);
  EXPECT_THAT(stats["note"].get<std::string>(), HasSubstr("no number here says how common something is"));
}

TEST_F(Bugs, ImportedBugsAreFoundAndCounted) {
  const Finished import = Run({"import", Write("own.jsonl", kOwn)});
  EXPECT_EQ(import.exit_code, 0) << import.err;
  EXPECT_THAT(import.out, HasSubstr("1 bugs added, 0 replaced in " + db_));
  EXPECT_THAT(Run({"search", "quorum"}).out, HasSubstr("ours#1  (imported)"));
  EXPECT_EQ(json::parse(Run({"stats", "--format", "json"}).out)["imported"], 1);
}

TEST_F(Bugs, ABadImportNamesEveryLineAndChangesNothing) {
  const Finished import =
      Run({"import", Write("own.jsonl", std::string(kOwn) + "\n{\"id\": \"b\", \"titel\": \"t\"}\n"
                                                            R"({"id": "c", "title": 1})")});
  EXPECT_EQ(import.exit_code, 2);
  EXPECT_THAT(import.err, HasSubstr("own.jsonl:2: field \"title\" is missing"));
  EXPECT_THAT(import.err, HasSubstr("own.jsonl:3: field \"title\" must be text, not number"));
  EXPECT_FALSE(std::filesystem::exists(db_));
}

TEST_F(Bugs, ImportRefusesUnknownFieldsBuiltInIdsAndEmptyFiles) {
  const std::string own = kOwn;
  const std::string extra = own.substr(0, own.size() - 1) + R"(, "severity": 3})";
  EXPECT_THAT(Run({"import", Write("a.jsonl", extra)}).err,
              HasSubstr("a.jsonl:1: unknown field \"severity\""));
  const std::string known =
      R"({"id": "deepspeedai/DeepSpeed#7580", "title": "t", "symptom": "hang", "root_cause": "api_misuse"})";
  EXPECT_THAT(Run({"import", Write("b.jsonl", known)}).err, HasSubstr("is built in already"));
  EXPECT_THAT(Run({"import", Write("c.jsonl", "\n")}).err, HasSubstr("there is no bug in this file"));
  EXPECT_EQ(Run({"import", scratch_.Path("absent.jsonl")}).exit_code, 2);
}

TEST_F(Bugs, ADatabaseThatIsNoneIsRefused) {
  const Finished search =
      RunRankle({"bugs", "search", "x", "--db", Write("no.sqlite", std::string(2000, 'x'))});
  EXPECT_EQ(search.exit_code, 2);
  EXPECT_THAT(search.err, HasSubstr("no.sqlite: cannot be used as a bug database"));
}

// A hang of two ranks: rank 1 never entered. Beside the records lies what the job printed.
TEST_F(Bugs, AnAnalysisListsSimilarBugsAndReadsTheJobsLog) {
  const std::string out = scratch_.Path("out");
  RunRankle({"run", "-q", "-n", "2", "--hang-after", "2.5", "--on-hang", "kill", "-o", out, "--",
             RECORDED_RANK, "stuck"});
  std::ofstream(out + "/log.txt") << "step 1\n[Rank 0] quorum lost in zone 3\n";
  Run({"import", Write("own.jsonl", R"({"id": "ours#2", "title": "Zone switch", "symptom": "crash", )"
                                    R"("root_cause": "api_misuse", "signature": "quorum lost in zone"})")});
  const std::string tables = scratch_.Path("tables.sqlite");
  const Finished analysis = RunRankle({"analyze", "--format", "json", "--bugs", db_, "--db", tables, out});
  ASSERT_EQ(analysis.exit_code, 3) << analysis.err;
  const json bugs = json::parse(analysis.out)["findings"][0]["similar_bugs"];
  ASSERT_THAT(bugs, Not(IsEmpty()));
  EXPECT_EQ(bugs[0]["id"], "ours#2");
  EXPECT_THAT(bugs[0]["why"].get<std::string>(), HasSubstr("stands in log.txt:2"));
  EXPECT_THAT(RunRankle({"analyze", "--bugs", db_, out}).out, HasSubstr("Similar bugs that were fixed"));
  EXPECT_THAT(ReadWhole(tables), HasSubstr("log_matches"));
  // Without the own bugs the line means nothing.
  const std::string without = RunRankle({"analyze", "--bugs", scratch_.Path("none"), out}).out;
  EXPECT_THAT(without, Not(HasSubstr("ours#2")));
}

TEST_F(Bugs, AnAnalysisGoesOnWithoutAnUnusableDatabase) {
  const std::string out = scratch_.Path("out");
  RunRankle({"run", "-q", "-n", "2", "-o", out, "--", "/bin/true"});
  std::filesystem::create_directories(out);
  const Finished analysis =
      RunRankle({"analyze", "--format", "json", "--bugs", Write("no.sqlite", std::string(2000, 'x')), out});
  ASSERT_EQ(analysis.exit_code, 0) << analysis.err;
  EXPECT_THAT(json::parse(analysis.out)["data_quality"]["notes"].dump(),
              HasSubstr("cannot be used as a bug database"));
}

}  // namespace
}  // namespace rankle::testing
