#include "detectors/checks/run_checks.h"

#include "clang/AST/ASTContext.h"
#include "detectors/checks/build_summaries.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"
#include "detectors/tooling/function_walk.h"

namespace rankle::lint {

std::vector<Finding> RunChecks(UnitView& unit, const std::vector<std::unique_ptr<Check>>& checks) {
  std::vector<std::unique_ptr<FunctionView>> functions;
  tooling::FunctionWalk([&](clang::SourceLocation location) { return unit.IsUsers(location); },
                        [&](std::shared_ptr<const tooling::FunctionBody> body) {
                          functions.push_back(std::make_unique<FunctionView>(unit, std::move(body)));
                        })
      .Declarations(*unit.context().getTranslationUnitDecl());
  BuildSummaries(functions, unit.summaries());
  Reporter report(unit);
  for (const std::unique_ptr<FunctionView>& function : functions) {
    if (function->calls().empty() && function->other_calls().empty()) continue;
    for (const std::unique_ptr<Check>& check : checks) {
      report.Begin(check->info(), &function->decl());
      check->Function(*function, report);
    }
  }
  for (const std::unique_ptr<Check>& check : checks) {
    report.Begin(check->info(), nullptr);
    check->Unit(unit, report);
  }
  return report.Finish();
}

}  // namespace rankle::lint
