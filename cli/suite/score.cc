#include "cli/suite/score.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "cli/launch/text.h"
#include "cli/suite/draw.h"

namespace rankle::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kGroupNames[] = {"hang and crash", "slow", "wrong", "memory", "healthy", "other"};
constexpr size_t kGroups = std::size(kGroupNames);

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

bool Passed(const ScoredCase& scored) { return Failures(*scored.expected, *scored.outcome).empty(); }

struct Count {
  int cases = 0, passed = 0;
};

// What is counted over any set of cases.
struct Tally {
  Count all;
  Count groups[kGroups];
  std::map<std::string, std::map<std::string, int>> confusion;  // expected class -> found class -> cases
  std::map<std::string, int> culprits{{"exact", 0}, {"superset", 0}, {"missed", 0}, {"wrong", 0}};
  int false_alarms = 0;

  void Add(const ScoredCase& scored) {
    const bool passed = Passed(scored);
    ++all.cases;
    all.passed += passed ? 1 : 0;
    const Culprits compared = CulpritsOf(scored);
    if (compared != Culprits::kNotExpected) ++culprits[CulpritsName(compared)];
    if (!scored.expected->expect.verdict) return;
    const std::string& expected = scored.expected->expect.verdict->anomaly;
    const std::string found = FoundClass(*scored.outcome);
    ++confusion[expected][found];
    const ClassGroup group = GroupOf(expected);
    ++groups[static_cast<size_t>(group)].cases;
    groups[static_cast<size_t>(group)].passed += passed ? 1 : 0;
    if (group == ClassGroup::kHealthy && found != "healthy") ++false_alarms;
  }

  Json ToJson() const {
    Json by_group = Json::object();
    for (size_t i = 0; i < kGroups; ++i) {
      if (groups[i].cases > 0)
        by_group[kGroupNames[i]] = {{"cases", groups[i].cases}, {"passed", groups[i].passed}};
    }
    return {{"cases", all.cases},
            {"passed", all.passed},
            {"confusion", confusion},
            {"culprits", culprits},
            {"groups", by_group},
            {"healthy_cases", groups[static_cast<size_t>(ClassGroup::kHealthy)].cases},
            {"false_alarms", false_alarms}};
  }
};

struct Tallies {
  Tally all;
  Tally halves[std::size(kHalfNames)];
};

Tallies TallyAll(const std::vector<ScoredCase>& cases) {
  Tallies out;
  for (const ScoredCase& scored : cases) {
    out.all.Add(scored);
    out.halves[static_cast<size_t>(HalfOf(scored.expected->name))].Add(scored);
  }
  return out;
}

Json CaseJson(const ScoredCase& scored) {
  const std::optional<ExpectedVerdict>& expected = scored.expected->expect.verdict;
  const std::vector<std::string> failures = Failures(*scored.expected, *scored.outcome);
  return {{"name", scored.expected->name},
          {"suite", scored.expected->file},
          {"half", kHalfNames[static_cast<size_t>(HalfOf(scored.expected->name))]},
          {"passed", failures.empty()},
          {"expected", expected ? Json(expected->anomaly) : Json()},
          {"found", FoundClass(*scored.outcome)},
          {"culprits", CulpritsName(CulpritsOf(scored))},
          {"exit_code", scored.outcome->exit_code},
          {"duration_s", Seconds(scored.outcome->duration_ns)},
          {"time_to_verdict_s", Seconds(scored.outcome->time_to_verdict_ns)},
          {"failures", failures},
          {"directory", scored.outcome->directory}};
}

std::string CountText(const Count& count) {
  if (count.cases == 0) return "-";
  return absl::StrFormat("%d/%d %5.1f %%", count.passed, count.cases, 100.0 * count.passed / count.cases);
}

}  // namespace

Culprits CompareCulprits(const std::vector<int32_t>& expected, std::vector<int32_t> found) {
  std::sort(found.begin(), found.end());
  if (found == expected) return Culprits::kExact;
  if (std::includes(found.begin(), found.end(), expected.begin(), expected.end())) return Culprits::kSuperset;
  if (std::includes(expected.begin(), expected.end(), found.begin(), found.end())) return Culprits::kMissed;
  return Culprits::kWrong;
}

ClassGroup GroupOf(const std::string& anomaly) {
  constexpr std::pair<std::string_view, ClassGroup> kFamilies[] = {
      {"hang", ClassGroup::kHangOrCrash}, {"crash", ClassGroup::kHangOrCrash},
      {"slow", ClassGroup::kSlow},        {"wrong", ClassGroup::kWrong},
      {"memory", ClassGroup::kMemory},    {"healthy", ClassGroup::kHealthy}};
  const std::string family = anomaly.substr(0, anomaly.find('.'));
  for (const auto& [name, group] : kFamilies) {
    if (family == name) return group;
  }
  return ClassGroup::kOther;
}

std::string ScoreJson(const std::vector<ScoredCase>& cases) {
  const Tallies tallies = TallyAll(cases);
  Json json{{"schema", "rankle.score/1"}};
  json.update(tallies.all.ToJson());
  for (size_t i = 0; i < std::size(kHalfNames); ++i)
    json["halves"][std::string(kHalfNames[i])] = tallies.halves[i].ToJson();
  std::vector<uint64_t> times;
  Json results = Json::array();
  for (const ScoredCase& scored : cases) {
    if (scored.outcome->time_to_verdict_ns > 0) times.push_back(scored.outcome->time_to_verdict_ns);
    results.push_back(CaseJson(scored));
  }
  json["time_to_verdict_s"] = TimeStatistics(std::move(times));
  json["results"] = std::move(results);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ScoreText(const std::vector<ScoredCase>& cases) {
  const Tallies tallies = TallyAll(cases);
  const auto row = [&](std::string_view name, auto count_of) {
    return absl::StrFormat("%-16s %18s %18s %18s\n", name, CountText(count_of(tallies.halves[0])),
                           CountText(count_of(tallies.halves[1])), CountText(count_of(tallies.all)));
  };
  std::string text =
      absl::StrFormat("%-16s %18s %18s %18s\n", "class and exact", kHalfNames[0], kHalfNames[1], "all");
  for (size_t i = 0; i < kGroups; ++i) {
    if (tallies.all.groups[i].cases == 0) continue;
    text += row(kGroupNames[i], [i](const Tally& tally) { return tally.groups[i]; });
  }
  text += row("all", [](const Tally& tally) { return tally.all; });
  for (const auto& [expected, found] : tallies.all.confusion) {
    for (const auto& [other, count] : found) {
      if (other != expected) text += Cat("  ", expected, " taken for ", other, ": ", count, "\n");
    }
  }
  return text;
}

}  // namespace rankle::cli
