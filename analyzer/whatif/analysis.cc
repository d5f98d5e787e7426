#include "analyzer/whatif/analysis.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "absl/strings/str_cat.h"

namespace rankle::whatif {
namespace {

// The study's share of the workers that may be to blame, in per cent: few enough that replacing them is an
// option.
constexpr size_t kWorstPercent = 3;

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Median(std::vector<double> values) {
  const size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + half, values.end());
  if (values.size() % 2 == 1) return values[half];
  return (values[half] + *std::max_element(values.begin(), values.begin() + half)) / 2;
}

// What the slower half of the workers would take if it were as fast as the faster half: of two workers the
// faster one is the standard. Each worker counts once, by its median, so that outliers of the fast ones do
// not decide where half of the workers are slow.
double MedianWorker(const std::vector<std::pair<int32_t, double>>& times) {
  std::map<int32_t, std::vector<double>> by_worker;
  for (const auto& [worker, time] : times) by_worker[worker].push_back(time);
  std::vector<double> medians;
  for (auto& [worker, values] : by_worker) medians.push_back(Median(std::move(values)));
  const auto middle = medians.begin() + static_cast<std::ptrdiff_t>((medians.size() - 1) / 2);
  std::nth_element(medians.begin(), middle, medians.end());
  return *middle;
}

using Selector = std::function<bool(const Operation&)>;

class Replays {
 public:
  explicit Replays(const Model& model)
      : model_(model), real_(OwnTimes(model)), ideal_(IdealTimes(model, real_)) {
    real_s_ = Mean(StepTimes(real_));
    ideal_s_ = Mean(StepTimes(ideal_));
  }

  std::vector<double> StepTimes(const std::vector<double>& own_times) const {
    const std::vector<double> ends = model_.graph.Replay(own_times);
    std::vector<double> step(model_.steps.size(), 0);
    for (size_t i = 0; i < ends.size(); ++i) {
      double& time = step[model_.operations[i].step];
      time = std::max(time, ends[i]);
    }
    // What a step adds to the time of the job. The sum over the steps is the end of the last one.
    if (model_.steps_follow) std::adjacent_difference(step.begin(), step.end(), step.begin());
    return step;
  }

  Part Judge(std::string name, const Selector& selected) const {
    std::vector<double> only_real = ideal_, only_ideal = real_;
    for (size_t i = 0; i < real_.size(); ++i) {
      if (!selected(model_.operations[i])) continue;
      only_real[i] = real_[i];
      only_ideal[i] = ideal_[i];
    }
    Part part{.name = std::move(name)};
    if (ideal_s_ > 0) part.slowdown = Mean(StepTimes(only_real)) / ideal_s_;
    const double lost = real_s_ - ideal_s_;
    part.fixed_s = Mean(StepTimes(only_ideal));
    if (lost > 0) part.recovered = (real_s_ - part.fixed_s) / lost;
    return part;
  }

  const std::vector<double>& real() const { return real_; }
  const std::vector<double>& ideal() const { return ideal_; }

 private:
  const Model& model_;
  std::vector<double> real_, ideal_;
  double real_s_ = 0, ideal_s_ = 0;
};

double TracedStep(const Model& model) {
  std::vector<double> first(model.steps.size(), std::numeric_limits<double>::infinity());
  std::vector<double> last(model.steps.size(), -std::numeric_limits<double>::infinity());
  for (const Operation& operation : model.operations) {
    first[operation.step] = std::min(first[operation.step], operation.start);
    last[operation.step] = std::max(last[operation.step], operation.end);
  }
  if (model.steps_follow) {
    return (*std::ranges::max_element(last) - *std::ranges::min_element(first)) /
           static_cast<double>(model.steps.size());
  }
  double sum = 0;
  for (size_t step = 0; step < first.size(); ++step) sum += last[step] - first[step];
  return sum / static_cast<double>(first.size());
}

void SlowestFirst(std::vector<Part>& parts) {
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.slowdown > b.slowdown; });
}

// One part for each value of `key`, which is a member of Worker.
std::map<int32_t, Part> JudgeWorkersBy(const Replays& replays, const Model& model, int32_t Worker::*key,
                                       const char* label) {
  std::map<int32_t, Part> parts;
  for (const Worker& worker : model.workers) {
    const int32_t value = worker.*key;
    if (parts.contains(value)) continue;
    parts[value] = replays.Judge(absl::StrCat(label, value), [&, value](const Operation& operation) {
      return model.workers[operation.worker].*key == value;
    });
  }
  return parts;
}

std::vector<Part> Values(const std::map<int32_t, Part>& parts) {
  std::vector<Part> values;
  for (const auto& [key, part] : parts) values.push_back(part);
  SlowestFirst(values);
  return values;
}

