#include "analyzer/whatif/hidden.h"

#include <algorithm>
#include <map>

#include "analyzer/whatif/analysis.h"

namespace rankle::whatif {
namespace {

// No rank is slower by this factor at one place and still takes part: it does something that others do not
// show.
constexpr double kNotSlowness = 20;
// Share of a step below which it is not worth a word: the figures are not better than that.
constexpr double kWorthAWord = 0.02;

}  // namespace

HiddenComputing FindHiddenComputing(const Model& model) {
  const std::vector<double> own = OwnTimes(model), ideal = IdealTimes(model, own);
  const double steps = static_cast<double>(model.steps.size());
  std::map<int32_t, double> shown;  // by worker, in a step
  for (size_t i = 0; i < own.size(); ++i) {
    const Operation& operation = model.operations[i];
    if (model.types[operation.type].same_work && own[i] > kNotSlowness * ideal[i])
      shown[operation.worker] += own[i] / steps;
  }
  const std::vector<double> ends = model.graph.Replay(ideal);
  const double ideal_step = *std::max_element(ends.begin(), ends.end()) / steps;
  HiddenComputing hidden;
  for (const auto& [worker, seconds] : shown) {
    if (seconds < kWorthAWord * ideal_step) continue;
    hidden.shown_by.push_back(model.workers[worker]);
    hidden.most_s = std::max(hidden.most_s, seconds);
  }
  return hidden;
}

}  // namespace rankle::whatif
