// Text sources: what is built in is sound, and every mistake is named with file and line.
#include "analyzer/taxonomy/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "analyzer/rules/rule.h"
#include "analyzer/taxonomy/bug_json.h"

namespace rankle::taxonomy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::set<std::string> Names(const std::vector<Term>& terms) {
  std::set<std::string> names;
  for (const Term& term : terms) names.insert(term.name);
  return names;
}

TEST(BuiltInTaxonomy, HoldsTheVocabularyAndTheCorpus) {
  const auto k = LoadBuiltIn();
  ASSERT_TRUE(k.ok()) << k.status();
  EXPECT_THAT(k->symptoms, SizeIs(6));
  EXPECT_THAT(k->root_causes, SizeIs(12));
  EXPECT_THAT(k->manifestations, SizeIs(7));
  EXPECT_THAT(k->bugs, SizeIs(181));
}

// The paper's shares are not public in text, so nobody can have put a true one here.
TEST(BuiltInTaxonomy, ClaimsNoShareFromThePaper) {
  const auto k = LoadBuiltIn();
  ASSERT_TRUE(k.ok()) << k.status();
  for (const auto* terms : {&k->symptoms, &k->root_causes, &k->manifestations}) {
    for (const Term& term : *terms) EXPECT_FALSE(term.paper_share.has_value()) << term.name;
  }
}

TEST(BuiltInTaxonomy, EveryKindOfEvidenceIsThatOfSomeBug) {
  const auto k = LoadBuiltIn();
  ASSERT_TRUE(k.ok()) << k.status();
  for (const EvidenceKind& kind : k->evidence) {
    EXPECT_TRUE(std::any_of(k->bugs.begin(), k->bugs.end(), [&](const Bug& bug) {
      return std::count(bug.evidence_tags.begin(), bug.evidence_tags.end(), kind.tag) > 0;
    })) << kind.tag;
  }
}

TEST(BuiltInTaxonomy, RulesSpeakItsLanguage) {
  const auto k = LoadBuiltIn();
  ASSERT_TRUE(k.ok()) << k.status();
  const std::set<std::string> causes = Names(k->root_causes), symptoms = Names(k->symptoms);
  std::vector<std::string> problems;
  for (const rules::Rule& rule : rules::BuiltInRules(problems)) {
    if (!rule.view.empty()) continue;
    if (rule.symptom == "none") continue;  // nothing happened, or nobody knows what
    EXPECT_THAT(symptoms, Contains(rule.symptom)) << rule.file;
    for (const auto& [cause, weight] : rule.root_causes) EXPECT_THAT(causes, Contains(cause)) << rule.file;
  }
}

constexpr char kSymptoms[] =
    R"({"name": "hang", "origin": "o", "definition": "d", "definition_origin": "ours"})";
constexpr char kCauses[] =
    R"({"name": "api_misuse", "origin": "o", "definition": "d", "definition_origin": "ours"})";
constexpr char kBug[] = R"({"id": "a/b#1", "title": "t", "symptom": "hang", "root_cause": "api_misuse"})";

std::string ErrorOf(const std::vector<Source>& more) {
  std::vector<Source> sources = {{"x/symptoms.jsonl", kSymptoms}, {"x/root_causes.jsonl", kCauses}};
  sources.insert(sources.end(), more.begin(), more.end());
  return std::string(Load(sources).status().message());
}

TEST(LoadTest, MistakesNameFileAndLine) {
  EXPECT_EQ(ErrorOf({{"bugs/a.jsonl", kBug}}), "");
  const struct {
    const char* line;
    const char* error;
  } cases[] = {
      {"{", "bugs/a.jsonl:2: this is not valid JSON"},
      {"[1]", "bugs/a.jsonl:2: a record is a JSON object, this is a JSON array"},
      {R"({"id": "i", "symptom": "hang", "root_cause": "api_misuse"})",
       "bugs/a.jsonl:2: field \"title\" is missing"},
      {R"({"id": "i", "title": "", "symptom": "hang", "root_cause": "api_misuse"})",
       "field \"title\" is empty"},
      {R"({"id": "i", "title": 7, "symptom": "hang", "root_cause": "api_misuse"})",
       "bugs/a.jsonl:2: field \"title\" must be text, not number"},
      {R"({"id": "i", "title": "t", "symptom": "hung", "root_cause": "api_misuse"})",
       "field \"symptom\": \"hung\" is not one of hang"},
      {R"({"id": "i", "title": "t", "symptom": "hang", "root_cause": "api_misuse", "symptom": "hang"})",
       "field \"symptom\" is given twice"},
      {R"({"id": "i", "title": "t", "symptom": "hang", "root_cause": "api_misuse", "sympton": 1})",
       "bugs/a.jsonl:2: unknown field \"sympton\"; known are id"},
      {R"({"id": "i", "title": "t", "symptom": "hang", "root_cause": "api_misuse", "evidence_tags": ["a", 1]})",
       "field \"evidence_tags\" must be a list of texts"},
      {R"({"id": "i", "title": "t", "symptom": "hang", "root_cause": "api_misuse", "number": 1.5})",
       "field \"number\" must be a whole number"},
      {R"({"title": "t", "symptom": "hang", "root_cause": "api_misuse"})", "the bug has no id"},
      {kBug, "bugs/a.jsonl:2: bug a/b#1 is given twice, first at bugs/a.jsonl:1"},
  };
  for (const auto& [line, error] : cases)
    EXPECT_THAT(ErrorOf({{"bugs/a.jsonl", std::string(kBug) + "\n" + line}}), HasSubstr(error)) << line;
}

