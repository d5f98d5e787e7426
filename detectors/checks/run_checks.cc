#include "detectors/checks/run_checks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclTemplate.h"
#include "detectors/checks/build_summaries.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"
#include "detectors/tooling/function_walk.h"

namespace rankle::lint {

namespace {

// The first instantiation of a template that has a body; nullptr: there is none.
const clang::FunctionDecl* Instantiation(const clang::FunctionDecl& pattern) {
  const clang::FunctionTemplateDecl* function_template = pattern.getDescribedFunctionTemplate();
  if (!function_template) return nullptr;
  for (const clang::FunctionDecl* instance : function_template->specializations()) {
    if (instance->isDefined(instance) && instance->getBody() && instance->isTemplateInstantiation())
      return instance;
  }
  return nullptr;
}

// Templates as they are written; where clang makes no control flow of that (range-for over what depends on a
// parameter), as they are instantiated first.
std::unique_ptr<FunctionView> Viewed(const UnitView& unit,
                                     std::shared_ptr<const tooling::FunctionBody> body) {
  auto view = std::make_unique<FunctionView>(unit, std::move(body));
  if (view->calls().empty() || !view->decl().isDependentContext() || view->FlowOf(-1)) return view;
  const clang::FunctionDecl* instance = Instantiation(view->decl());
  if (!instance) return view;
  return std::make_unique<FunctionView>(unit, std::make_shared<const tooling::FunctionBody>(*instance));
}

}  // namespace

std::vector<Finding> RunChecks(UnitView& unit, const std::vector<std::unique_ptr<Check>>& checks) {
  {
    const Timings::Scope timed(unit.timings(), "functions");
    tooling::FunctionWalk([&](clang::SourceLocation location) { return unit.IsUsers(location); },
                          [&](std::shared_ptr<const tooling::FunctionBody> body) {
                            unit.AddFunction(Viewed(unit, std::move(body)));
                          })
        .Declarations(*unit.context().getTranslationUnitDecl());
  }
  {
    const Timings::Scope timed(unit.timings(), "summaries");
    BuildSummaries(unit.functions(), unit.summaries());
  }
  Reporter report(unit);
  for (const std::unique_ptr<FunctionView>& function : unit.functions()) {
    if (function->calls().empty() && function->other_calls().empty()) continue;
    for (const std::unique_ptr<Check>& check : checks) {
      const Timings::Scope timed(unit.timings(), check->info().name);
      report.Begin(check->info(), &function->decl());
      check->Function(*function, report);
    }
  }
  for (const std::unique_ptr<Check>& check : checks) {
    const Timings::Scope timed(unit.timings(), check->info().name);
    report.Begin(check->info(), nullptr);
    check->Unit(unit, report);
  }
  return report.Finish();
}

}  // namespace rankle::lint
