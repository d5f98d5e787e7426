#include "detectors/fault_points/call_graph.h"

#include <deque>

namespace rankle::points {
namespace {

// Adds what `callee` does; true when that was news.
bool Absorb(Effects& caller, const Effects& callee) {
  bool news = false;
  if (caller.io.empty() && !callee.io.empty()) {
    caller.io = callee.io;
    news = true;
  }
  const auto absorb = [&](bool& mine, bool theirs) {
    news |= theirs && !mine;
    mine |= theirs;
  };
  absorb(caller.blocks, callee.blocks);
  absorb(caller.unknown, callee.unknown);
  absorb(caller.fails, callee.fails);
  return news;
}

}  // namespace

CallGraph::CallGraph(const std::vector<Function>& functions) : callers_(functions.size()) {
  for (size_t i = 0; i < functions.size(); ++i) {
    index_[functions[i].usr] = static_cast<int>(i);
    effects_.push_back(functions[i].effects);
  }
  for (size_t i = 0; i < functions.size(); ++i) {
    for (const std::string& base : functions[i].overrides) overriders_[base].push_back(static_cast<int>(i));
  }
  for (size_t i = 0; i < functions.size(); ++i) {
    const int caller = static_cast<int>(i);
    for (const std::string& callee : functions[i].effects.calls) {
      const int known = Index(callee);
      if (known >= 0) callers_[known].push_back(caller);
      // A call of a virtual method may end in any method that overrides it.
      const auto overriding = overriders_.find(callee);
      if (overriding != overriders_.end()) {
        for (const int method : overriding->second) callers_[method].push_back(caller);
      } else if (known < 0) {
        effects_[i].unknown = true;
      }
    }
  }
  Propagate();
}

int CallGraph::Index(const std::string& usr) const {
  const auto it = index_.find(usr);
  return it == index_.end() ? -1 : it->second;
}

void CallGraph::Propagate() {
  std::deque<int> changed;
  for (size_t i = 0; i < effects_.size(); ++i) changed.push_back(static_cast<int>(i));
  while (!changed.empty()) {
    const int callee = changed.front();
    changed.pop_front();
    for (const int caller : callers_[callee]) {
      if (Absorb(effects_[caller], effects_[callee])) changed.push_back(caller);
    }
  }
}

Effects CallGraph::Reached(const std::string& usr) const {
  const int known = Index(usr);
  const auto overriding = overriders_.find(usr);
  Effects reached;
  if (known >= 0) reached = effects_[known];
  if (overriding != overriders_.end()) {
    for (const int method : overriding->second) Absorb(reached, effects_[method]);
  } else if (known < 0) {
    reached.unknown = true;
  }
  return reached;
}

Effects CallGraph::WithCalls(const Effects& effects) const {
  Effects all = effects;
  for (const std::string& callee : effects.calls) Absorb(all, Reached(callee));
  return all;
}

std::vector<bool> CallGraph::Callers(std::vector<bool> marked) const {
  std::deque<int> fresh;
  for (size_t i = 0; i < marked.size(); ++i) {
    if (marked[i]) fresh.push_back(static_cast<int>(i));
  }
  while (!fresh.empty()) {
    const int callee = fresh.front();
    fresh.pop_front();
    for (const int caller : callers_[callee]) {
      if (marked[caller]) continue;
      marked[caller] = true;
      fresh.push_back(caller);
    }
  }
  return marked;
}

}  // namespace rankle::points
