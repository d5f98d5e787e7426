#include "detectors/checks/build_summaries.h"

#include <algorithm>
#include <set>

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/effects.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/group_paths.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

constexpr size_t kMostCollectives = 32;  // of one function; recursion would make it endless
constexpr size_t kMostEffects = 16;      // likewise
constexpr int kMostRounds = 8;           // wrappers of wrappers; deeper ones keep what is known by then

// A function or one of its lambdas.
struct Body {
  const FunctionView* view = nullptr;
  int lambda = -1;
  const clang::FunctionDecl* decl = nullptr;
  std::vector<const Call*> calls = {};  // in it, not in lambdas inside it
  bool interesting = false;             // by itself, whatever it calls
  bool ends_process = false;            // something in it does not return
  bool closed = false;                  // nothing that it does depends on another function of the unit
};

const clang::FunctionDecl* Callee(const Call& call) {
  return call.api ? nullptr : dyn_cast<clang::FunctionDecl>(call.callee);
}

// Does a handler around the node, in this function, catch what it throws? A handler that throws on does not.
bool Caught(const tooling::FunctionBody& body, int node, int lambda) {
  int child = node;
  for (int at = body.nodes()[node].parent; at > lambda && at >= 0; child = at, at = body.nodes()[at].parent) {
    const auto* attempt = dyn_cast<clang::CXXTryStmt>(&body.stmt(at));
    if (attempt && attempt->getTryBlock() == &body.stmt(child)) return true;
  }
  return false;
}

bool NoReturn(const Call& call) {
  const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
  return callee && callee->isNoReturn();
}

bool CannotThrow(const clang::FunctionDecl& function) {
  const auto* type = function.getType()->getAs<clang::FunctionProtoType>();
  return type && !clang::isUnresolvedExceptionSpec(type->getExceptionSpecType()) && type->isNothrow();
}

std::vector<Body> BodiesOf(const FunctionView& view) {
  std::vector<Body> bodies;
  const tooling::FunctionBody& body = view.body();
  for (int i = body.size(); i-- > 0;) {  // inner lambdas first
    const auto* lambda = dyn_cast<clang::LambdaExpr>(&body.stmt(i));
    if (lambda) bodies.push_back({.view = &view, .lambda = i, .decl = lambda->getCallOperator()});
  }
  bodies.push_back({.view = &view, .lambda = -1, .decl = &view.decl()});
  const auto of = [&](int lambda) -> Body& {
    return *std::find_if(bodies.begin(), bodies.end(),
                         [&](const Body& candidate) { return candidate.lambda == lambda; });
  };
  for (const auto* calls : {&view.calls(), &view.other_calls()}) {
    for (const Call& call : *calls) {
      Body& owner = of(call.lambda);
      owner.calls.push_back(&call);
      owner.interesting |= call.api != nullptr;
      owner.ends_process |= NoReturn(call);
    }
  }
  for (int i = 0; i < body.size(); ++i) {
    if (!isa<clang::CXXThrowExpr>(body.stmt(i))) continue;
    Body& owner = of(body.Lambda(i));
    owner.interesting = owner.ends_process = true;
  }
  return bodies;
}

class Builder {
 public:
  explicit Builder(Summaries& summaries) : summaries_(summaries) {}

  FunctionSummary Summarise(const Body& body) const {
    FunctionSummary summary;
    // Of a closed one they are final, and the checks ask for them again.
    const GroupPaths* groups = body.closed ? body.view->Groups(body.lambda) : nullptr;
    const auto present = body.closed ? std::nullopt : FollowGroups(*body.view, body.lambda, summaries_);
    if (present) groups = &*present;
    if (groups) {
      summary = groups->summary;
      summary.throws = false;  // below, also where no group is concerned
    }
    for (const Call* call : body.calls) AddCall(body, *call, summary);
    summary.throws |= ThrowsItself(body);
    if (CannotThrow(*body.decl)) summary.throws = false;
    summary.never_returns = EndsProcess(body);
    return summary;
  }

  bool IsInteresting(const Body& body) const {
    if (body.interesting || body.ends_process) return true;
    for (const Call* call : body.calls) {
      const clang::FunctionDecl* callee = Callee(*call);
      if (callee && !summaries_.Of(*callee).empty()) return true;
    }
    return false;
  }

 private:
  void AddCall(const Body& body, const Call& call, FunctionSummary& summary) const {
    if (call.api) {
      if (call.api->blocks && summary.waits.empty() && Unconditional(body, call))
        summary.waits = call.api->name;
      summary.has_group |= call.api->kind == Kind::kGroupStart;
      summary.sets_device |= call.api->kind == Kind::kSetDevice;
      AddCollective(body, call, summary);
      AddEffects(body, call, nullptr, summary);
      return;
    }
    const clang::FunctionDecl* callee = Callee(call);
    if (!callee) return;
    const FunctionSummary& known = summaries_.Of(*callee);
    if (summary.waits.empty() && Unconditional(body, call)) summary.waits = known.waits;
    summary.has_group |= known.has_group;
    summary.sets_device |= known.sets_device;
    for (const std::string& entry : known.collectives) {
      if (summary.collectives.size() < kMostCollectives)
        summary.collectives.push_back(ForCaller(body, call, entry));
    }
    AddEffects(body, call, &known, summary);
    summary.throws |= known.throws && !Caught(body.view->body(), call.node, body.lambda);
  }

