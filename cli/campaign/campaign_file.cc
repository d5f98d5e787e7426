#include "cli/campaign/campaign_file.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/numbers.h"
#include "cli/launch/command_words.h"
#include "cli/launch/files.h"
#include "cli/yaml_reader.h"

namespace rankle::cli {
namespace {

using plan::YamlNode;
using Kind = YamlNode::Kind;

constexpr int kMost = 1'000'000, kMostProcesses = 65'536;

class CampaignReader : YamlReader<CampaignReader> {
 public:
  explicit CampaignReader(std::string_view name) : YamlReader(name) {}

  absl::StatusOr<Campaign> Read(const YamlNode& root) {
    static constexpr Key<Campaign> kKeys[] = {{"version", &CampaignReader::SetVersion},
                                              {"workloads", &CampaignReader::SetWorkloads},
                                              {"points", &CampaignReader::SetPoints},
                                              {"delays", &CampaignReader::SetDelays},
                                              {"profile_repeats", &CampaignReader::SetProfileRepeats},
                                              {"repeats", &CampaignReader::SetRepeats},
                                              {"most_repeats", &CampaignReader::SetMostRepeats},
                                              {"later_hits", &CampaignReader::SetLaterHits},
                                              {"budget", &CampaignReader::SetBudget},
                                              {"seed", &CampaignReader::SetSeed},
                                              {"policy", &CampaignReader::SetPolicy},
                                              {"test", &CampaignReader::SetTest},
                                              {"executor", &CampaignReader::SetExecutor}};
    Campaign campaign;
    if (absl::Status status = ReadMap(root, "the campaign", kKeys, campaign); !status.ok()) return status;
    if (root.Find("version") == nullptr) return At(root.line, "'version: 1' is missing");
    if (campaign.workloads.empty()) return At(root.line, "'workloads' is missing");
    if (campaign.most_repeats < campaign.repeats)
      return At(root.line, "'most_repeats' is less than 'repeats'");
    return campaign;
  }

 private:
  friend YamlReader;

  absl::Status SetVersion(const YamlNode& node, Campaign&) {
    return node.text == "1" ? absl::OkStatus()
                            : At(node.line, Cat("version ", node.text, " is not known; write 1"));
  }
  absl::Status SetDelays(const YamlNode& node, Campaign& target) {
    return TakeList(node, target.delays_ns, [&](const YamlNode& item, uint64_t& delay) {
      if (absl::Status status = Take(item, plan::ParseDuration(item.text), delay); !status.ok())
        return status;
      return delay > 0 ? absl::OkStatus() : At(item.line, "a delay of 0 injects nothing");
    });
  }
  absl::Status SetProfileRepeats(const YamlNode& node, Campaign& target) {
    return TakeInteger(node, 2, 1000, target.profile_repeats);  // one run tells nothing of what varies
  }
  absl::Status SetRepeats(const YamlNode& node, Campaign& target) {
    return TakeInteger(node, 1, 1000, target.repeats);
  }
  absl::Status SetMostRepeats(const YamlNode& node, Campaign& target) {
    return TakeInteger(node, 1, 1000, target.most_repeats);
  }
  absl::Status SetLaterHits(const YamlNode& node, Campaign& target) {
    static constexpr std::pair<std::string_view, bool> kChoices[] = {{"false", false}, {"true", true}};
    return TakeChoice(node, kChoices, target.later_hits);
  }
  absl::Status SetBudget(const YamlNode& node, Campaign& target) {
    if (node.text == "0") return At(node.line, "a budget of 0 tries no fault; give at least 1");
    return TakeInteger(node, 1, kMost, target.budget);
  }
  absl::Status SetSeed(const YamlNode& node, Campaign& target) {
    return Take(node, plan::ParseInteger(node.text), target.seed);
  }

