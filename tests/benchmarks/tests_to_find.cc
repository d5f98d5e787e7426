// How many experiments each allocation needs until a planted cycle is found, in a real program: the runs of a
// campaign that tried everything (scripts/cascades) are played back as an oracle.
//   tests_to_find OBSERVATIONS PLACE...
// OBSERVATIONS: analyzer/stitch/observation_json.h. PLACE: those of the cycle in order, each as "recv
// AwaitReply" (function called, calling function). Prints: directed, three phases, random over 10 seeds
// (least, median, most), all experiments; 0 = not found.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/stitch/allocate/allocate.h"
#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation_json.h"
#include "analyzer/stitch/search/stitch.h"

namespace {

using namespace rankle::stitch;

// As the planner has it (cli/campaign/planner.cc): what one round shows guides the next.
constexpr size_t kRound = 4;
constexpr int kSeeds = 10;

// "recv from rankle::cascades::AwaitReply(int) (calls.h:62)" is "recv AwaitReply".
std::string PlaceName(const std::string& site) {
  const std::vector<std::string> parts = absl::StrSplit(site, absl::MaxSplits(" from ", 1));
  if (parts.size() < 2) return site;
  const std::string function = parts[1].substr(0, parts[1].find('('));
  const size_t colons = function.rfind("::");
  return absl::StrCat(parts[0], " ", colons == std::string::npos ? function : function.substr(colons + 2));
}

class Oracle {
 public:
  Oracle(Observations all, std::vector<std::string> cycle) : all_(std::move(all)), cycle_(std::move(cycle)) {
    std::rotate(cycle_.begin(), std::min_element(cycle_.begin(), cycle_.end()), cycle_.end());
    std::set<Fault> faults;
    for (const RunObservation& run : all_.runs) {
      if (!run.fault.has_value()) continue;
      experiments_.insert({run.workload, *run.fault});
      faults.insert(*run.fault);
    }
    faults_.assign(faults.begin(), faults.end());
    // As FcaOptionsOf(campaign) with the usual most_repeats: 8.
    options_.looks = {{3, 1.0 / 3}, {8, 2.0 / 3}};
  }

  size_t experiments() const { return experiments_.size(); }

  // Experiments made when the cycle was found; 0 = it was not.
  size_t Until(Strategy strategy, uint64_t seed) const {
    AllocationOptions options;
    options.strategy = strategy;
    options.seed = seed;
    std::set<Choice> made;
    Causes causes = AnalyzeCauses(Shown(made), options_);
    // Passes of the published allocation may be empty; the others end with the first empty round.
    const size_t a_round = strategy == Strategy::kThreePhase ? experiments_.size() : kRound;
    for (size_t round = 0; made.size() < experiments_.size(); ++round) {
      const Known known{all_.runs, causes, made};
      const std::vector<Choice> choices = NextExperiments(known, faults_, round, a_round, options);
      if (choices.empty() && (strategy != Strategy::kThreePhase || round >= 3)) break;
      for (const Choice& choice : choices) {
        if (!made.insert(choice).second || !InCycle(choice)) continue;
        if (Found(made)) return made.size();
      }
      causes = AnalyzeCauses(Shown(made), options_);
    }
    return 0;
  }

 private:
  Observations Shown(const std::set<Choice>& made) const {
    Observations shown{all_.names, {}};
    for (const RunObservation& run : all_.runs) {
      if (!run.fault.has_value() || made.contains({run.workload, *run.fault})) shown.runs.push_back(run);
    }
    return shown;
  }

  std::string NameOf(SiteId site) const {
    const auto info = all_.names.sites.find(site);
    return info == all_.names.sites.end() ? "" : PlaceName(info->second.name);
  }

  // Whether the experiment can add a link: it is only then that one has to look.
  bool InCycle(const Choice& choice) const {
    return std::find(cycle_.begin(), cycle_.end(), NameOf(choice.fault.site)) != cycle_.end();
  }

  bool Found(const std::set<Choice>& made) const {
    const Observations shown = Shown(made);
    const Stitched stitched = Stitch(AnalyzeCauses(shown, options_), shown.names);
    return std::any_of(stitched.cycles.begin(), stitched.cycles.end(), [&](const Cycle& cycle) {
      std::vector<std::string> places;
      for (const CycleEdge& edge : cycle.edges) places.push_back(NameOf(edge.experiment.fault.site));
      std::rotate(places.begin(), std::min_element(places.begin(), places.end()), places.end());
      return places == cycle_;
    });
  }

  Observations all_;
  std::vector<std::string> cycle_;
  std::set<Choice> experiments_;
  std::vector<Fault> faults_;
  FcaOptions options_;
};

}  // namespace

int main(int argc, char** argv) {
  std::stringstream text;
  if (argc > 2) text << std::ifstream(argv[1]).rdbuf();
  auto observations = ReadObservations(text.str(), argc > 1 ? argv[1] : "no file");
  if (argc < 4 || !observations.ok()) {
    std::fprintf(stderr, "%s\nusage: tests_to_find OBSERVATIONS PLACE PLACE...\n",
                 observations.status().ToString().c_str());
    return 2;
  }
  const Oracle oracle(*std::move(observations), {argv + 2, argv + argc});
  std::vector<size_t> random;
  for (int seed = 1; seed <= kSeeds; ++seed) random.push_back(oracle.Until(Strategy::kRandom, seed));
  std::sort(random.begin(), random.end());
  const size_t directed = oracle.Until(Strategy::kDirected, 1);
  const size_t three_phase = oracle.Until(Strategy::kThreePhase, 1);
  const double median = static_cast<double>(random[kSeeds / 2 - 1] + random[kSeeds / 2]) / 2;
  std::printf("%zu %zu %zu %.1f %zu %zu\n", directed, three_phase, random.front(), median, random.back(),
              oracle.experiments());
}
