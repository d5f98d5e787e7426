#include "cli/suite/suite.h"

#include <algorithm>
#include <regex>
#include <set>

#include "absl/strings/str_join.h"
#include "analyzer/explain/edge.h"
#include "cli/launch/text.h"
#include "cli/suite/expand.h"
#include "cli/verdict.h"
#include "cli/yaml_reader.h"
#include "injector/plan/values.h"
#include "injector/plan/yaml_tree.h"

namespace rankle::cli {
namespace {

using plan::YamlNode;
using Kind = YamlNode::Kind;

// Fault plans are checked by their own parser, which wants text. Written in flow style, where line breaks
// mean nothing, so that every value stays in its line and the parser's messages fit the suite file.
class FlowWriter {
 public:
  std::string PlanOf(const YamlNode& faults) {
    text_ = "{version: 1, faults: ";
    Write(faults);
    return text_ + "}\n";
  }

 private:
  void GoTo(int line) {
    for (; line_ < line; ++line_) text_ += '\n';
  }
  void WriteScalar(const std::string& value) {
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    text_ += '"';
  }
  void Write(const YamlNode& node) {
    GoTo(node.line);
    if (node.kind == Kind::kNull) {
      text_ += '~';
    } else if (node.kind == Kind::kScalar) {
      WriteScalar(node.text);
    } else {
      const bool is_map = node.kind == Kind::kMap;
      text_ += is_map ? '{' : '[';
      for (size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) text_ += ", ";
        if (is_map) {
          GoTo(node.key_lines[i]);
          text_ += Cat(node.keys[i], ": ");
        }
        Write(node.children[i]);
      }
      text_ += is_map ? '}' : ']';
    }
  }

  std::string text_;
  int line_ = 1;
};

class SuiteReader : YamlReader<SuiteReader> {
 public:
  explicit SuiteReader(std::string_view name) : YamlReader(name) {}
  absl::StatusOr<std::vector<SuiteCase>> Read(const YamlNode& root);

 private:
  absl::Status TakeRegex(const YamlNode& node, std::string& target) const;

  absl::Status SetName(const YamlNode& node, SuiteCase& target) { return TakeText(node, target.name); }
  absl::Status SetRanks(const YamlNode& node, SuiteCase& target) { return TakeCount(node, target.ranks); }
  absl::Status SetHosts(const YamlNode& node, SuiteCase& target) { return TakeCount(node, target.hosts); }
  absl::Status SetGpus(const YamlNode& node, SuiteCase& target) {
    return TakeCount(node, target.virtual_gpus);
  }
  absl::Status SetTimeout(const YamlNode& node, SuiteCase& target);
  absl::Status SetHangAfter(const YamlNode& node, SuiteCase& target);
  absl::Status SetOnHang(const YamlNode& node, SuiteCase& target) { return TakeText(node, target.on_hang); }
  absl::Status SetCommand(const YamlNode& node, SuiteCase& target);
  absl::Status SetSeed(const YamlNode& node, SuiteCase& target);
  absl::Status SetFaults(const YamlNode& node, SuiteCase& target);
  absl::Status SetExpect(const YamlNode& node, SuiteCase& target);

  absl::Status SetExit(const YamlNode& node, Expectation& target);
  absl::Status SetWithin(const YamlNode& node, Expectation& target);
  absl::Status SetVerdict(const YamlNode& node, Expectation& target);
  absl::Status SetChain(const YamlNode& node, Expectation& target);
  absl::Status SetFired(const YamlNode& node, Expectation& target);
  absl::Status SetLog(const YamlNode& node, Expectation& target) { return TakeRegex(node, target.log); }
  absl::Status SetNotLog(const YamlNode& node, Expectation& target) {
    return TakeRegex(node, target.not_log);
  }

  absl::Status SetClass(const YamlNode& node, ExpectedVerdict& target);
  absl::Status SetVerdictRanks(const YamlNode& node, ExpectedVerdict& target);
  absl::Status SetLinks(const YamlNode& node, ExpectedVerdict& target);
  absl::Status ReadRanks(const YamlNode& node, std::vector<int32_t>& target);

