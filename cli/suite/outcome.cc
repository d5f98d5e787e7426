#include "cli/suite/outcome.h"

#include <algorithm>
#include <regex>

#include "absl/strings/str_join.h"
#include "analyzer/report/xml.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

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
  // Without a verdict there is no chain either, and that is said already.
  if (expect.chain && outcome.verdict && outcome.chain != *expect.chain) {
    failures.push_back(Cat("causal chain [", absl::StrJoin(outcome.chain, ", "), "] where [",
                           absl::StrJoin(*expect.chain, ", "), "] was expected"));
  }
  CheckFired(expect.fired, outcome.faults, failures);
  if (!expect.log.empty() && !std::regex_search(outcome.log, std::regex(expect.log))) {
    failures.push_back(Cat("the output does not match '", expect.log, "'"));
  }
  if (!expect.not_log.empty() && std::regex_search(outcome.log, std::regex(expect.not_log))) {
    failures.push_back(Cat("the output matches '", expect.not_log, "'"));
  }
  return failures;
}

std::string SuiteJunit(const std::vector<ScoredCase>& cases) {
  std::string body;
  int failed = 0;
  double seconds = 0;
  for (const auto& [expected, outcome] : cases) {
    const double duration_s = static_cast<double>(outcome->duration_ns) * 1e-9;
    const std::vector<std::string> failures = Failures(*expected, *outcome);
    body += Cat("  <testcase classname=\"", EscapeXml(expected->file), "\" name=\"",
                EscapeXml(expected->name), "\" time=\"", duration_s, "\">\n");
    seconds += duration_s;
    if (!failures.empty()) {
      ++failed;
      body += Cat("    <failure message=\"", EscapeXml(failures.front()), "\">",
                  EscapeXml(absl::StrJoin(failures, "\n")), "\nrecords: ", EscapeXml(outcome->directory),
                  "</failure>\n");
    }
    body += "  </testcase>\n";
  }
  return Cat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"rankle suite\" tests=\"",
             cases.size(), "\" failures=\"", failed, "\" time=\"", seconds, "\">\n", body, "</testsuite>\n");
}

}  // namespace rankle::cli
