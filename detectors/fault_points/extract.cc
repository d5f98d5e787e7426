#include "detectors/fault_points/extract.h"

#include <algorithm>

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "detectors/fault_points/branches.h"
#include "detectors/fault_points/calls.h"
#include "detectors/fault_points/detectors.h"
#include "detectors/fault_points/error_calls.h"
#include "detectors/fault_points/loops.h"
#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/throws.h"
#include "detectors/fault_points/unit.h"
#include "detectors/tooling/function_walk.h"

namespace rankle::points {

using llvm::dyn_cast;

namespace {

class Collector {
 public:
  explicit Collector(Unit& unit) : unit_(unit) {}

  void Function(const clang::FunctionDecl& function, const FunctionBody& body) {
    Facts& facts = unit_.facts();
    facts.functions.push_back(Described(function, body));
    const BranchIds branches = FindBranches(unit_, body);
    FindThrows(unit_, body, branches);
    FindErrorCalls(unit_, body);
    FindLoops(unit_, body);
    FindDetectors(unit_, body);
    FindUsedResults(unit_, body);
    AddScope(function, body);
  }

 private:
  points::Function Described(const clang::FunctionDecl& function, const FunctionBody& body) {
    points::Function described{
        .usr = StableUsr(function),
        .name = QualifiedName(Outermost(function)),
        .file = unit_.UserFile(function.getLocation()),
        .line = static_cast<int>(unit_.sources().getExpansionLineNumber(function.getLocation())),
        .overrides = {},
        .effects = EffectsBelow(unit_, body, -1)};
    if (const auto* method = dyn_cast<clang::CXXMethodDecl>(&function)) {
      for (const clang::CXXMethodDecl* base : method->overridden_methods())
        described.overrides.push_back(StableUsr(*base));
    }
    return described;
  }

  // The frame that callers are read from.
  void AddScope(const clang::FunctionDecl& function, const FunctionBody& body) {
    const clang::CompoundStmt* block = body.Block(-1);
    if (!block || Untouchable(unit_, function)) return;
    const auto range = unit_.WrittenAt(block->getSourceRange());
    if (!range) return;
    const std::string usr = StableUsr(function);
    unit_.Wrap({range->file, range->begin + 1, range->begin + 1},
               " ::rankle_points::Scope rankle_scope(" + IdLiteral(Hex(Fnv(usr))) + "); ", "",
               FunctionKey(usr));
  }

  Unit& unit_;
};

}  // namespace

void Extractor::Handle(clang::ASTContext& context) {
  Unit unit(context, filter_, facts_);
  Collector collector(unit);
  tooling::FunctionWalk(
      [&](clang::SourceLocation location) { return !unit.UserFile(location).empty(); },
      [&](const std::shared_ptr<const FunctionBody>& body) { collector.Function(body->function(), *body); })
      .Declarations(*context.getTranslationUnitDecl());
  std::sort(facts_.used_results.begin(), facts_.used_results.end());
  facts_.used_results.erase(std::unique(facts_.used_results.begin(), facts_.used_results.end()),
                            facts_.used_results.end());
}

}  // namespace rankle::points