void JudgeStages(const Replays& replays, const Model& model, Result& result) {
  const std::map<int32_t, Part> stages = JudgeWorkersBy(replays, model, &Worker::stage, "stage ");
  const std::map<int32_t, Part> dp_ranks = JudgeWorkersBy(replays, model, &Worker::dp, "dp rank ");
  result.stages = Values(stages);
  result.dp_ranks = Values(dp_ranks);
  result.last_stage = stages.rbegin()->second;
  if (model.replay_each_worker) return;
  for (const Worker& worker : model.workers) {
    result.scores.push_back(
        {worker, std::min(dp_ranks.at(worker.dp).slowdown, stages.at(worker.stage).slowdown)});
  }
}

void JudgeEachWorker(const Replays& replays, const Model& model, Result& result) {
  for (size_t w = 0; w < model.workers.size(); ++w) {
    const Part part = replays.Judge(
        "", [w](const Operation& operation) { return operation.worker == static_cast<int32_t>(w); });
    result.scores.push_back({model.workers[w], part.slowdown});
  }
}

void JudgeWorstWorkers(const Replays& replays, const Model& model, Result& result) {
  std::stable_sort(result.scores.begin(), result.scores.end(),
                   [](const WorkerScore& a, const WorkerScore& b) {
                     return a.score != b.score ? a.score > b.score : a.worker.rank < b.worker.rank;
                   });
  const size_t worst = (result.scores.size() * kWorstPercent + 99) / 100;
  std::set<int32_t> ranks;
  for (size_t i = 0; i < worst; ++i) {
    result.worst.push_back(result.scores[i].worker);
    ranks.insert(result.scores[i].worker.rank);
  }
  result.worst_workers = replays.Judge(
      absl::StrCat("worst ", kWorstPercent, " % of the workers"),
      [&](const Operation& operation) { return ranks.contains(model.workers[operation.worker].rank); });
}

}  // namespace

std::vector<double> OwnTimes(const Model& model) {
  std::vector<double> own(model.operations.size());
  model.graph.ForEachUnit([&](const uint32_t* first, const uint32_t* last) {
    double latest = -std::numeric_limits<double>::infinity();
    for (const uint32_t* i = first; i != last; ++i) latest = std::max(latest, model.operations[*i].start);
    // Clocks that disagree may show an end before the last start; nothing takes less than no time.
    for (const uint32_t* i = first; i != last; ++i)
      own[*i] = std::max(0.0, model.operations[*i].end - latest);
  });
  return own;
}

std::vector<double> IdealTimes(const Model& model, const std::vector<double>& own_times) {
  std::vector<std::vector<std::pair<int32_t, double>>> by_type(model.types.size());  // with the worker
  for (size_t i = 0; i < own_times.size(); ++i)
    by_type[model.operations[i].type].emplace_back(model.operations[i].worker, own_times[i]);
  std::vector<double> ideal(model.types.size(), 0);
  for (size_t type = 0; type < ideal.size(); ++type) {
    if (by_type[type].empty()) continue;
    const Type& t = model.types[type];
    std::vector<double> times;
    for (const auto& [worker, time] : by_type[type]) times.push_back(time);
    ideal[type] = t.same_work       ? MedianWorker(by_type[type])
                  : t.communication ? Median(std::move(times))
                                    : Mean(times);
  }
  std::vector<double> times(own_times.size());
  for (size_t i = 0; i < times.size(); ++i) times[i] = ideal[model.operations[i].type];
  return times;
}

Result Analyze(const Model& model) {
  const Replays replays(model);
  Result result;
  result.steps = model.steps;
  result.workers = model.workers.size();
  result.operations = model.operations.size();
  result.notes = model.notes;
  result.traced_s = TracedStep(model);
  const std::vector<double> real = replays.StepTimes(replays.real());
  const std::vector<double> ideal = replays.StepTimes(replays.ideal());
  result.real_s = Mean(real);
  result.ideal_s = Mean(ideal);
  if (result.ideal_s > 0) result.slowdown = result.real_s / result.ideal_s;
  for (size_t i = 0; i < real.size(); ++i) {
    result.step_slowdowns.push_back(ideal[i] > 0 ? real[i] / ideal[i] : 1);
  }

  std::set<std::string> groups;
  for (const Operation& operation : model.operations) groups.insert(model.types[operation.type].group);
  for (const std::string& group : groups) {
    result.types.push_back(replays.Judge(
        group, [&](const Operation& operation) { return model.types[operation.type].group == group; }));
  }
  SlowestFirst(result.types);

  result.stages_known = model.stages_known;
  if (model.stages_known) JudgeStages(replays, model, result);
  if (model.replay_each_worker) JudgeEachWorker(replays, model, result);
  JudgeWorstWorkers(replays, model, result);
  return result;
}

}  // namespace rankle::whatif
