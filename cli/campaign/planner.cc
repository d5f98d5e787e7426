#include "cli/campaign/planner.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/numbers.h"
#include "analyzer/stitch/allocate/allocate.h"
#include "cli/campaign/fault_plan.h"
#include "cli/campaign/fault_points.h"
#include "cli/campaign/later_hits.h"
#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

using stitch::Choice;

constexpr std::string_view kRound = "round ";
constexpr char kRepeatPhase[] = "repeats";
// Experiments that are chosen together: what the first ones show should guide the next, and all jobs have
// work.
constexpr size_t kLeastRound = 4;
constexpr size_t kPasses = 3;  // of the published allocation

struct Done {
  std::map<Choice, int> experiments;  // runs of each
  std::map<std::string, int> profiles;
  size_t rounds = 0;
};

Done Summarize(const std::vector<CampaignRun>& planned) {
  Done done;
  for (const CampaignRun& run : planned) {
    if (!run.fault.has_value()) {
      ++done.profiles[run.workload];
      continue;
    }
    ++done.experiments[{run.workload, *run.fault}];
    size_t round = 0;
    if (run.phase.starts_with(kRound) && absl::SimpleAtoi(run.phase.substr(kRound.size()), &round))
      done.rounds = std::max(done.rounds, round + 1);
  }
  return done;
}

void AddRuns(const Choice& choice, int first, int count, const std::string& phase, const stitch::Names& names,
             std::vector<CampaignRun>& runs) {
  const std::string plan = PlanOf(choice.fault, names);
  if (plan.empty()) return;
  for (int repeat = first; repeat < first + count; ++repeat) {
    runs.push_back({.id = 0,
                    .workload = choice.workload,
                    .fault = choice.fault,
                    .plan = plan,
                    .repeat = repeat,
                    .phase = phase});
  }
}

std::vector<CampaignRun> MissingProfiles(const Campaign& campaign, const Done& done) {
  std::vector<CampaignRun> runs;
  for (const Workload& workload : campaign.workloads) {
    const auto made = done.profiles.find(workload.name);
    for (int i = made == done.profiles.end() ? 0 : made->second; i < campaign.profile_repeats; ++i)
      runs.push_back(
          {.id = 0, .workload = workload.name, .fault = {}, .plan = "", .repeat = i, .phase = kProfilePhase});
  }
  return runs;
}

// More runs of experiments, and of profiles, that the evidence leaves undecided.
std::vector<CampaignRun> Repeats(const Campaign& campaign, const stitch::Causes& causes, const Done& done,
                                 const stitch::Names& names) {
  std::vector<CampaignRun> runs;
  for (const stitch::Repeats& wanted : causes.repeats) {
    const int want = std::min(static_cast<int>(wanted.want), campaign.most_repeats);
    if (wanted.fault.has_value()) {
      const Choice choice{wanted.workload, *wanted.fault};
      const auto made = done.experiments.find(choice);
      const int have = made == done.experiments.end() ? 0 : made->second;
      if (have > 0 && have < want) AddRuns(choice, have, want - have, kRepeatPhase, names, runs);
    } else if (const auto made = done.profiles.find(wanted.workload); made != done.profiles.end()) {
      for (int i = made->second; i < static_cast<int>(wanted.want); ++i)
        runs.push_back({.id = 0,
                        .workload = wanted.workload,
                        .fault = {},
                        .plan = "",
                        .repeat = i,
                        .phase = kProfilePhase});
    }
  }
  return runs;
}

struct Faults {
  std::vector<stitch::Fault> all;  // of all usable workloads, each once: a choice names the workload
  std::set<Choice> elsewhere;      // at a hit that is a later one of another workload
};

Faults AllFaults(const Campaign& campaign, const stitch::Observations& observations,
                 const std::set<std::string>& unusable) {
  std::set<stitch::Fault> all, later;
  std::set<Choice> own;
  for (const Workload& workload : campaign.workloads) {
    if (unusable.contains(workload.name)) continue;
    const std::vector<stitch::Fault> faults =
        FaultsOf(observations, workload.name, campaign.points, campaign.delays_ns);
    all.insert(faults.begin(), faults.end());
    if (!campaign.later_hits) continue;
    for (const stitch::Fault& fault : AtLaterHits(faults, observations, workload, campaign.profile_repeats)) {
      later.insert(fault);
      own.insert({workload.name, fault});
    }
  }
  Faults found{.all = {all.begin(), all.end()}, .elsewhere = {}};
  found.all.insert(found.all.end(), later.begin(), later.end());
  for (const Workload& workload : campaign.workloads) {
    for (const stitch::Fault& fault : later) {
      if (!own.contains({workload.name, fault})) found.elsewhere.insert({workload.name, fault});
    }
  }
  return found;
}

// How plain runs of a workload ended.
struct PlainEnds {
  int runs = 0, ok = 0, late = 0;
  bool Usable() const { return 2 * ok > runs && ok >= 2; }  // flaky ones are for the statistics to judge
};

PlainEnds EndsOf(const std::string& workload, const stitch::Observations& observations) {
  PlainEnds ends;
  for (const stitch::RunObservation& run : observations.runs) {
    if (run.workload != workload || run.fault.has_value()) continue;
    ++ends.runs;
    ends.ok += run.end == stitch::End::kOk ? 1 : 0;
    ends.late += run.end == stitch::End::kTimedOut ? 1 : 0;
  }
  return ends;
}