  template <typename Value, size_t kSize>
  absl::Status TakeChoice(const YamlNode& node, const std::pair<std::string_view, Value> (&choices)[kSize],
                          Value& target) const {
    std::string known;
    for (const auto& [name, value] : choices) {
      if (node.text == name) {
        target = value;
        return absl::OkStatus();
      }
      known += Cat(known.empty() ? "" : ", ", name);
    }
    return At(node.line, Cat("'", node.text, "' is not known; there are ", known));
  }
  absl::Status SetPolicy(const YamlNode& node, Campaign& target) {
    static constexpr std::pair<std::string_view, CampaignPolicy> kChoices[] = {
        {"directed", CampaignPolicy::kDirected},
        {"three-phase", CampaignPolicy::kThreePhase},
        {"random", CampaignPolicy::kRandom}};
    return TakeChoice(node, kChoices, target.policy);
  }
  absl::Status SetTest(const YamlNode& node, Campaign& target) {
    static constexpr std::pair<std::string_view, CampaignTest> kChoices[] = {
        {"permutation", CampaignTest::kPermutation}, {"welch", CampaignTest::kWelch}};
    return TakeChoice(node, kChoices, target.test);
  }

  absl::Status SetPoints(const YamlNode& node, Campaign& target) {
    static constexpr Key<PointFilter> kKeys[] = {{"include", &CampaignReader::SetInclude},
                                                 {"exclude", &CampaignReader::SetExclude},
                                                 {"ids", &CampaignReader::SetIds},
                                                 {"overlays", &CampaignReader::SetOverlays}};
    return ReadMap(node, "points", kKeys, target.points);
  }
  absl::Status TakeTexts(const YamlNode& node, std::vector<std::string>& target) const {
    return TakeList(node, target,
                    [&](const YamlNode& item, std::string& text) { return TakeText(item, text); });
  }
  absl::Status SetInclude(const YamlNode& node, PointFilter& target) {
    return TakeTexts(node, target.include);
  }
  absl::Status SetExclude(const YamlNode& node, PointFilter& target) {
    return TakeTexts(node, target.exclude);
  }

  absl::Status SetIds(const YamlNode& node, PointFilter& target) {
    return TakeList(node, target.ids, [&](const YamlNode& item, uint64_t& id) {
      if (absl::SimpleHexAtoi(item.text, &id) && id != 0) return absl::OkStatus();
      return At(item.line,
                Cat("'", item.text, "' is no id of a point or call site, such as 9c424fa8cbcf0268"));
    });
  }
  absl::Status SetOverlays(const YamlNode& node, PointFilter& target) {
    return TakeTexts(node, target.overlays);
  }

