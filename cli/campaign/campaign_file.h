// A campaign file as values (docs/campaigns.md): workloads, the faults to try in them, and how much of that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::cli {

// Ranks first..last of a workload play one role: edges of different runs meet in roles, not in rank numbers.
struct RoleRange {
  std::string role;
  int first = 0, last = 0;
};

// The larger job in which cycles of a workload are replayed; what is not given is as in the workload.
struct ReplayJob {
  int ranks = 0;
  std::vector<std::string> command;
};

struct Workload {
  std::string name;
  int line = 0;
  int ranks = 0;  // 0: the command starts its ranks itself
  int virtual_gpus = 0;
  uint64_t timeout_ns = 60'000'000'000;
  std::vector<std::string> command;
  ReplayJob replay;
  std::vector<RoleRange> roles;  // of ranks in none: "root" is rank 0, the others are "worker"
};

// Which fault points are tried, by the function that is called and by where it is called from.
struct PointFilter {
  std::vector<std::string> include;  // globs over "connect from ReconnectToServer (agent.cc:41)"; empty = all
  std::vector<std::string> exclude;
  // Points in sources (docs/fault-points.md) and call sites (docs/sites.md) by id, besides `include`.
  std::vector<uint64_t> ids;
  std::vector<std::string> overlays;  // of rankle instrument, from which instrumented programs were built
};

enum class CampaignPolicy : uint8_t { kDirected, kThreePhase, kRandom };
enum class CampaignTest : uint8_t { kPermutation, kWelch };

struct Campaign {
  std::vector<Workload> workloads;
  PointFilter points;
  std::vector<uint64_t> delays_ns = {100'000'000, 1'000'000'000};
  // Plain runs of each workload, at first: what all comparisons rest on. Beside fewer than six, three
  // injected runs decide nothing (1 of 56 is above the first look's share of 5 %); with eight, whole
  // campaigns took the fewest runs (docs/measurements.md).
  int profile_repeats = 8;
  int repeats = 3;          // runs of each experiment at first
  int most_repeats = 8;     // where the evidence is undecided
  bool later_hits = false;  // errors also at a later hit than the first
  int budget = 100;         // experiments: one fault in one workload, whatever its repeats
  uint64_t seed = 1;
  CampaignPolicy policy = CampaignPolicy::kDirected;
  CampaignTest test = CampaignTest::kPermutation;
  bool slurm = false;
  int jobs = 1;
  std::vector<std::string> sbatch;  // more arguments of sbatch
};

// Every error begins with "name:line: ".
absl::StatusOr<Campaign> ParseCampaign(std::string_view text, std::string_view name);

// The same of a file, with commands resolved (cli/launch/command_words.h). `text`: the file's.
absl::StatusOr<Campaign> ReadCampaignFile(const std::string& path, std::string& text);

// The role of a rank in a workload.
std::string RoleOf(const Workload& workload, int rank);

}  // namespace rankle::cli
