#include "detectors/checks/path_machine.h"

#include <algorithm>
#include <utility>

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

constexpr int kMostSteps = 4000;  // of one path: longer functions are looked at from their begin
constexpr int kMostTurns = 2;     // of a loop: what one turn leaves to the next shows in the second

// Of `a && b` the block that asks b ends: that a holds is known there.
const clang::Expr* LastAsked(const clang::Expr* condition) {
  for (;;) {
    const auto* binary = dyn_cast<clang::BinaryOperator>(condition->IgnoreParenCasts()->IgnoreImplicit());
    if (!binary || !binary->isLogicalOp()) return condition;
    condition = binary->getRHS();
  }
}

// `return local;`: the variable that becomes the result, or is moved into it; nullptr: another value.
const clang::VarDecl* HandedOut(const clang::ReturnStmt& end) {
  if (const clang::VarDecl* local = end.getNRVOCandidate()) return local;
  const auto* made = dyn_cast<clang::CXXConstructExpr>(end.getRetValue()->IgnoreImplicit());
  if (!made || made->getNumArgs() == 0 || made->getConstructor()->getNumParams() == 0 ||
      !made->getConstructor()->getParamDecl(0)->getType()->isRValueReferenceType())
    return nullptr;
  const auto* reference = dyn_cast<clang::DeclRefExpr>(made->getArg(0)->IgnoreParenImpCasts());
  return reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
}

}  // namespace

PathRun::PathRun(PathUnit& unit, const std::vector<int>& choices)
    : unit_(unit), wanted_(choices), values_(unit.unit().context(), unit.names) {}

Path PathRun::Run(const clang::FunctionDecl& function, const clang::LambdaExpr* lambda) {
  const PathUnit::Graph* graph = unit_.GraphOf(function, lambda);
  if (!graph) return {};
  values_.object = "this";
  running_.insert(lambda ? static_cast<const void*>(lambda) : &function);
  if (!lambda) InitialiseFields(function);
  Flowing(*graph, "this", nullptr);
  path_.returns = !ended_;
  path_.memory = std::move(values_.memory);
  return std::move(path_);
}

int PathRun::Decide(int ways, int first) {
  const size_t at = made_.size();
  const int chosen = at < wanted_.size() ? std::min(wanted_[at], ways - 1) : first;
  made_.push_back({chosen, ways});
  return chosen;
}

const FlowEdge* PathRun::Choose(const FlowBlock& block, Frame& frame, int at) {
  std::vector<const FlowEdge*> ways;
  const FlowEdge* known_way = nullptr;
  for (const FlowEdge& edge : block.next) {
    if (edge.thrown_by || !frame.graph.leads_on[edge.to]) continue;
    ways.push_back(&edge);
  }
  if (ways.empty()) {
    // Nothing but the end of the process is ahead: what happens before it still does.
    for (const FlowEdge& edge : block.next) {
      if (!edge.thrown_by) ways.push_back(&edge);
    }
  }
  if (ways.empty()) return nullptr;
  std::optional<PathCondition> condition;
  if (block.next[0].condition) {
    condition = values_.Condition(LastAsked(block.next[0].condition));
    const auto known = values_.facts.Known(*condition);
    for (const FlowEdge* edge : ways) {
      if (known && edge->outcome == *known) known_way = edge;
    }
    if (known && !known_way && !block.loop && ways.size() < block.next.size()) return nullptr;
  }
  const int turns = ++frame.turns[at];
  const FlowEdge* chosen = ways[0];
  if (block.loop && ways.size() == 2) {
    // A loop that waits for all of something is not one that waits for none: the first turn is made.
    const bool entered = turns > 1 || frame.turns[ways[0]->to] > 0;
    if (known_way && turns <= kMostTurns) {
      chosen = known_way;
    } else if (!entered) {
      chosen = ways[0];
    } else {
      chosen = turns > kMostTurns ? ways[1] : ways[Decide(2, 1)];
    }
  } else if (turns > kMostTurns + 1) {
    return nullptr;  // a circle of gotos, or `for (;;)`
  } else if (known_way) {
    chosen = known_way;
  } else if (ways.size() > 1) {
    // Of switches the last case is, as a rule, the default.
    chosen = ways[Decide(static_cast<int>(ways.size()), 0)];
  }
  if (condition && !known_way) {
    values_.facts.Assume(*condition, chosen->outcome);
    PathEvent& event = Add(Happening::kCondition, block.next[0].condition);
    event.difference = condition->difference;
    event.equality = condition->kind == PathCondition::Kind::kZero;
    event.outcome = chosen->outcome != condition->opposite;
    Learn(*condition, chosen->outcome);
  }
  return chosen;
}

