#include "cli/suite/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/launch/command_words.h"
#include "cli/launch/fault_files.h"
#include "cli/suite/outcome.h"

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSuite[] = R"(version: 1
defaults: { ranks: 8, virtual_gpus: 8, timeout: 30s, command: [train, --steps, "200"], expect: { exit: 0 } }
cases:
  - name: late rank
    faults:
      - do: delay
        on: collective
        where: { rank: [3] }
        with: { time: 20ms }
      - hang ncclAllReduce rank=2
    expect: { exit: [1, 3], within: 10s, verdict: { class: slow.compute, ranks: [5, 3] }, log: "loss .*" }
  - name: healthy
    ranks: 4
    hang_after: 2s
)";

std::string ErrorOf(std::string_view text) {
  return std::string(ParseSuite(text, "s.yaml").status().message());
}

TEST(Suite, CasesInheritTheDefaultsAndMayOverrideThem) {
  const auto cases = ParseSuite(kSuite, "s.yaml");
  ASSERT_TRUE(cases.ok()) << cases.status();
  ASSERT_EQ(cases->size(), 2u);
  const SuiteCase& late = cases->front();
  EXPECT_EQ(late.ranks, 8);
  EXPECT_EQ(late.timeout_ns, 30'000'000'000u);
  EXPECT_EQ(late.expect.within_ns, 10'000'000'000u);
  EXPECT_THAT(late.command, ElementsAre("train", "--steps", "200"));
  EXPECT_THAT(late.expect.exit_codes, ElementsAre(1, 3));
  EXPECT_THAT(*late.expect.verdict->ranks, ElementsAre(3, 5));
  EXPECT_THAT(late.faults_short, ElementsAre("hang ncclAllReduce rank=2"));
  const SuiteCase& healthy = cases->back();
  EXPECT_EQ(healthy.ranks, 4);
  EXPECT_EQ(healthy.virtual_gpus, 8);
  EXPECT_EQ(healthy.hang_after_ns, 2'000'000'000u);
  EXPECT_THAT(healthy.expect.exit_codes, ElementsAre(0));
  EXPECT_FALSE(healthy.expect.verdict);
}

TEST(Suite, ChainIsComparedAsAWholeAndItsEdgesMustExist) {
  const std::string text =
      "version: 1\ndefaults: { command: [train] }\ncases:\n"
      "  - { name: a, expect: { verdict: { class: crash.process }, chain: [peer-lost/remote-error, "
      "nccl-error/stops] } }\n";
  const auto cases = ParseSuite(text, "s.yaml");
  ASSERT_TRUE(cases.ok()) << cases.status();
  CaseOutcome outcome;
  outcome.started = true, outcome.verdict.emplace().anomaly = "crash.process";
  outcome.chain = {"peer-lost/remote-error", "nccl-error/stops"};
  EXPECT_THAT(Failures(cases->front(), outcome), IsEmpty());
  outcome.chain.pop_back();
  EXPECT_THAT(Failures(cases->front(), outcome),
              ElementsAre(HasSubstr("causal chain [peer-lost/remote-error] where")));
  EXPECT_THAT(ErrorOf("version: 1\ncases:\n  - { name: a, command: [x], expect: { chain: [no/such] } }\n"),
              HasSubstr("s.yaml:3: unknown edge 'no/such'"));
}

TEST(Suite, FaultsBecomeAPlanWhoseErrorsNameTheSuitesLine) {
  const auto cases = ParseSuite(kSuite, "s.yaml");
  ASSERT_TRUE(cases.ok());
  FaultSources sources{.plan_files = {}, .short_forms = {}, .yaml_texts = {}, .seed = {}};
  sources.yaml_texts.push_back({.text = cases->front().faults_yaml, .name = "s.yaml"});
  EXPECT_EQ(ReadPlan(sources)->size(), 1u);

  std::string wrong = kSuite;
  wrong.replace(wrong.find("time: 20ms"), 4, "tine");
  sources.yaml_texts.front().text = ParseSuite(wrong, "s.yaml")->front().faults_yaml;
  EXPECT_THAT(std::string(ReadPlan(sources).status().message()), HasSubstr("s.yaml:9: "));
}

TEST(Suite, EveryMistakeNamesItsLine) {
  const struct {
    const char* text;
    const char* said;
  } mistakes[] = {
      {"cases: []", "s.yaml:1: 'version: 1' is missing"},
      {"version: 2\ncases: []", "s.yaml:1: version 2"},
      {"version: 1\ncases: []", "s.yaml:2: 'cases'"},
      {"version: 1\nextra: 1", "s.yaml:2: unknown key 'extra'"},
      {"version: 1\ncases:\n- name: a\n  comand: [x]", "s.yaml:4: unknown key 'comand'"},
      {"version: 1\ncases:\n- name: a", "s.yaml:3: case 'a' has no command"},
      {"version: 1\ncases:\n- command: [x]", "s.yaml:3: the case has no name"},
      {"version: 1\ncases:\n- {name: a, command: [x]}\n- {name: a, command: [x]}", "s.yaml:4: a second case"},
      {"version: 1\ncases:\n- {name: a, command: [x], ranks: 0}", "s.yaml:3"},
      {"version: 1\ncases:\n- {name: a, command: [x], timeout: soon}", "s.yaml:3"},
      {"version: 1\ncases:\n- {name: a, command: [x], expect: {exit: 300}}", "s.yaml:3"},
      {"version: 1\ncases:\n- {name: a, command: [x], expect: {log: \"(\"}}", "regular expression"},
      {"version: 1\ncases:\n- {name: a, command: [x], expect: {verdict: {ranks: [1]}}}", "needs a class"},
      {"version: 1\ncases:\n- {name: a, command: [x], expect: {verdict: {class: healthy, links: [[1]]}}}",
       "a link is"},
      {"version: 1\ncases:\n- name: a\n  command: [x]\n  expect: {verdict: {class: hang.not_enterd}}",
       "s.yaml:5: unknown verdict class 'hang.not_enterd'; there are healthy, unknown, hang."},
      {"version: 1\ncases:\n- {name: a, command: [x], expect: {fired: false}}",
       "'fired' is all, none or any"},
  };
  for (const auto& [text, said] : mistakes) EXPECT_THAT(ErrorOf(text), HasSubstr(said)) << text;
}

const char* Lookup(const char* name) { return std::string_view(name) == "HOME" ? "/home/me" : nullptr; }

TEST(Suite, VariablesAreExpandedAndUnsetOnesRefused) {
  EXPECT_EQ(*ExpandVariables("${HOME}/a/${HOME}", Lookup), "/home/me/a//home/me");
  EXPECT_EQ(*ExpandVariables("$HOME and }", Lookup), "$HOME and }");
  EXPECT_THAT(std::string(ExpandVariables("${NONE}", Lookup).status().message()), HasSubstr("NONE"));
  EXPECT_FALSE(ExpandVariables("${HOME", Lookup).ok());
}

// A case that expects a late rank 3, and the outcome that satisfies it.
class Outcome : public ::testing::Test {
 protected:
  Outcome() {
    expected_.name = "late <rank>";
    expected_.expect.exit = Expectation::Exit::kOneOf;
    expected_.expect.exit_codes = {0};
    expected_.expect.within_ns = 10;
    expected_.expect.verdict =
        ExpectedVerdict{.anomaly = "slow.compute", .ranks = std::vector<int32_t>{3}, .links = {}};
    expected_.expect.log = "loss [0-9.]+";
    expected_.expect.not_log = "Traceback";
    outcome_.started = true;
    outcome_.duration_ns = 9;
    outcome_.log = "step 1 loss 2.5\n";
    outcome_.time_to_verdict_ns = 2'000'000'000;
    outcome_.verdict.emplace();
    outcome_.verdict->anomaly = "slow.compute";
    outcome_.verdict->ranks = {3};
    outcome_.faults = {{.name = "late", .matched = 5, .fired = 1}};
  }
  std::vector<std::string> Failed() const { return Failures(expected_, outcome_); }
  SuiteCase expected_;
  CaseOutcome outcome_;
};

TEST_F(Outcome, ThatIsAsExpectedPasses) { EXPECT_THAT(Failed(), IsEmpty()); }

TEST_F(Outcome, EachExpectationCanFailOnItsOwn) {
  const std::pair<const char*, void (*)(CaseOutcome&)> cases[] = {
      {"exit code", [](CaseOutcome& outcome) { outcome.exit_code = 1; }},
      {"took", [](CaseOutcome& outcome) { outcome.duration_ns = 11; }},
      {"timeout", [](CaseOutcome& outcome) { outcome.timed_out = true; }},
      {"verdict hang.init", [](CaseOutcome& outcome) { outcome.verdict->anomaly = "hang.init"; }},
      {"culprits [2, 3]",
       [](CaseOutcome& outcome) {
         outcome.verdict->ranks = {3, 2};
       }},
      {"no verdict", [](CaseOutcome& outcome) { outcome.verdict.reset(); }},
      {"fault 'late' never fired: of the 5 calls",
       [](CaseOutcome& outcome) { outcome.faults.front().fired = 0; }},
      {"does not match", [](CaseOutcome& outcome) { outcome.log.clear(); }},
      {"matches", [](CaseOutcome& outcome) { outcome.log += "Traceback"; }},
      {"could not be started", [](CaseOutcome& outcome) { outcome.started = false; }},
  };
  for (const auto& [said, breaks] : cases) {
    const CaseOutcome sound = outcome_;
    breaks(outcome_);
    ASSERT_EQ(Failed().size(), 1u) << said;
    EXPECT_THAT(Failed().front(), HasSubstr(said));
    outcome_ = sound;
  }
}

TEST_F(Outcome, AFaultMayBeExpectedNotToFire) {
  expected_.expect.fired = Expectation::Fired::kNone;
  EXPECT_THAT(Failed(), ElementsAre(HasSubstr("never was expected")));
  outcome_.faults.front().fired = 0;
  EXPECT_THAT(Failed(), IsEmpty());
  expected_.expect.fired = Expectation::Fired::kAny;
  EXPECT_THAT(Failed(), IsEmpty());
  outcome_.faults.front().fired = 1;
  EXPECT_THAT(Failed(), IsEmpty());
}

TEST_F(Outcome, NonzeroWantsAFailure) {
  expected_.expect.exit = Expectation::Exit::kNonzero;
  EXPECT_EQ(Failed().size(), 1u);
  outcome_.exit_code = 137;
  EXPECT_THAT(Failed(), IsEmpty());
}

TEST_F(Outcome, JunitEscapesNamesAndCarriesTheReason) {
  outcome_.exit_code = 9;
  expected_.file = "s.yaml";
  const std::string junit = SuiteJunit({{.expected = &expected_, .outcome = &outcome_}});
  EXPECT_THAT(junit, HasSubstr("classname=\"s.yaml\" name=\"late &lt;rank&gt;\""));
  EXPECT_THAT(junit, HasSubstr("tests=\"1\" failures=\"1\""));
  EXPECT_THAT(junit, HasSubstr("exit code 9"));
}

}  // namespace
}  // namespace rankle::cli
