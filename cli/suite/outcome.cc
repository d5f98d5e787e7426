#include "cli/suite/outcome.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "absl/strings/str_join.h"
#include "analyzer/report/xml.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string RankList(const std::vector<int32_t>& ranks) { return Cat("[", absl::StrJoin(ranks, ", "), "]"); }

std::string LinkList(const std::vector<Link>& links) {
  std::string text;
  for (const auto& [from, to] : links) text += Cat(text.empty() ? "" : ", ", "[", from, ", ", to, "]");
  return Cat("[", text, "]");
}

template <typename Item>
std::vector<Item> Sorted(std::vector<Item> items) {
  std::sort(items.begin(), items.end());
  return items;
}

bool ExitMatches(const Expectation& expect, int exit_code) {
  switch (expect.exit) {
    case Expectation::Exit::kAny:
      return true;
    case Expectation::Exit::kNonzero:
      return exit_code != 0;
    case Expectation::Exit::kOneOf:
      return std::count(expect.exit_codes.begin(), expect.exit_codes.end(), exit_code) > 0;
  }
  return false;
}

std::string ExitText(const Expectation& expect) {
  return expect.exit == Expectation::Exit::kNonzero ? "nonzero" : absl::StrJoin(expect.exit_codes, " or ");
}

void CheckVerdict(const ExpectedVerdict& expected, const CaseOutcome& outcome,
                  std::vector<std::string>& failures) {
  if (!outcome.verdict) {
    failures.push_back(Cat("no verdict: ", outcome.verdict_error));
    return;
  }
  const Verdict& found = *outcome.verdict;
  if (found.anomaly != expected.anomaly) {
    failures.push_back(
        Cat("verdict ", found.anomaly, " where ", expected.anomaly, " was expected: ", found.summary));
  }
  if (expected.ranks && Sorted(found.ranks) != *expected.ranks) {
    failures.push_back(Cat("culprits ", RankList(Sorted(found.ranks)), " where ", RankList(*expected.ranks),
                           " were expected"));
  }
  if (expected.links && Sorted(found.links) != *expected.links) {
    failures.push_back(
        Cat("links ", LinkList(found.links), " where ", LinkList(*expected.links), " were expected"));
  }
}

void CheckFired(Expectation::Fired expected, const std::vector<FaultOutcome>& faults,
                std::vector<std::string>& failures) {
  for (const FaultOutcome& fault : faults) {
    if (expected == Expectation::Fired::kAll && fault.fired == 0) failures.push_back(WhyNotFired(fault));
    if (expected == Expectation::Fired::kNone && fault.fired > 0) {
      failures.push_back(Cat("fault '", fault.name, "' fired ", fault.fired, " times, never was expected"));
    }
  }
}

const char* CulpritsName(Culprits culprits) {
  constexpr const char* kNames[] = {"not_expected", "exact", "superset", "missed", "wrong"};
  return kNames[static_cast<size_t>(culprits)];
}

std::string FoundClass(const CaseOutcome& outcome) {
  return outcome.verdict ? outcome.verdict->anomaly : "none";
}

double Seconds(uint64_t ns) { return static_cast<double>(ns) * 1e-9; }

Json TimeStatistics(std::vector<uint64_t> times) {
  if (times.empty()) return nullptr;
  std::sort(times.begin(), times.end());
  return Json{{"median", Seconds(times[times.size() / 2])}, {"max", Seconds(times.back())}};
}

Culprits CulpritsOf(const ScoredCase& scored) {
  const std::optional<ExpectedVerdict>& expected = scored.expected->expect.verdict;
  if (!expected || !expected->ranks) return Culprits::kNotExpected;
  return CompareCulprits(*expected->ranks,
                         scored.outcome->verdict ? scored.outcome->verdict->ranks : std::vector<int32_t>());
}

}  // namespace