// A result that is not success: the call failed, as far as this path knows; one that is ncclInProgress is at
// work.
void PathRun::Learn(const PathCondition& condition, bool outcome) {
  constexpr int64_t kInProgress = 7;  // ncclResult_t
  if (condition.kind != PathCondition::Kind::kZero) return;
  const bool equal = outcome != condition.opposite;
  for (const auto& [product, factor] : condition.difference.terms()) {
    const auto call = product.size() == 1 ? results_.find(product[0]) : results_.end();
    if (call == results_.end()) continue;
    PathEvent& event = path_.events[call->second];
    const auto rest = (condition.difference - event.result).AsConstant();
    if (!rest) continue;
    if (!equal && *rest == 0) event.failed = true;
    if (equal && *rest == -kInProgress && event.api->library == Library::kNccl) event.failed = false;
  }
}

void PathRun::Flowing(const PathUnit::Graph& graph, const std::string& object, Value* returned) {
  const Flow& flow = graph.flow;
  Frame frame{graph, std::vector<int>(flow.blocks().size(), 0), object, {}};
  const std::string before = std::exchange(values_.object, object);
  int at = flow.entry();
  while (!ended_ && at != flow.exit()) {
    const FlowBlock& block = flow.blocks()[at];
    for (const FlowStep& step : block.steps) {
      if (++steps_ > kMostSteps) ended_ = true;
      if (!ended_) Step(step, frame);
    }
    if (ended_) break;
    const FlowEdge* edge = Choose(block, frame, at);
    if (!edge || block.no_return) ended_ = true;
    if (edge) at = edge->to;
  }
  values_.object = before;
  if (returned) *returned = frame.returned;
}

PathEvent& PathRun::Add(Happening what, const clang::Expr* expr) {
  PathEvent event;
  event.what = what;
  event.expr = expr;
  event.site = sites_.empty() ? expr : sites_.front();
  path_.events.push_back(std::move(event));
  return path_.events.back();
}

void PathRun::Step(const FlowStep& step, Frame& frame) {
  if (step.destroyed) {
    const std::string address = values_.AddressOf(*step.destroyed);
    if (moved_.count(address) > 0) return;
    const auto* record = step.destroyed->getType()->getAsCXXRecordDecl();
    const clang::FunctionDecl* destructor =
        record && record->hasDefinition() ? DefinitionOf(record->getDestructor()) : nullptr;
    if (destructor && Enter(*destructor, nullptr, step.destroyed->getInit(), {}, address, nullptr)) return;
    PathEvent& event = Add(Happening::kScopeEnd, nullptr);
    event.variable = step.destroyed;
    event.touched = Value::Atom("^&" + address);
    return;
  }
  const clang::Stmt& stmt = *step.stmt;
  if (const auto* declaration = dyn_cast<clang::DeclStmt>(&stmt)) {
    Declare(*declaration);
  } else if (const auto* call = dyn_cast<clang::CallExpr>(&stmt)) {
    Call(*call);
  } else if (const auto* binary = dyn_cast<clang::BinaryOperator>(&stmt)) {
    if (binary->getOpcode() == clang::BO_Assign) {
      Assign(stmt, binary->getLHS(), values_.Of(binary->getRHS()));
    } else if (binary->isAssignmentOp()) {
      const Value old = values_.Of(binary->getLHS()), by = values_.Of(binary->getRHS());
      const bool integer = binary->getLHS()->getType()->isIntegralOrEnumerationType();
      Value value = values_.memory.Fresh("?");
      if (integer && binary->getOpcode() == clang::BO_AddAssign) value = old + by;
      if (integer && binary->getOpcode() == clang::BO_SubAssign) value = old - by;
      Assign(stmt, binary->getLHS(), value);
    }
  } else if (const auto* unary = dyn_cast<clang::UnaryOperator>(&stmt);
             unary && unary->isIncrementDecrementOp()) {
    const Value old = values_.Of(unary->getSubExpr());
    const Value by = Value::Constant(unary->isIncrementOp() ? 1 : -1);
    const bool integer = !unary->getType().isNull() && unary->getType()->isIntegralOrEnumerationType();
    Assign(stmt, unary->getSubExpr(), integer ? old + by : values_.memory.Fresh("^?"));
    if (unary->isPostfix()) values_.results[unary] = old;
  } else if (const auto* cast = dyn_cast<clang::ImplicitCastExpr>(&stmt)) {
    if (cast->getCastKind() == clang::CK_LValueToRValue) Touch(*cast->getSubExpr(), false);
  } else if (const auto* made = dyn_cast<clang::CXXNewExpr>(&stmt)) {
    values_.results[made] = values_.memory.Fresh("^new");
  } else if (const auto* end = dyn_cast<clang::ReturnStmt>(&stmt)) {
    if (end->getRetValue()) {
      const clang::Expr* value = end->getRetValue();
      frame.returned = value->isGLValue() ? Value::Atom("^&" + values_.Address(value)) : values_.Of(value);
      if (const clang::VarDecl* local = HandedOut(*end)) moved_.insert(values_.AddressOf(*local));
    }
  } else if (isa<clang::CXXThrowExpr>(stmt)) {
    // What catches it is in this function or not; the checks are about what goes on without.
    ended_ = true;
  }
}