stitch::AllocationOptions AllocationOf(const Campaign& campaign) {
  stitch::AllocationOptions options;
  options.seed = campaign.seed;
  options.strategy = campaign.policy == CampaignPolicy::kDirected     ? stitch::Strategy::kDirected
                     : campaign.policy == CampaignPolicy::kThreePhase ? stitch::Strategy::kThreePhase
                                                                      : stitch::Strategy::kRandom;
  return options;
}

}  // namespace

stitch::FcaOptions FcaOptionsOf(const Campaign& campaign) {
  stitch::FcaOptions options;
  options.seed = campaign.seed;
  if (campaign.test == CampaignTest::kWelch) options.method = stitch::Method::kWelch;
  // Looks beyond what the campaign will make would keep back evidence for runs that never come.
  std::erase_if(options.looks, [&](const stitch::Look& look) {
    return look.injected_runs > static_cast<size_t>(campaign.most_repeats);
  });
  if (options.looks.empty()) options.looks.push_back({static_cast<size_t>(campaign.most_repeats), 1});
  double shares = 0;
  for (const stitch::Look& look : options.looks) shares += look.share;
  for (stitch::Look& look : options.looks) look.share /= shares;
  return options;
}

stitch::FcaOptions StitchOptionsOf(const Campaign& campaign, const stitch::Observations& observations) {
  stitch::FcaOptions options = FcaOptionsOf(campaign);
  for (const stitch::RunObservation& run : observations.runs) {
    if (run.fault.has_value()) options.watched.insert(run.fault->site);
  }
  return options;
}

std::vector<DoubtfulWorkload> UnusableWorkloads(const Campaign& campaign,
                                                const stitch::Observations& observations) {
  std::vector<DoubtfulWorkload> unusable;
  for (const Workload& workload : campaign.workloads) {
    const PlainEnds ends = EndsOf(workload.name, observations);
    const auto [runs, ok, late] = ends;
    if (ends.Usable()) continue;
    unusable.push_back(
        {workload.name, runs == 0
                            ? "no plain run could be observed"
                            : Cat(runs - ok, " of ", runs, " plain runs fail without any fault",
                                  late > 0 ? Cat(" (", late, " of them take longer than its timeout)") : "",
                                  ": what a fault adds cannot be told; it is left out")});
  }
  return unusable;
}

std::vector<DoubtfulWorkload> FlakyWorkloads(const Campaign& campaign,
                                             const stitch::Observations& observations) {
  std::vector<DoubtfulWorkload> flaky;
  for (const Workload& workload : campaign.workloads) {
    const PlainEnds ends = EndsOf(workload.name, observations);
    if (!ends.Usable() || ends.ok == ends.runs) continue;
    flaky.push_back({workload.name, Cat(ends.runs - ends.ok, " of ", ends.runs,
                                        " plain runs fail without any fault: it is flaky; of failures, only "
                                        "those that a fault makes much more frequent are told")});
  }
  return flaky;
}

CampaignPlan NextRuns(const Campaign& campaign, const stitch::Observations& observations,
                      const std::vector<CampaignRun>& planned) {
  CampaignPlan plan;
  const Done done = Summarize(planned);
  plan.experiments = static_cast<int>(done.experiments.size());
  plan.runs = MissingProfiles(campaign, done);
  if (!plan.runs.empty()) return plan;
  std::set<std::string> unusable;
  for (const DoubtfulWorkload& workload : UnusableWorkloads(campaign, observations)) {
    unusable.insert(workload.name);
    plan.notes.push_back(Cat("workload '", workload.name, "': ", workload.why));
  }
  for (const DoubtfulWorkload& workload : FlakyWorkloads(campaign, observations))
    plan.notes.push_back(Cat("workload '", workload.name, "': ", workload.why));
  for (std::string& note : UnreachedPoints(observations, campaign.points))
    plan.notes.push_back(std::move(note));
  const Faults faults = AllFaults(campaign, observations, unusable);
  stitch::FcaOptions options = FcaOptionsOf(campaign);
  for (const stitch::Fault& fault : faults.all) options.watched.insert(fault.site);
  const stitch::Causes causes = stitch::AnalyzeCauses(observations, options);
  plan.runs = Repeats(campaign, causes, done, observations.names);
  if (!plan.runs.empty() || plan.experiments >= campaign.budget) return plan;
  if (faults.all.empty() && !observations.runs.empty())
    plan.notes.push_back("the plain runs reach no fault point that 'points' chooses");
  stitch::Known known{observations.runs, causes, {}};
  for (const auto& [choice, runs] : done.experiments) known.made.insert(choice);
  const size_t left = static_cast<size_t>(campaign.budget - plan.experiments);
  const size_t a_round = campaign.policy == CampaignPolicy::kThreePhase
                             ? left
                             : std::min(left, std::max(kLeastRound, static_cast<size_t>(campaign.jobs)));
  // A pass of the published allocation may have nothing to add; that does not end it.
  const size_t last_round =
      campaign.policy == CampaignPolicy::kThreePhase ? std::max(done.rounds, kPasses - 1) : done.rounds;
  for (size_t round = done.rounds; plan.runs.empty() && round <= last_round; ++round) {
    size_t chosen = 0;
    for (const Choice& choice : stitch::NextExperiments(
             known, faults.all, round, a_round + faults.elsewhere.size(), AllocationOf(campaign))) {
      if (unusable.contains(choice.workload) || faults.elsewhere.contains(choice)) continue;
      if (chosen++ == a_round) break;
      ++plan.experiments;
      AddRuns(choice, 0, campaign.repeats, Cat(kRound, round), observations.names, plan.runs);
    }
  }
  return plan;
}

}  // namespace rankle::cli