std::vector<std::string> Failures(const SuiteCase& expected, const CaseOutcome& outcome) {
  if (!outcome.started) return {"the job could not be started"};
  std::vector<std::string> failures;
  const Expectation& expect = expected.expect;
  if (outcome.timed_out) {
    failures.push_back(Cat("did not end within its timeout of ", DurationText(expected.timeout_ns)));
  } else if (expect.within_ns && outcome.duration_ns > *expect.within_ns) {
    failures.push_back(Cat("took ", DurationText(outcome.duration_ns), ", expected within ",
                           DurationText(*expect.within_ns)));
  }
  if (!ExitMatches(expect, outcome.exit_code)) {
    failures.push_back(Cat("exit code ", outcome.exit_code, " where ", ExitText(expect), " was expected"));
  }
  if (expect.verdict) CheckVerdict(*expect.verdict, outcome, failures);
  CheckFired(expect.fired, outcome.faults, failures);
  if (!expect.log.empty() && !std::regex_search(outcome.log, std::regex(expect.log))) {
    failures.push_back(Cat("the output does not match '", expect.log, "'"));
  }
  if (!expect.not_log.empty() && std::regex_search(outcome.log, std::regex(expect.not_log))) {
    failures.push_back(Cat("the output matches '", expect.not_log, "'"));
  }
  return failures;
}

Culprits CompareCulprits(const std::vector<int32_t>& expected, std::vector<int32_t> found) {
  found = Sorted(std::move(found));
  if (found == expected) return Culprits::kExact;
  if (std::includes(found.begin(), found.end(), expected.begin(), expected.end())) return Culprits::kSuperset;
  if (std::includes(expected.begin(), expected.end(), found.begin(), found.end())) return Culprits::kMissed;
  return Culprits::kWrong;
}

std::string ScoreJson(const std::vector<ScoredCase>& cases) {
  std::map<std::string, std::map<std::string, int>> confusion;
  std::map<std::string, int> culprits{{"exact", 0}, {"superset", 0}, {"missed", 0}, {"wrong", 0}};
  int passed = 0, healthy = 0, false_alarms = 0;
  std::vector<uint64_t> times;
  Json list = Json::array();
  for (const ScoredCase& scored : cases) {
    const std::optional<ExpectedVerdict>& expected = scored.expected->expect.verdict;
    const std::vector<std::string> failures = Failures(*scored.expected, *scored.outcome);
    const std::string found = FoundClass(*scored.outcome);
    if (failures.empty()) ++passed;
    if (expected) ++confusion[expected->anomaly][found];
    if (expected && expected->anomaly == "healthy") {
      ++healthy;
      if (found != "healthy") ++false_alarms;
    }
    const Culprits compared = CulpritsOf(scored);
    if (compared != Culprits::kNotExpected) ++culprits[CulpritsName(compared)];
    if (scored.outcome->time_to_verdict_ns > 0) times.push_back(scored.outcome->time_to_verdict_ns);
    list.push_back({{"name", scored.expected->name},
                    {"passed", failures.empty()},
                    {"expected", expected ? Json(expected->anomaly) : Json()},
                    {"found", found},
                    {"culprits", CulpritsName(compared)},
                    {"exit_code", scored.outcome->exit_code},
                    {"duration_s", Seconds(scored.outcome->duration_ns)},
                    {"time_to_verdict_s", Seconds(scored.outcome->time_to_verdict_ns)},
                    {"failures", failures},
                    {"directory", scored.outcome->directory}});
  }
  const Json json{{"schema", "rankle.score/1"},
                  {"cases", cases.size()},
                  {"passed", passed},
                  {"confusion", confusion},
                  {"culprits", culprits},
                  {"healthy_cases", healthy},
                  {"false_alarms", false_alarms},
                  {"time_to_verdict_s", TimeStatistics(std::move(times))},
                  {"results", std::move(list)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string SuiteJunit(const std::string& name, const std::vector<ScoredCase>& cases) {
  std::string body;
  int failed = 0;
  double seconds = 0;
  for (const auto& [expected, outcome] : cases) {
    const std::vector<std::string> failures = Failures(*expected, *outcome);
    body += Cat("  <testcase classname=\"", EscapeXml(name), "\" name=\"", EscapeXml(expected->name),
                "\" time=\"", Seconds(outcome->duration_ns), "\">\n");
    seconds += Seconds(outcome->duration_ns);
    if (!failures.empty()) {
      ++failed;
      body += Cat("    <failure message=\"", EscapeXml(failures.front()), "\">",
                  EscapeXml(absl::StrJoin(failures, "\n")), "\nrecords: ", EscapeXml(outcome->directory),
                  "</failure>\n");
    }
    body += "  </testcase>\n";
  }
  return Cat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"", EscapeXml(name), "\" tests=\"",
             cases.size(), "\" failures=\"", failed, "\" time=\"", seconds, "\">\n", body, "</testsuite>\n");
}

}  // namespace rankle::cli