void PathRun::Touch(const clang::Expr& expression, bool writes) {
  const clang::Expr* lvalue = expression.IgnoreParenCasts();
  const clang::Expr* pointer = nullptr;
  if (const auto* element = dyn_cast<clang::ArraySubscriptExpr>(lvalue)) {
    pointer = element->getBase();
    if (pointer->IgnoreParenImpCasts()->getType()->isArrayType()) return;
  } else if (const auto* unary = dyn_cast<clang::UnaryOperator>(lvalue)) {
    if (unary->getOpcode() == clang::UO_Deref) pointer = unary->getSubExpr();
  }
  if (!pointer) return;
  const Value value = values_.Of(pointer);
  PathEvent& event = Add(Happening::kTouch, lvalue);
  event.touched = value;
  event.writes = writes;
}

void PathRun::Assign(const clang::Stmt& at, const clang::Expr* to, Value value) {
  Touch(*to, true);
  const std::string address = values_.Address(to);
  if (!to->getType().isNull() && to->getType()->isRecordType() && !address.empty()) {
    values_.memory.Forget(address);
    if (value.AsAtom()) values_.memory.CopyFields(*value.AsAtom(), values_.Address(to));
  }
  if (!address.empty()) values_.memory.Write(values_.Address(to), value);
  values_.results[&at] = std::move(value);
}

void PathRun::Declare(const clang::DeclStmt& statement) {
  for (const clang::Decl* decl : statement.decls()) {
    const auto* variable = dyn_cast<clang::VarDecl>(decl);
    if (!variable || variable->isStaticLocal()) continue;
    const clang::Expr* init = variable->getInit();
    const clang::QualType type = variable->getType();
    if (type->isReferenceType()) {
      std::string address = init ? values_.Address(init) : "";
      if (address.empty()) address = *values_.memory.Fresh(unit_.names.Of(*variable)).AsAtom();
      values_.references[variable] = address;
      continue;
    }
    const Value value = init ? values_.Of(init) : Value();
    values_.memory.Forget(unit_.names.Of(*variable));  // a new object in each turn of a loop
    const std::string address = values_.AddressOf(*variable);
    if (!init) continue;
    values_.Initialise(address, init);
    const clang::Expr* bare = init->IgnoreParenCasts()->IgnoreImplicit();
    const auto* construction = dyn_cast<clang::CXXConstructExpr>(bare);
    if (construction && !construction->getConstructor()->isCopyOrMoveConstructor()) {
      std::vector<const clang::Expr*> arguments(construction->arg_begin(), construction->arg_end());
      const clang::FunctionDecl* constructor = DefinitionOf(construction->getConstructor());
      if (constructor) Enter(*constructor, nullptr, construction, arguments, address, nullptr);
    } else if (!isa<clang::InitListExpr>(bare) || !type->isRecordType()) {
      if (type->isRecordType() && value.AsAtom()) values_.memory.CopyFields(*value.AsAtom(), address);
      if (!type->isArrayType()) values_.memory.Write(address, value);
    }
  }
}

}  // namespace rankle::lint
