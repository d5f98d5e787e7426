// How often fault causality analysis makes up an S+ edge, and how often it finds one, on synthetic campaigns
// of 1,000 comparisons (50 faults x 20 sites) whose counts are known: rankle's tests, with repeats added
// where its own advice says so, against the published one (Welch's t-test, 3 repeats, p < 0.1, no
// correction). Prints the tables of docs/measurements.md: fca_power [CAMPAIGNS [null]], `null` the first one
// only. Draws are seeded: equal output every time.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "analyzer/stitch/fca/causes.h"

namespace {

using namespace rankle::stitch;

constexpr int kFaults = 50, kSites = 20;
constexpr double kMean = 1000;

// One count of a site whose mean was raised by a factor.
using Draw = std::function<double(std::mt19937_64&, int site, double factor)>;

double Spread5(std::mt19937_64& random, int, double factor) {
  return std::round(kMean * factor * (1 + 0.05 * std::normal_distribution<double>()(random)));
}
// Poisson counts with means of 4 to 1,000 by site: the smaller, the noisier (50 % to 3 %).
double Poisson(std::mt19937_64& random, int site, double factor) {
  const double mean = 4 * std::pow(250, site / (kSites - 1.0));
  return std::poisson_distribution<int>(mean * factor)(random);
}
double Poisson400(std::mt19937_64& random, int, double factor) {  // a spread of 5 %, in whole numbers
  return std::poisson_distribution<int>(400 * factor)(random);
}
// Now and then (1 run in 10) half as much again, for no reason of the fault.
double Bursts(std::mt19937_64& random, int, double factor) {
  const bool burst = std::bernoulli_distribution(0.1)(random);
  return std::round(kMean * factor * (burst ? 1.5 : 1) *
                    (1 + 0.02 * std::normal_distribution<double>()(random)));
}
double Constant(std::mt19937_64&, int, double factor) { return kMean * factor; }

struct Scenario {
  const char* name;
  Draw draw;
};

// A fault raises each site with the probability `share`, by `factor`.
class World {
 public:
  World(Draw draw, double share, double factor, uint64_t seed) : draw_(std::move(draw)), random_(seed) {
    for (int fault = 0; fault < kFaults; ++fault) {
      for (int site = 0; site < kSites; ++site) {
        const bool raised = std::bernoulli_distribution(share)(random_);
        factors_.push_back(raised ? factor : 1);
      }
    }
  }
  bool Raised(int fault, int site) const { return factors_[fault * kSites + site] > 1; }
  int raised() const {
    return static_cast<int>(std::count_if(factors_.begin(), factors_.end(), [](double f) { return f > 1; }));
  }
  RunObservation Run(int fault) {  // -1 = profile
    RunObservation run;
    run.run = absl::StrCat("r", runs_++);
    run.workload = "w";
    run.units = 100;
    if (fault >= 0) run.fault = Fault{static_cast<SiteId>(1000 + fault), FaultKind::kError, 1, 0, ""};
    run.fired = 1;
    for (int site = 0; site < kSites; ++site) {
      SiteObservation row;
      row.site = site + 1;
      row.hits = static_cast<uint64_t>(
          std::max(0.0, draw_(random_, site, fault < 0 ? 1 : factors_[fault * kSites + site])));
      run.rows.push_back(row);
    }
    return run;
  }

