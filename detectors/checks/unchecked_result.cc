#include "detectors/checks/unchecked_result.h"

#include <map>
#include <set>

#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

// Asking for the last error is how it is cleared.
bool MayBeDropped(const Call& call) {
  return call.api && (call.api->kind == Kind::kErrorQuery || call.api->kind == Kind::kErrorText);
}

// The local variable that takes the result of the call at `node`; nullptr: none.
const clang::VarDecl* TakenBy(const tooling::FunctionBody& body, int node) {
  const int parent = body.Parent(node);
  if (parent < 0) return nullptr;
  const clang::Stmt* self = &body.stmt(node);
  const clang::VarDecl* taken = nullptr;
  if (const auto* declaration = dyn_cast<clang::DeclStmt>(&body.stmt(parent))) {
    for (const clang::Decl* decl : declaration->decls()) {
      const auto* variable = dyn_cast<clang::VarDecl>(decl);
      if (variable && variable->getInit() && Strip(variable->getInit()) == self) taken = variable;
    }
  } else if (const auto* assignment = dyn_cast<clang::BinaryOperator>(&body.stmt(parent));
             assignment && assignment->getOpcode() == clang::BO_Assign &&
             Strip(assignment->getRHS()) == self && !tooling::ResultUsed(body, parent)) {
    taken = VariableOf(assignment->getLHS());
  }
  return taken && taken->isLocalVarDecl() && !taken->hasAttr<clang::UnusedAttr>() ? taken : nullptr;
}

// `cudaDeviceSynchronize(); if (cudaGetLastError() != cudaSuccess) ...`: the next statement asks what it was.
bool AskedRightAfter(const FunctionView& function, const Call& call) {
  if (!call.api || call.api->library != Library::kCuda) return false;
  const tooling::FunctionBody& body = function.body();
  int statement = call.node;
  while (statement >= 0 && body.nodes()[statement].parent >= 0 &&
         !llvm::isa<clang::CompoundStmt>(body.stmt(body.nodes()[statement].parent)))
    statement = body.nodes()[statement].parent;
  const int next = body.end(statement);
  const int block = body.nodes()[statement].parent;
  if (block < 0 || next >= body.end(block)) return false;
  for (const Call& other : function.calls()) {
    if (other.api->kind == Kind::kErrorQuery && (other.node == next || body.Inside(other.node, next)) &&
        tooling::ResultUsed(body, other.node))
      return true;
  }
  return false;
}

using Variables = std::set<const clang::VarDecl*>;

// Is this reference the left side of `x = ...`, and nothing else?
bool OnlyWritten(const tooling::FunctionBody& body, int node) {
  const int parent = body.Parent(node);
  const auto* assignment = parent < 0 ? nullptr : dyn_cast<clang::BinaryOperator>(&body.stmt(parent));
  return assignment && assignment->getOpcode() == clang::BO_Assign &&
         Strip(assignment->getLHS()) == &body.stmt(node);
}

// Variables that are looked at in other ways than their flow shows: through their address, a reference, in
// another lambda.
Variables Escaping(const tooling::FunctionBody& body) {
  Variables escaping;
  for (int i = 0; i < body.size(); ++i) {
    const auto* reference = dyn_cast<clang::DeclRefExpr>(&body.stmt(i));
    const auto* variable = reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
    if (!variable || OnlyWritten(body, i)) continue;
    const int parent = body.Parent(i);
    const auto* unary = parent < 0 ? nullptr : dyn_cast<clang::UnaryOperator>(&body.stmt(parent));
    if (MayWrite(body, i) || body.Lambda(i) >= 0 || (unary && unary->getOpcode() == clang::UO_AddrOf))
      escaping.insert(variable);
  }
  return escaping;
}

