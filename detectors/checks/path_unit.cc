#include "detectors/checks/path_unit.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/path_values.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

std::vector<bool> LeadsOn(const Flow& flow) {
  std::vector<bool> leads_on(flow.blocks().size());
  leads_on[flow.exit()] = true;
  std::vector<int> work{flow.exit()};
  while (!work.empty()) {
    const int to = work.back();
    work.pop_back();
    for (const int from : flow.previous()[to]) {
      if (leads_on[from]) continue;
      for (const FlowEdge& edge : flow.blocks()[from].next) {
        if (edge.to == to && !edge.thrown_by) leads_on[from] = true;
      }
      if (leads_on[from]) work.push_back(from);
    }
  }
  return leads_on;
}

}  // namespace

const clang::FunctionDecl* DefinitionOf(const clang::FunctionDecl* function) {
  const clang::FunctionDecl* definition = nullptr;
  if (!function || IsOfLibrary(*function)) return nullptr;
  if (const clang::FunctionDecl* written = function->getTemplateInstantiationPattern()) function = written;
  return function->hasBody(definition) ? definition : nullptr;
}

PathUnit::PathUnit(const UnitView& unit) : unit_(unit) {}
PathUnit::~PathUnit() = default;

PathUnit::Code& PathUnit::CodeOf(const clang::FunctionDecl& function) {
  Code& code = code_[&function];
  if (!code.view) code.view = unit_.ViewOf(function);
  if (!code.view) {
    code.own = std::make_unique<FunctionView>(unit_, std::make_shared<const tooling::FunctionBody>(function));
    code.view = code.own.get();
  }
  return code;
}

const PathUnit::Graph* PathUnit::GraphOf(const clang::FunctionDecl& function,
                                         const clang::LambdaExpr* lambda) {
  Code& code = CodeOf(function);
  const auto [it, fresh] = code.graphs.try_emplace(lambda);
  if (fresh) {
    const int node = lambda ? code.view->body().Find(lambda) : -1;
    if (lambda && node < 0) return nullptr;
    if (const Flow* flow = code.view->FlowOf(node)) it->second.emplace(*flow, LeadsOn(*flow));
  }
  return it->second ? &*it->second : nullptr;
}

uint8_t PathUnit::ReachOf(const clang::FunctionDecl& function, int depth) {
  const auto [it, fresh] = reach_.try_emplace(&function, kNothing);
  if (!fresh || depth > kDeepestCall) return it->second;
  uint8_t reach = kNothing;
  const tooling::FunctionBody& body = CodeOf(function).view->body();
  for (int i = 0; i < body.size(); ++i) {
    const clang::FunctionDecl* callee = nullptr;
    if (const auto* call = dyn_cast<clang::CallExpr>(&body.stmt(i))) {
      callee = call->getDirectCallee();
      if (isa<clang::CUDAKernelCallExpr>(call)) reach |= kAnyApi;
    } else if (const auto* construction = dyn_cast<clang::CXXConstructExpr>(&body.stmt(i))) {
      callee = construction->getConstructor();
      if (const clang::CXXDestructorDecl* destructor =
              construction->getConstructor()->getParent()->getDestructor())
        if (const auto* end = DefinitionOf(destructor)) reach |= ReachOf(*end, depth + 1);
    }
    if (!callee) continue;
    if (const Api* api = unit_.ApiOf(*callee)) {
      if (api->kind != Kind::kErrorText && api->kind != Kind::kErrorQuery)
        reach |= api->library == Library::kNccl ? kAnyApi | kNccl : kAnyApi;
    } else if (const clang::FunctionDecl* inner = DefinitionOf(callee)) {
      reach |= ReachOf(*inner, depth + 1);
    }
  }
  return reach_[&function] = reach;
}

bool PathUnit::Matters(const clang::FunctionDecl& function) { return ReachOf(function, 0) != kNothing; }
bool PathUnit::Communicates(const clang::FunctionDecl& function) {
  return (ReachOf(function, 0) & kNccl) != 0;
}

}  // namespace rankle::lint