 private:
  Draw draw_;
  std::mt19937_64 random_;
  std::vector<double> factors_;
  int runs_ = 0;
};

struct Score {
  double found = 0, raised = 0, wrong = 0, quiet = 0, any_wrong = 0, share_wrong = 0, injected_runs = 0,
         profile_runs = 0;
};

void Count(const Causes& causes, const World& world, const Observations& observations, Score& score) {
  double found = 0, wrong = 0;
  for (const Edge& edge : causes.edges) {
    const int fault = static_cast<int>(causes.experiments[edge.experiment].fault.site) - 1000;
    (world.Raised(fault, static_cast<int>(edge.to.site) - 1) ? found : wrong) += 1;
  }
  score.found += found;
  score.wrong += wrong;
  score.raised += world.raised();
  score.quiet += kFaults * kSites - world.raised();
  score.any_wrong += wrong > 0;
  score.share_wrong += found + wrong > 0 ? wrong / (found + wrong) : 0;
  for (const RunObservation& run : observations.runs) {
    (run.fault ? score.injected_runs : score.profile_runs) += 1;
  }
}

struct Contender {
  const char* name;
  FcaOptions options;
  size_t plain_runs, repeats;  // to begin with
  bool adaptive;
};

Score Play(const Scenario& scenario, double share, double factor, const Contender& contender, int campaigns) {
  Score score;
  for (int campaign = 0; campaign < campaigns; ++campaign) {
    World world(scenario.draw, share, factor, campaign + 1);
    Observations observations;
    for (size_t i = 0; i < contender.plain_runs; ++i) observations.runs.push_back(world.Run(-1));
    for (int fault = 0; fault < kFaults; ++fault) {
      for (size_t i = 0; i < contender.repeats; ++i) observations.runs.push_back(world.Run(fault));
    }
    Causes causes = AnalyzeCauses(observations, contender.options);
    while (contender.adaptive && !causes.repeats.empty()) {
      for (const Repeats& repeats : causes.repeats) {
        const int fault = repeats.fault ? static_cast<int>(repeats.fault->site) - 1000 : -1;
        for (size_t i = repeats.have; i < repeats.want; ++i) observations.runs.push_back(world.Run(fault));
      }
      causes = AnalyzeCauses(observations, contender.options);
    }
    Count(causes, world, observations, score);
  }
  return score;
}

void Print(const Scenario& scenario, double share, double factor, const Contender& contender, int campaigns) {
  const Score score = Play(scenario, share, factor, contender, campaigns);
  std::string power = "-";
  if (score.raised > 0) power = absl::StrCat(std::round(1000 * score.found / score.raised) / 10, " %");
  printf("| %s | %+.0f %% | %s | %s | %.2f %% | %.1f %% | %.0f %% | %.1f | %.0f |\n", scenario.name,
         100 * (factor - 1), contender.name, power.c_str(), 100 * score.wrong / score.quiet,
         100 * score.share_wrong / campaigns, 100 * score.any_wrong / campaigns,
         score.injected_runs / campaigns / kFaults, score.profile_runs / campaigns);
  fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int campaigns = argc > 1 ? atoi(argv[1]) : 20;
  const FcaOptions ours;
  FcaOptions one_look, published;
  one_look.looks = {{3, 1}};
  published.method = Method::kWelch;
  const Contender contenders[] = {
      {"published: 3 repeats", published, 3, 3, false},
      {"published, as many runs as rankle takes at most", published, ours.plain_runs,
       ours.looks.back().injected_runs, false},
      {"rankle, 3 repeats", one_look, ours.plain_runs, 3, false},
      {"rankle, repeats as it asks", ours, ours.first_plain_runs, 3, true},
  };
  const Scenario scenarios[] = {{"spread 5 %", Spread5},
                                {"Poisson, mean 400", Poisson400},
                                {"Poisson, mean 4 to 1,000", Poisson},
                                {"bursts", Bursts},
                                {"constant", Constant}};
  const char head[] =
      "| counts | effect | test | power | quiet pairs flagged | false among found | campaigns with any false "
      "| injected runs a fault | profile runs |\n|---|---|---|---|---|---|---|---|---|\n";
  printf("%d campaigns of 1,000 null comparisons (50 faults x 20 sites), no effect anywhere\n%s", campaigns,
         head);
  for (const Scenario& scenario : scenarios) {
    for (const Contender& contender : contenders) Print(scenario, 0, 1, contender, campaigns);
  }
  if (argc > 2) return 0;
  printf("\n%d campaigns of 1,000 comparisons, one in ten raised\n%s", campaigns, head);
  for (const Scenario& scenario : scenarios) {
    for (double factor : {1.05, 1.10, 1.20}) {
      for (const Contender& contender : contenders) Print(scenario, 0.1, factor, contender, campaigns);
    }
  }
}