// Calls whose result is kept in a variable, and is gone before anybody reads it. By liveness, backward.
std::map<int, const clang::VarDecl*> NeverRead(const FunctionView& function) {
  std::map<int, const clang::VarDecl*> taken;  // node of the call -> variable
  std::map<int, int> calls_at;                 // node of the assignment that takes it, or of the call itself
  for (const auto* calls : {&function.calls(), &function.other_calls()}) {
    for (const Call& call : *calls) {
      if (const clang::VarDecl* variable = TakenBy(function.body(), call.node)) taken[call.node] = variable;
    }
  }
  if (taken.empty()) return {};
  const Variables escaping = Escaping(function.body());
  std::erase_if(taken, [&](const auto& entry) { return escaping.count(entry.second) > 0; });
  for (const auto& [node, variable] : taken) {
    const int parent = function.body().Parent(node);
    calls_at[llvm::isa<clang::BinaryOperator>(function.body().stmt(parent)) ? parent : node] = node;
  }
  std::map<int, const clang::VarDecl*> found;
  std::set<int> lambdas;
  for (const auto& [node, variable] : taken) lambdas.insert(function.body().Lambda(node));
  for (const int lambda : lambdas) {
    const Flow* flow = function.FlowOf(lambda);
    if (!flow) continue;
    const auto step = [&](const FlowStep& each, Variables& live) {
      if (each.node < 0) return;
      if (const auto* reference = dyn_cast<clang::DeclRefExpr>(each.stmt)) {
        const auto* variable = dyn_cast<clang::VarDecl>(reference->getDecl());
        if (variable && !OnlyWritten(function.body(), each.node)) live.insert(variable);
      } else if (const auto* assignment = dyn_cast<clang::BinaryOperator>(each.stmt);
                 assignment && assignment->getOpcode() == clang::BO_Assign) {
        live.erase(VariableOf(assignment->getLHS()));
      }
    };
    const auto at_end = SolveBackward(*flow, Variables{}, step, [](Variables& into, const Variables& from) {
      const size_t before = into.size();
      into.insert(from.begin(), from.end());
      return into.size() != before;
    });
    for (size_t block = 0; block < flow->blocks().size(); ++block) {
      Variables live = at_end[block];
      const std::vector<FlowStep>& steps = flow->blocks()[block].steps;
      for (size_t i = steps.size(); i-- > 0;) {
        const auto at = calls_at.find(steps[i].node);
        if (at != calls_at.end() && !live.count(taken[at->second]))
          found.emplace(at->second, taken[at->second]);
        step(steps[i], live);
      }
    }
  }
  return found;
}

class UncheckedResult : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-unchecked-result", "the result of a call is never looked at",
                                     "precondition_missing", "crash/nccl", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    const std::map<int, const clang::VarDecl*> never_read = NeverRead(function);
    const bool destructor = llvm::isa<clang::CXXDestructorDecl>(function.decl());
    for (const auto* calls : {&function.calls(), &function.other_calls()}) {
      for (const Call& call : *calls) Look(function, call, never_read, destructor, report);
    }
    for (const Call& call : function.calls()) LookAtMpi(function, call);
  }

  // By default an error of MPI ends the program: its results matter only where the program asked for them.
  void Unit(const UnitView&, Reporter& report) override {
    if (mpi_returns_errors_) {
      for (const auto& [call, function] : mpi_dropped_) {
        report.Begin(info(), function);
        report.Add(call, "the result of " + std::string(call.api->name) +
                             " is dropped, and MPI was told to return errors");
      }
    }
    mpi_dropped_.clear();
    mpi_returns_errors_ = false;
  }

 private:
  static void Look(const FunctionView& function, const Call& call,
                   const std::map<int, const clang::VarDecl*>& never_read, bool destructor,
                   Reporter& report) {
    const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
    if (!callee || !IsResult(callee->getReturnType()) || MayBeDropped(call)) return;
    const std::string name = tooling::QualifiedName(*callee);
    if (!tooling::ResultUsed(function.body(), call.node)) {
      const int parent = function.body().Parent(call.node);
      if (parent >= 0 && llvm::isa<clang::ExplicitCastExpr>(function.body().stmt(parent))) return;  // (void)
      // Nothing can be done about an error there, but nobody learns of it either.
      if (destructor || AskedRightAfter(function, call)) return;
      report.Add(call, "the result of " + name + " is dropped");
    } else if (const auto kept = never_read.find(call.node); kept != never_read.end()) {
      report.Add(call, "the result of " + name + " is kept in '" + kept->second->getNameAsString() +
                           "', which nobody reads before it is overwritten or gone");
    }
  }

  void LookAtMpi(const FunctionView& function, const Call& call) {
    if (call.api->library != Library::kMpi) return;
    if (call.api->kind == Kind::kErrorHandler && call.arguments.size() == 2 &&
        function.unit().Words(call.arguments[1]->getSourceRange()) == "MPI_ERRORS_RETURN")
      mpi_returns_errors_ = true;
    if (tooling::ResultUsed(function.body(), call.node)) return;
    const int parent = function.body().Parent(call.node);
    if (parent < 0 || !llvm::isa<clang::ExplicitCastExpr>(function.body().stmt(parent)))
      mpi_dropped_.emplace_back(call, &function.decl());
  }

  // Of the unit at hand.
  bool mpi_returns_errors_ = false;
  std::vector<std::pair<Call, const clang::FunctionDecl*>> mpi_dropped_;
};

}  // namespace

std::unique_ptr<Check> MakeUncheckedResult() { return std::make_unique<UncheckedResult>(); }

}  // namespace rankle::lint
