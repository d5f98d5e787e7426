// How many experiments each allocation needs to see all edges of planted cycles, on random worlds whose
// effects are known: 150 places, 30 workloads that reach three in ten of them each, errors and delays of two
// lengths. Prints the table of docs/measurements.md: allocation_power [WORLDS]. Draws are seeded.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/stitch/allocate/allocate.h"
#include "analyzer/stitch/allocate/random.h"

namespace {

using namespace rankle::stitch;

constexpr size_t kPlaces = 150, kWorkloads = 30, kCycles = 10, kBatch = 10;
constexpr int64_t kShort = 1'000'000'000, kLong = 8'000'000'000;

std::string WorkloadName(size_t workload) { return absl::StrFormat("w%02d", workload); }

// What one injection (place and kind) causes, where both ends are reached.
struct Truth {
  size_t to;
  bool behaviour;              // else load
  std::set<size_t> workloads;  // in which it comes about
  bool short_too;              // with the short delay as well
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (size_t place = 0; place < kPlaces; ++place) {
      std::set<size_t>& reach = reach_[place];
      for (size_t w = 0; w < kWorkloads; ++w) {
        if (random_.Unit() < 0.3) reach.insert(w);
      }
      // Two fifths of the places are loops that can be delayed, the others can fail.
      delay_.push_back(random_.Unit() < 0.4);
      const SiteId site = place + 1;
      if (delay_[place]) {
        faults.push_back({site, FaultKind::kDelay, kShort, 0, ""});
        faults.push_back({site, FaultKind::kDelay, kLong, 0, ""});
      } else {
        faults.push_back({site, FaultKind::kError, 5, 0, ""});
      }
    }
    // Two in five have consequences of their own, one to three.
    for (size_t place = 0; place < kPlaces; ++place) {
      if (random_.Unit() < 0.4) {
        for (size_t count = 1 + random_.Below(3); count > 0; --count)
          AddEffect(place, random_.Below(kPlaces));
      }
    }
    while (cycles.size() < kCycles) PlantCycle();
    MakeProfiles();
  }

  void Observe(const Choice& choice, Causes& causes) const {
    const size_t place = choice.fault.site - 1;
    Experiment experiment;
    experiment.workload = choice.workload;
    experiment.fault = choice.fault;
    causes.experiments.push_back(experiment);
    const auto it = effects_.find(place);
    if (it == effects_.end()) return;
    for (const Truth& truth : it->second) {
      if (!truth.workloads.contains(std::stoul(choice.workload.substr(1)))) continue;
      if (choice.fault.parameter == kShort && !truth.short_too) continue;
      Edge edge;
      edge.experiment = causes.experiments.size() - 1;
      edge.effect = truth.behaviour ? Effect::kNewBehaviour : Effect::kMoreWork;
      edge.to = {"", truth.to + 1};
      edge.evidence = {{.call_site = 1, .fresh = {}}};
      causes.edges.push_back(edge);
    }
  }

  size_t CyclesSeen(const Causes& causes) const {
    std::set<std::pair<size_t, size_t>> seen;
    for (const Edge& edge : causes.edges) {
      seen.insert({causes.experiments[edge.experiment].fault.site - 1, edge.to.site - 1});
    }
    return std::count_if(cycles.begin(), cycles.end(), [&](const std::vector<size_t>& cycle) {
      for (size_t i = 0; i < cycle.size(); ++i) {
        if (!seen.contains({cycle[i], cycle[(i + 1) % cycle.size()]})) return false;
      }
      return true;
    });
  }

  std::vector<Fault> faults;
  std::vector<RunObservation> profiles;
  std::vector<std::vector<size_t>> cycles;

 private:
  std::vector<size_t> Both(size_t from, size_t to) const {
    std::vector<size_t> both;
    std::set_intersection(reach_.at(from).begin(), reach_.at(from).end(), reach_.at(to).begin(),
                          reach_.at(to).end(), std::back_inserter(both));
    return both;
  }

  // Three in ten effects come about in three in ten of their workloads only, at least in one.
  bool AddEffect(size_t from, size_t to) {
    const std::vector<size_t> both = Both(from, to);
    if (from == to || both.empty()) return false;
    Truth truth{to, !delay_[to], {}, random_.Unit() < 0.5};
    const bool conditional = random_.Unit() < 0.3;
    for (size_t w : both) {
      if (!conditional || random_.Unit() < 0.3) truth.workloads.insert(w);
    }
    if (truth.workloads.empty()) truth.workloads.insert(both[random_.Below(both.size())]);
    effects_[from].push_back(truth);
    return true;
  }