  absl::Status ReadCases(const YamlNode& list, std::vector<SuiteCase>& cases);
  absl::Status ReadCase(const YamlNode& node, std::vector<SuiteCase>& cases);

  friend YamlReader;
  std::set<std::string> names_;
  SuiteCase defaults_;
};

absl::Status SuiteReader::TakeRegex(const YamlNode& node, std::string& target) const {
  if (absl::Status status = TakeText(node, target); !status.ok()) return status;
  try {
    std::regex unused(target);
  } catch (const std::regex_error& error) {
    return At(node.line, Cat("'", target, "' is no regular expression: ", error.what()));
  }
  return absl::OkStatus();
}

absl::Status SuiteReader::SetTimeout(const YamlNode& node, SuiteCase& target) {
  return Take(node, plan::ParseDuration(node.text), target.timeout_ns);
}

absl::Status SuiteReader::SetHangAfter(const YamlNode& node, SuiteCase& target) {
  return Take(node, plan::ParseDuration(node.text), target.hang_after_ns);
}

absl::Status SuiteReader::SetSeed(const YamlNode& node, SuiteCase& target) {
  return Take(node, plan::ParseInteger(node.text), target.seed);
}

absl::Status SuiteReader::SetCommand(const YamlNode& node, SuiteCase& target) {
  if (node.kind != Kind::kList || node.children.empty()) {
    return At(node.line, "'command' is a list: [program, argument, ...]");
  }
  target.command.clear();
  for (const YamlNode& word : node.children) {
    if (word.kind != Kind::kScalar) return At(word.line, "the words of 'command' are texts");
    target.command.push_back(word.text);
  }
  return absl::OkStatus();
}

absl::Status SuiteReader::SetFaults(const YamlNode& node, SuiteCase& target) {
  target.faults_yaml.clear();
  target.faults_short.clear();
  if (node.kind == Kind::kNull) return absl::OkStatus();
  if (node.kind != Kind::kList) return At(node.line, "'faults' is a list of faults");
  YamlNode maps = node;
  maps.children.clear();
  for (const YamlNode& fault : node.children) {
    if (fault.kind == Kind::kScalar) {
      target.faults_short.push_back(fault.text);
    } else {
      maps.children.push_back(fault);
    }
  }
  if (!maps.children.empty()) target.faults_yaml = FlowWriter().PlanOf(maps);
  return absl::OkStatus();
}

absl::Status SuiteReader::SetExpect(const YamlNode& node, SuiteCase& target) {
  static constexpr Key<Expectation> kKeys[] = {
      {"exit", &SuiteReader::SetExit},       {"within", &SuiteReader::SetWithin},
      {"verdict", &SuiteReader::SetVerdict}, {"fired", &SuiteReader::SetFired},
      {"chain", &SuiteReader::SetChain},     {"log", &SuiteReader::SetLog},
      {"not_log", &SuiteReader::SetNotLog}};
  target.expect = {};
  return ReadMap(node, "expect", kKeys, target.expect);
}

absl::Status SuiteReader::SetExit(const YamlNode& node, Expectation& target) {
  if (node.text == "any" || node.text == "nonzero") {
    target.exit = node.text == "any" ? Expectation::Exit::kAny : Expectation::Exit::kNonzero;
    return absl::OkStatus();
  }
  target.exit = Expectation::Exit::kOneOf;
  target.exit_codes.clear();
  const bool is_list = node.kind == Kind::kList;
  for (size_t i = 0; i < (is_list ? node.children.size() : 1); ++i) {
    const YamlNode& item = is_list ? node.children[i] : node;
    int64_t code = -1;
    if (!Take(item, plan::ParseInteger(item.text), code).ok() || code < 0 || code > 255) {
      return At(item.line, "'exit' is a number from 0 to 255, a list of them, nonzero or any");
    }
    target.exit_codes.push_back(static_cast<int>(code));
  }
  return absl::OkStatus();
}

absl::Status SuiteReader::SetWithin(const YamlNode& node, Expectation& target) {
  return Take(node, plan::ParseDuration(node.text), target.within_ns);
}

absl::Status SuiteReader::SetFired(const YamlNode& node, Expectation& target) {
  using Fired = Expectation::Fired;
  constexpr std::pair<std::string_view, Fired> kNames[] = {
      {"all", Fired::kAll}, {"none", Fired::kNone}, {"any", Fired::kAny}};
  for (const auto& [name, fired] : kNames) {
    if (node.text != name) continue;
    target.fired = fired;
    return absl::OkStatus();
  }
  return At(node.line, "'fired' is all, none or any: which of the planned faults must have fired");
}

absl::Status SuiteReader::SetVerdict(const YamlNode& node, Expectation& target) {
  static constexpr Key<ExpectedVerdict> kKeys[] = {{"class", &SuiteReader::SetClass},
                                                   {"ranks", &SuiteReader::SetVerdictRanks},
                                                   {"links", &SuiteReader::SetLinks}};
  ExpectedVerdict verdict;
  if (absl::Status status = ReadMap(node, "verdict", kKeys, verdict); !status.ok()) return status;
  if (verdict.anomaly.empty())
    return At(node.line, "'verdict' needs a class, such as healthy or hang.not_entered");
  target.verdict = std::move(verdict);
  return absl::OkStatus();
}

// An edge that the library does not have would make a case that never passes.
absl::Status SuiteReader::SetChain(const YamlNode& node, Expectation& target) {
  if (node.kind != Kind::kList)
    return At(node.line, "'chain' is a list of edges: [peer-lost/remote-error]; [] = no link");
  std::vector<std::string> problems, known;
  for (const explain::CauseEdge& edge : explain::BuiltInEdges(problems)) known.push_back(edge.id);
  target.chain.emplace();
  for (const YamlNode& item : node.children) {
    if (std::find(known.begin(), known.end(), item.text) == known.end())
      return At(item.line, Cat("unknown edge '", item.text, "'; there are ", absl::StrJoin(known, ", ")));
    target.chain->push_back(item.text);
  }
  return absl::OkStatus();
}

// A class that no rule can find would make a case that never passes.
absl::Status SuiteReader::SetClass(const YamlNode& node, ExpectedVerdict& target) {
  if (absl::Status status = TakeText(node, target.anomaly); !status.ok()) return status;
  const std::vector<std::string> known = VerdictClasses();
  if (std::find(known.begin(), known.end(), target.anomaly) != known.end()) return absl::OkStatus();
  return At(node.line,
            Cat("unknown verdict class '", target.anomaly, "'; there are ", absl::StrJoin(known, ", ")));
}

absl::Status SuiteReader::ReadRanks(const YamlNode& node, std::vector<int32_t>& target) {
  if (node.kind != Kind::kList) return At(node.line, "a list of ranks is wanted here: [3]");
  for (const YamlNode& item : node.children) {
    int64_t rank = -1;
    if (absl::Status status = Take(item, plan::ParseInteger(item.text), rank); !status.ok()) return status;
    if (rank < 0 || rank > INT32_MAX) return At(item.line, Cat("'", item.text, "' is no rank"));
    target.push_back(static_cast<int32_t>(rank));
  }
  return absl::OkStatus();
}

absl::Status SuiteReader::SetVerdictRanks(const YamlNode& node, ExpectedVerdict& target) {
  std::vector<int32_t> ranks;
  if (absl::Status status = ReadRanks(node, ranks); !status.ok()) return status;
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  target.ranks = std::move(ranks);
  return absl::OkStatus();
}

absl::Status SuiteReader::SetLinks(const YamlNode& node, ExpectedVerdict& target) {
  target.links.emplace();
  for (const YamlNode& item : node.children) {
    std::vector<int32_t> ends;
    if (absl::Status status = ReadRanks(item, ends); !status.ok()) return status;
    if (ends.size() != 2) return At(item.line, "a link is [source rank, destination rank]");
    target.links->emplace_back(ends[0], ends[1]);
  }
  std::sort(target.links->begin(), target.links->end());
  return absl::OkStatus();
}

absl::Status SuiteReader::ReadCase(const YamlNode& node, std::vector<SuiteCase>& cases) {
  static constexpr Key<SuiteCase> kKeys[] = {
      {"name", &SuiteReader::SetName},       {"ranks", &SuiteReader::SetRanks},
      {"hosts", &SuiteReader::SetHosts},     {"virtual_gpus", &SuiteReader::SetGpus},
      {"timeout", &SuiteReader::SetTimeout}, {"hang_after", &SuiteReader::SetHangAfter},
      {"on_hang", &SuiteReader::SetOnHang},  {"command", &SuiteReader::SetCommand},
      {"seed", &SuiteReader::SetSeed},       {"faults", &SuiteReader::SetFaults},
      {"expect", &SuiteReader::SetExpect}};
  SuiteCase one = defaults_;
  one.file = name();
  one.line = node.line;
  if (absl::Status status = ReadMap(node, "case", kKeys, one); !status.ok()) return status;
  if (one.name.empty()) return At(node.line, "the case has no name");
  if (one.command.empty())
    return At(node.line, Cat("case '", one.name, "' has no command, and defaults neither"));
  if (!names_.insert(one.name).second) return At(node.line, Cat("a second case is named '", one.name, "'"));
  cases.push_back(std::move(one));
  return absl::OkStatus();
}

absl::Status SuiteReader::ReadCases(const YamlNode& list, std::vector<SuiteCase>& cases) {
  if (list.kind != Kind::kList || list.children.empty())
    return At(list.line, "'cases' is a list with at least one case");
  for (const YamlNode& pattern : list.children) {
    const absl::StatusOr<std::vector<YamlNode>> expanded = ExpandCase(pattern, name());
    if (!expanded.ok()) return expanded.status();
    for (const YamlNode& node : *expanded) {
      if (absl::Status status = ReadCase(node, cases); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SuiteCase>> SuiteReader::Read(const YamlNode& root) {
  // The keys of a case, less its name.
  static constexpr Key<SuiteCase> kDefaults[] = {
      {"ranks", &SuiteReader::SetRanks},          {"virtual_gpus", &SuiteReader::SetGpus},
      {"hosts", &SuiteReader::SetHosts},          {"timeout", &SuiteReader::SetTimeout},
      {"hang_after", &SuiteReader::SetHangAfter}, {"on_hang", &SuiteReader::SetOnHang},
      {"command", &SuiteReader::SetCommand},      {"seed", &SuiteReader::SetSeed},
      {"faults", &SuiteReader::SetFaults},        {"expect", &SuiteReader::SetExpect}};
  if (root.kind != Kind::kMap) return At(root.line, "a suite is a map with version, defaults and cases");
  for (size_t i = 0; i < root.keys.size(); ++i) {
    const std::string& key = root.keys[i];
    if (key != "version" && key != "defaults" && key != "cases") {
      return At(root.key_lines[i],
                Cat("unknown key '", key, "' in the suite; there are version, defaults, cases"));
    }
  }
  const YamlNode* version = root.Find("version");
  if (version == nullptr) return At(root.line, "'version: 1' is missing");
  if (version->text != "1")
    return At(version->line, Cat("version ", version->text, " is not known; write 1"));
  if (const YamlNode* defaults = root.Find("defaults")) {
    if (absl::Status status = ReadMap(*defaults, "defaults", kDefaults, defaults_); !status.ok())
      return status;
  }
  const YamlNode* list = root.Find("cases");
  if (list == nullptr) return At(root.line, "'cases' is missing");
  std::vector<SuiteCase> cases;
  if (absl::Status status = ReadCases(*list, cases); !status.ok()) return status;
  return cases;
}

}  // namespace

absl::StatusOr<std::vector<SuiteCase>> ParseSuite(std::string_view text, std::string_view name) {
  const absl::StatusOr<YamlNode> root = plan::ParseYaml(text, name);
  if (!root.ok()) return root.status();
  return SuiteReader(name).Read(*root);
}

}  // namespace rankle::cli
