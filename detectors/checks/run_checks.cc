#include "detectors/checks/run_checks.h"

#include "clang/AST/ASTContext.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"
#include "detectors/tooling/function_walk.h"

namespace rankle::lint {

std::vector<Finding> RunChecks(const UnitView& unit, const std::vector<std::unique_ptr<Check>>& checks) {
  Reporter report(unit);
  tooling::FunctionWalk([&](clang::SourceLocation location) { return unit.IsUsers(location); },
                        [&](const clang::FunctionDecl& decl, const tooling::FunctionBody& body) {
                          const FunctionView function(unit, body);
                          if (function.calls().empty() && function.other_calls().empty()) return;
                          for (const std::unique_ptr<Check>& check : checks) {
                            report.Begin(check->info(), &decl);
                            check->Function(function, report);
                          }
                        })
      .Declarations(*unit.context().getTranslationUnitDecl());
  for (const std::unique_ptr<Check>& check : checks) {
    report.Begin(check->info(), nullptr);
    check->Unit(unit, report);
  }
  return report.Finish();
}

}  // namespace rankle::lint