TEST(LoadTest, ReferencesBetweenFilesAreChecked) {
  EXPECT_THAT(ErrorOf({{"x/evidence.jsonl",
                        R"({"tag": "t", "says": "s", "strength": 1, "shown_by": ["log:none"]})"}}),
              HasSubstr("x/evidence.jsonl:1: \"log:none\" names no log signature"));
  EXPECT_THAT(ErrorOf({{"x/evidence.jsonl",
                        R"({"tag": "t", "says": "s", "strength": 1, "shown_by": ["clas:hang.init"]})"}}),
              HasSubstr("x/evidence.jsonl:1: \"clas:hang.init\" begins with none of class:, kind:"));
  EXPECT_THAT(ErrorOf({{"x/symptoms.jsonl", kSymptoms}}),
              HasSubstr("x/symptoms.jsonl:1: \"hang\" is given twice"));
  EXPECT_THAT(ErrorOf({{"x/other.jsonl", "{}"}}),
              HasSubstr("x/other.jsonl:1: nobody knows what this file holds"));
  EXPECT_THAT(ErrorOf({{"bugs/a.jsonl", kBug}, {"bugs/b.jsonl", kBug}}),
              HasSubstr("a/b#1 is in another file too"));
}

TEST(LoadTest, AShareNeedsItsSource) {
  const std::string share =
      R"({"name": "n", "origin": "o", "definition": "d", "definition_origin": "ours", )";
  const auto load = [&](const std::string& rest) {
    const std::string text = share + rest;
    return Load({{"x/symptoms.jsonl", text}}).status();
  };
  EXPECT_THAT(std::string(load("\"paper_share\": 0.5}").message()),
              HasSubstr("needs its paper_share_source"));
  EXPECT_TRUE(load("\"paper_share\": 0.5, \"paper_share_source\": \"table 3\"}").ok());
}

TEST(LoadTest, ABugWithoutIdIsCalledByItsNumberElseItsCommit) {
  const auto k = LoadBuiltIn();
  ASSERT_TRUE(k.ok()) << k.status();
  const std::string rest = R"("title": "t", "symptom": "hang", "root_cause": "api_misuse"})";
  std::vector<std::string> problems;
  const std::string lines = R"({"repo": "a/b", "number": 7, )" + rest + "\n\n" +
                            R"({"repo": "a/b", "fix_commit": "0123456789", )" + rest + "\n";
  const std::vector<Bug> bugs = LoadBugs({"mine.jsonl", lines}, *k, problems);
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_THAT(bugs, SizeIs(2));
  EXPECT_EQ(bugs[0].id, "a/b#7");
  EXPECT_EQ(bugs[1].id, "a/b@0123456");
}

TEST(LoadTest, EveryBadLineIsReportedAndTheOthersAreRead) {
  const auto k = LoadBuiltIn();
  ASSERT_TRUE(k.ok()) << k.status();
  const std::string good = R"({"id": "i", "title": "t", "symptom": "hang", "root_cause": "api_misuse"})";
  std::vector<std::string> problems;
  EXPECT_THAT(LoadBugs({"mine.jsonl", "{\n" + good + "\n[]\n"}, *k, problems), SizeIs(1));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("mine.jsonl:1:"), HasSubstr("mine.jsonl:3:")));
}

TEST(BugJsonTest, WhatItWritesIsReadAsTheSameBug) {
  const auto k = LoadBuiltIn();
  ASSERT_TRUE(k.ok()) << k.status();
  for (const Bug& bug : k->bugs) {
    const std::string line = BugJson(bug).dump();
    std::vector<std::string> problems;
    const std::vector<Bug> again = LoadBugs({"x.jsonl", line}, *k, problems);
    ASSERT_THAT(problems, IsEmpty());
    EXPECT_EQ(BugJson(again[0]).dump(), line);
  }
}

}  // namespace
}  // namespace rankle::taxonomy