  absl::Status SetExecutor(const YamlNode& node, Campaign& target) {
    static constexpr Key<Campaign> kKeys[] = {{"kind", &CampaignReader::SetKind},
                                              {"jobs", &CampaignReader::SetJobs},
                                              {"sbatch", &CampaignReader::SetSbatch}};
    return ReadMap(node, "executor", kKeys, target);
  }
  absl::Status SetKind(const YamlNode& node, Campaign& target) {
    static constexpr std::pair<std::string_view, bool> kChoices[] = {{"local", false}, {"slurm", true}};
    return TakeChoice(node, kChoices, target.slurm);
  }
  absl::Status SetJobs(const YamlNode& node, Campaign& target) {
    return TakeInteger(node, 1, 100'000, target.jobs);
  }
  absl::Status SetSbatch(const YamlNode& node, Campaign& target) { return TakeTexts(node, target.sbatch); }

  absl::Status SetWorkloads(const YamlNode& node, Campaign& target) {
    if (node.kind != Kind::kList || node.children.empty())
      return At(node.line, "'workloads' is a list with at least one workload");
    std::set<std::string> names;
    for (const YamlNode& item : node.children) {
      Workload& workload = target.workloads.emplace_back();
      workload.line = item.line;
      if (absl::Status status = ReadMap(item, "workload", kWorkloadKeys, workload); !status.ok())
        return status;
      if (workload.name.empty()) return At(item.line, "the workload has no name");
      if (workload.command.empty())
        return At(item.line, Cat("workload '", workload.name, "' has no command"));
      if (!names.insert(workload.name).second)
        return At(item.line, Cat("a second workload is named '", workload.name, "'"));
    }
    return absl::OkStatus();
  }
  absl::Status SetName(const YamlNode& node, Workload& target) { return TakeText(node, target.name); }
  absl::Status SetRanks(const YamlNode& node, auto& target) {
    return TakeInteger(node, 0, kMostProcesses, target.ranks);
  }
  absl::Status SetGpus(const YamlNode& node, Workload& target) {
    return TakeInteger(node, 0, kMostProcesses, target.virtual_gpus);
  }
  absl::Status SetTimeout(const YamlNode& node, Workload& target) {
    if (absl::Status status = Take(node, plan::ParseDuration(node.text), target.timeout_ns); !status.ok())
      return status;
    return target.timeout_ns > 0 ? absl::OkStatus() : At(node.line, "a timeout of 0 ends every run at once");
  }
  absl::Status SetReplay(const YamlNode& node, Workload& target) {
    static constexpr Key<ReplayJob> kKeys[] = {{"ranks", &CampaignReader::SetRanks},
                                               {"command", &CampaignReader::SetCommand}};
    return ReadMap(node, "replay", kKeys, target.replay);
  }
  absl::Status SetCommand(const YamlNode& node, auto& target) {
    if (node.kind != Kind::kList || node.children.empty())
      return At(node.line, "'command' is a list: [program, argument, ...]");
    return TakeTexts(node, target.command);
  }
  absl::Status SetRoles(const YamlNode& node, Workload& target) {
    if (node.kind != Kind::kMap) return At(node.line, "'roles' is a map: {server: 0, client: 1-3}");
    for (size_t i = 0; i < node.keys.size(); ++i) {
      std::vector<RoleRange> ranges;
      absl::Status status = TakeList(node.children[i], ranges, [&](const YamlNode& item, RoleRange& range) {
        range.role = node.keys[i];
        return TakeRange(item, range);
      });
      if (!status.ok()) return status;
      for (const RoleRange& range : ranges) {
        for (const RoleRange& other : target.roles) {
          if (range.first <= other.last && other.first <= range.last)
            return At(node.line, Cat("ranks of '", range.role, "' are of '", other.role, "', too"));
        }
        target.roles.push_back(range);
      }
    }
    return absl::OkStatus();
  }
  absl::Status TakeRange(const YamlNode& node, RoleRange& range) const {
    const size_t dash = node.text.find('-');
    const std::string first = node.text.substr(0, dash);
    const std::string last = dash == std::string::npos ? first : node.text.substr(dash + 1);
    if (!absl::SimpleAtoi(first, &range.first) || !absl::SimpleAtoi(last, &range.last) || range.first < 0 ||
        range.last < range.first)
      return At(node.line, Cat("'", node.text, "' is no rank or range of ranks, such as 0 or 1-3"));
    return absl::OkStatus();
  }

  static const Key<Workload> kWorkloadKeys[7];
};

const CampaignReader::Key<Workload> CampaignReader::kWorkloadKeys[7] = {
    {"name", &CampaignReader::SetName},         {"ranks", &CampaignReader::SetRanks},
    {"virtual_gpus", &CampaignReader::SetGpus}, {"timeout", &CampaignReader::SetTimeout},
    {"command", &CampaignReader::SetCommand},   {"roles", &CampaignReader::SetRoles},
    {"replay", &CampaignReader::SetReplay}};

}  // namespace

absl::StatusOr<Campaign> ParseCampaign(std::string_view text, std::string_view name) {
  const absl::StatusOr<YamlNode> root = plan::ParseYaml(text, name);
  if (!root.ok()) return root.status();
  return CampaignReader(name).Read(*root);
}

absl::StatusOr<Campaign> ReadCampaignFile(const std::string& path, std::string& text) {
  absl::StatusOr<std::string> read = ReadFile(path);
  if (!read.ok()) return read.status();
  text = *std::move(read);
  absl::StatusOr<Campaign> campaign = ParseCampaign(text, path);
  if (!campaign.ok()) return campaign.status();
  for (Workload& workload : campaign->workloads) {
    for (std::vector<std::string>* words : {&workload.command, &workload.replay.command}) {
      if (words->empty()) continue;
      absl::StatusOr<std::vector<std::string>> command = ResolveCommand(*words);
      if (!command.ok()) {
        return absl::Status(command.status().code(),
                            Cat(path, ":", workload.line, ": workload '", workload.name,
                                "': ", StdView(command.status().message())));
      }
      *words = *std::move(command);
    }
  }
  for (std::string& overlay : campaign->points.overlays)
    overlay = std::filesystem::absolute(overlay).string();  // workers may be started elsewhere
  return campaign;
}

std::string RoleOf(const Workload& workload, int rank) {
  for (const RoleRange& range : workload.roles) {
    if (rank >= range.first && rank <= range.last) return range.role;
  }
  return rank == 0 ? "root" : "worker";
}

}  // namespace rankle::cli