  void PlantCycle() {
    std::vector<size_t> cycle;
    const size_t length = 2 + random_.Below(4);
    while (cycle.size() < length) {
      const size_t place = random_.Below(kPlaces);
      if (std::find(cycle.begin(), cycle.end(), place) == cycle.end()) cycle.push_back(place);
    }
    for (size_t i = 0; i < length; ++i) {
      if (Both(cycle[i], cycle[(i + 1) % length]).empty()) return;
    }
    for (size_t i = 0; i < length; ++i) AddEffect(cycle[i], cycle[(i + 1) % length]);
    cycles.push_back(cycle);
  }

  void MakeProfiles() {
    for (size_t w = 0; w < kWorkloads; ++w) {
      RunObservation run;
      run.workload = WorkloadName(w);
      for (size_t place = 0; place < kPlaces; ++place) {
        if (!reach_[place].contains(w)) continue;
        SiteObservation row;
        row.site = place + 1;
        row.call_site = 1;
        row.hits = 10;
        row.signatures = {1 + random_.Below(4)};
        run.rows.push_back(row);
      }
      profiles.push_back(run);
    }
  }

  Random random_;
  std::map<size_t, std::set<size_t>> reach_;
  std::vector<bool> delay_;
  std::map<size_t, std::vector<Truth>> effects_;
};

struct Course {
  std::map<size_t, size_t> at;  // experiments made when so many cycles were first seen
  size_t made = 0, seen = 0;
};

Course Play(const World& world, Strategy strategy, double third_pass, uint64_t seed) {
  AllocationOptions options;
  options.strategy = strategy;
  options.seed = seed;
  options.third_pass_share = third_pass;
  Causes causes;
  std::set<Choice> made;
  Course course;
  for (size_t round = 0; course.seen < kCycles; ++round) {
    const size_t budget = strategy == Strategy::kDirected ? kBatch : 100'000;
    const Known known{world.profiles, causes, made};
    const std::vector<Choice> choices = NextExperiments(known, world.faults, round, budget, options);
    if (choices.empty()) break;
    for (const Choice& choice : choices) {
      made.insert(choice);
      world.Observe(choice, causes);
      course.made = made.size();
      course.seen = world.CyclesSeen(causes);
      course.at.try_emplace(course.seen, course.made);
      if (course.seen == kCycles) break;
    }
  }
  return course;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

// Experiments until so many cycles were seen; as many as there are at all where they never were.
double Until(const Course& course, size_t cycles, double never) {
  const auto it = course.at.lower_bound(cycles);
  return it == course.at.end() ? never : static_cast<double>(it->second);
}

}  // namespace

int main(int argc, char** argv) {
  const int worlds = argc > 1 ? atoi(argv[1]) : 20;
  struct Row {
    const char* name;
    Strategy strategy;
    double third_pass;  // its length, as a share of the injections
    int seeds;
    std::vector<double> half, nine, all, made, seen;
  };
  Row rows[] = {
      {"random", Strategy::kRandom, 0, 10, {}, {}, {}, {}, {}},
      {"three phases, as published", Strategy::kThreePhase, 1, 3, {}, {}, {}, {}, {}},
      {"three phases, the third 20 times as long", Strategy::kThreePhase, 20, 3, {}, {}, {}, {}, {}},
      {"directed", Strategy::kDirected, 0, 1, {}, {}, {}, {}, {}}};
  for (int i = 0; i < worlds; ++i) {
    const World world(i + 1);
    for (Row& row : rows) {
      for (int seed = 1; seed <= row.seeds; ++seed) {
        const Course course = Play(world, row.strategy, row.third_pass, seed);
        row.half.push_back(Until(course, kCycles / 2, 1e9));
        row.nine.push_back(Until(course, kCycles - 1, 1e9));
        row.all.push_back(Until(course, kCycles, 1e9));
        row.made.push_back(static_cast<double>(course.made));
        row.seen.push_back(static_cast<double>(course.seen));
      }
    }
  }
  printf(
      "%d worlds, 10 planted cycles of 2 to 5 edges each; experiments, medians (never = not within its run)\n"
      "| allocation | until 5 seen | until 9 | until all 10 | made in all | cycles seen at its end |\n"
      "|---|---|---|---|---|---|\n",
      worlds);
  const auto number = [](double value) {
    return value >= 1e9 ? std::string("never") : absl::StrFormat("%.0f", value);
  };
  for (const Row& row : rows) {
    printf("| %s | %s | %s | %s | %s | %s |\n", row.name, number(Median(row.half)).c_str(),
           number(Median(row.nine)).c_str(), number(Median(row.all)).c_str(),
           number(Median(row.made)).c_str(), number(Median(row.seen)).c_str());
  }
}