  static void AddEffects(const Body& body, const Call& call, const FunctionSummary* callee,
                         FunctionSummary& summary) {
    if (!Unconditional(body, call)) return;
    for (Effect& effect : EffectsOf(call, callee, *body.decl)) {
      if (summary.effects.size() < kMostEffects) summary.effects.push_back(std::move(effect));
    }
  }

  // Not in a branch that callers may not take.
  static bool Unconditional(const Body& body, const Call& call) {
    const tooling::FunctionBody& nodes = body.view->body();
    int child = call.node;
    for (int at = nodes.nodes()[child].parent; at > body.lambda && at >= 0;
         child = at, at = nodes.nodes()[at].parent) {
      const clang::Stmt& stmt = nodes.stmt(at);
      const auto* branch = dyn_cast<clang::IfStmt>(&stmt);
      if (branch && branch->getCond() != &nodes.stmt(child) && branch->getInit() != &nodes.stmt(child))
        return false;
      if (isa<clang::SwitchStmt, clang::ConditionalOperator, clang::CXXCatchStmt>(stmt)) return false;
      const auto* both = dyn_cast<clang::BinaryOperator>(&stmt);
      if (both && both->isLogicalOp() && both->getRHS() == &nodes.stmt(child)) return false;
    }
    return true;
  }

  static std::string OnComm(const Body& body, const std::string& name, const clang::Expr* comm) {
    const clang::VarDecl* variable = VariableOf(comm);
    const auto* parameter = llvm::dyn_cast_or_null<clang::ParmVarDecl>(variable);
    if (parameter && parameter->getDeclContext() == body.decl)
      return name + "@" + std::to_string(parameter->getFunctionScopeIndex());
    return name + " " + (comm ? Canonical(comm) : "");
  }
  static void AddCollective(const Body& body, const Call& call, FunctionSummary& summary) {
    if (!IsCollective(*call.api) || summary.collectives.size() >= kMostCollectives) return;
    summary.collectives.push_back(OnComm(body, std::string(call.api->name), call.At(call.api->at.comm)));
  }
  // An entry of a called function, in terms of this one's parameters.
  static std::string ForCaller(const Body& body, const Call& call, const std::string& entry) {
    const size_t at = entry.find('@');
    if (at == std::string::npos) return entry;
    return OnComm(body, entry.substr(0, at), call.At(static_cast<int8_t>(atoi(entry.c_str() + at + 1))));
  }

  static bool ThrowsItself(const Body& body) {
    const tooling::FunctionBody& nodes = body.view->body();
    for (int i = 0; i < nodes.size(); ++i) {
      if (isa<clang::CXXThrowExpr>(nodes.stmt(i)) && nodes.Lambda(i) == body.lambda &&
          !Caught(nodes, i, body.lambda))
        return true;
    }
    return false;
  }

  // No way leads to the end of the function, or to a caller by an exception.
  bool EndsProcess(const Body& body) const {
    if (body.decl->isNoReturn()) return true;
    bool may = body.ends_process;
    for (const Call* call : body.calls) {
      const clang::FunctionDecl* callee = Callee(*call);
      may |= callee && summaries_.Of(*callee).never_returns;
    }
    const Flow* flow = may ? body.view->FlowOf(body.lambda) : nullptr;
    if (!flow) return false;
    std::vector<bool> seen(flow->blocks().size());
    std::vector<int> work{flow->entry()};
    seen[flow->entry()] = true;
    while (!work.empty()) {
      const int block = work.back();
      work.pop_back();
      if (block == flow->exit()) return false;
      const bool ends = std::any_of(
          flow->blocks()[block].steps.begin(), flow->blocks()[block].steps.end(), [&](const FlowStep& step) {
            const Call* call = step.node < 0 ? nullptr : body.view->CallAt(step.node);
            const clang::FunctionDecl* callee = call ? Callee(*call) : nullptr;
            return callee && summaries_.Of(*callee).never_returns;
          });
      for (const FlowEdge& edge : flow->blocks()[block].next) {
        if (ends || edge.thrown_by || seen[edge.to]) continue;
        seen[edge.to] = true;
        work.push_back(edge.to);
      }
    }
    return true;
  }

  Summaries& summaries_;
};

bool IsClosed(const Body& body, const std::set<const clang::FunctionDecl*>& own) {
  for (const Call* call : body.calls) {
    const clang::FunctionDecl* callee = Callee(*call);
    if (callee && own.count(&tooling::Written(*callee))) return false;
  }
  const tooling::FunctionBody& nodes = body.view->body();
  for (int i = 0; i < nodes.size(); ++i) {
    if (isa<clang::CXXConstructExpr, clang::LambdaExpr>(nodes.stmt(i))) return false;  // a guard
  }
  return true;
}

}  // namespace

void BuildSummaries(const std::vector<std::unique_ptr<FunctionView>>& functions, Summaries& summaries) {
  std::vector<Body> bodies;
  std::set<const clang::FunctionDecl*> own;
  for (const auto& function : functions) {
    for (Body& body : BodiesOf(*function)) bodies.push_back(std::move(body));
  }
  for (const Body& body : bodies) {
    own.insert(&tooling::Written(*body.decl));
    summaries.Set(*body.decl, {});  // nobody else is asked about them
  }
  for (Body& body : bodies) body.closed = IsClosed(body, own);
  const Builder builder(summaries);
  for (int round = 0; round < kMostRounds; ++round) {
    bool changed = false;
    for (const Body& body : bodies) {
      if (round > 0 && body.closed) continue;
      if (builder.IsInteresting(body)) changed |= summaries.Set(*body.decl, builder.Summarise(body));
    }
    if (!changed) break;
  }
}

}  // namespace rankle::lint
