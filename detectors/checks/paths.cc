#include "detectors/checks/paths.h"

#include <deque>

#include "clang/AST/ExprCXX.h"
#include "detectors/checks/path_machine.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {
namespace {

// Of all paths of one function: about 50 ms. Functions of a hundred statements with ten choices stay below
// it.
constexpr int kMostSteps = 20000;
constexpr size_t kMostPaths = 200;

}  // namespace

Paths::Paths(const UnitView& unit) : machine_(std::make_unique<PathUnit>(unit)) {}
Paths::~Paths() = default;

const std::vector<Path>& Paths::Of(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda) {
  const auto [it, fresh] = known_.try_emplace(lambda ? static_cast<const void*>(lambda) : &function);
  if (!fresh) return it->second;
  const Timings::Scope timed(machine_->unit().timings(), "paths");
  // Choices that paths begin with. Those with the fewest turns from the first path come first.
  std::deque<std::vector<int>> wanted{{}};
  int steps = 0;
  while (!wanted.empty() && steps < kMostSteps && it->second.size() < kMostPaths) {
    const std::vector<int> begin = std::move(wanted.front());
    wanted.pop_front();
    PathRun run(*machine_, begin);
    it->second.push_back(run.Run(function, lambda));
    steps += run.steps();
    std::vector<int> next;
    for (size_t i = 0; i < run.choices().size(); ++i) {
      const PathChoice& choice = run.choices()[i];
      for (int way = 0; i >= begin.size() && way < choice.ways; ++way) {
        if (way == choice.chosen) continue;
        next.push_back(way);
        wanted.push_back(next);
        next.pop_back();
      }
      next.push_back(choice.chosen);
    }
  }
  return it->second;
}

bool Paths::Communicates(const clang::FunctionDecl& function) { return machine_->Communicates(function); }

}  // namespace rankle::lint
