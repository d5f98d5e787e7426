#include "detectors/fault_points/merge.h"

#include <algorithm>
#include <string_view>

#include "detectors/fault_points/call_graph.h"

namespace rankle::points {
namespace {

// With a fault point other than a branch.
std::set<std::string> FunctionsWithPoints(const Facts& facts) {
  std::set<std::string> functions;
  for (const Point& point : facts.points) {
    if (point.dropped.empty() && point.kind != Kind::kBranch) functions.insert(point.function);
  }
  return functions;
}

void SettleLoop(Point& loop, const CallGraph& graph) {
  const Effects all = graph.WithCalls(loop.effects);
  loop.effects.io = all.io;
  loop.io = !all.io.empty();
  if (loop.io || all.blocks || loop.timer || loop.retry) return;
  if (loop.trips >= 0 && loop.trips <= kShortLoop) {
    loop.dropped = "constant: " + std::to_string(loop.trips) + " rounds";
  } else if (!all.unknown && !all.fails) {
    loop.dropped = "pure computation";
  }
}

// CSnake's R6, and one point for one fault: a bool function with a body is a detector itself.
void SettleAnswers(Facts& facts, const CallGraph& graph) {
  std::set<std::string> used(facts.used_results.begin(), facts.used_results.end());
  for (const Function& function : facts.functions) {
    for (const std::string& base : function.overrides) {
      if (used.count(base)) used.insert(function.usr);
    }
  }
  for (Point& point : facts.points) {
    if (!point.dropped.empty() || point.callee.empty()) continue;
    if (point.kind == Kind::kDetector && !used.count(point.callee)) point.dropped = "nobody uses its answer";
    if (point.kind == Kind::kErrorCall && point.family == "bool" && graph.Index(point.callee) >= 0)
      point.dropped = "the function called is a detector itself";
  }
}

// Returns which functions contain or reach a fault point.
std::vector<bool> SettleBranches(Facts& facts, const CallGraph& graph) {
  std::vector<bool> holds(facts.functions.size(), false);
  for (const std::string& usr : FunctionsWithPoints(facts)) {
    if (const int index = graph.Index(usr); index >= 0) holds[index] = true;
  }
  const std::vector<bool> reaches = graph.Callers(std::move(holds));
  for (Point& point : facts.points) {
    if (point.kind != Kind::kBranch || !point.dropped.empty()) continue;
    const int index = graph.Index(point.function);
    if (index < 0 || !reaches[index]) point.dropped = "reaches no fault point";
  }
  return reaches;
}

}  // namespace

void Merger::Add(Facts unit) {
  std::set<std::string> fresh;  // functions that this unit brings
  for (Function& function : unit.functions) {
    const auto [it, is_new] = functions_.try_emplace(function.usr, all_.functions.size());
    if (is_new) {
      fresh.insert(function.usr);
      all_.functions.push_back(std::move(function));
    } else if (fresh.count(function.usr)) {
      // A local class: its methods count as part of the function around it.
      Effects& effects = all_.functions[it->second].effects;
      effects.calls.insert(effects.calls.end(), function.effects.calls.begin(), function.effects.calls.end());
      if (effects.io.empty()) effects.io = function.effects.io;
      effects.blocks |= function.effects.blocks;
      effects.unknown |= function.effects.unknown;
      effects.fails |= function.effects.fails;
    }
  }
  for (Point& point : unit.points) {
    if (points_.insert(point.id).second) all_.points.push_back(std::move(point));
  }
  for (Edit& edit : unit.edits) {
    if (edits_.emplace(edit.file, edit.begin, edit.end, edit.before, edit.after).second)
      all_.edits.push_back(std::move(edit));
  }
  all_.used_results.insert(all_.used_results.end(), unit.used_results.begin(), unit.used_results.end());
  for (const auto& [file, lines] : unit.lines) all_.lines[file] = lines;
  all_.errors += unit.errors;
}

Facts Merger::Finish() {
  for (const Point& point : all_.points) {
    const auto function = functions_.find(point.function);
    const bool is_error = point.kind == Kind::kErrorCall && point.dropped.empty();
    if (is_error && function != functions_.end()) all_.functions[function->second].effects.fails = true;
  }
  const CallGraph graph(all_.functions);
  for (Point& point : all_.points) {
    if (point.kind == Kind::kLoop) SettleLoop(point, graph);
  }
  SettleAnswers(all_, graph);
  const std::vector<bool> reaches = SettleBranches(all_, graph);
  const auto place = [](const Point& point) {
    return std::tie(point.file, point.line, point.column, point.kind, point.id);
  };
  std::sort(all_.points.begin(), all_.points.end(),
            [&](const Point& a, const Point& b) { return place(a) < place(b); });

  std::set<std::string> wanted;
  for (const Point& point : all_.points) {
    if (point.dropped.empty() && point.not_instrumented.empty()) wanted.insert(point.id);
  }
  // Callers too: they are the frames that a call site is told by.
  for (size_t i = 0; i < all_.functions.size(); ++i) {
    if (reaches[i]) wanted.insert(FunctionKey(all_.functions[i].usr));
  }
  std::erase_if(all_.edits, [&](const Edit& edit) { return !wanted.count(edit.point); });
  return std::move(all_);
}

}  // namespace rankle::points
