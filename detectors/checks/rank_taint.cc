#include "detectors/checks/rank_taint.h"

#include <algorithm>

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/rank_names.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

constexpr int kDeepestAnswer = 3;  // functions that answer with another's answer; recursion ends here

std::string NameOf(const clang::NamedDecl& decl) {
  return decl.getDeclName().isIdentifier() ? decl.getName().str() : "";
}

// Numbers, and the text of a variable of the environment.
bool MayCarry(clang::QualType type) {
  type = type.getNonReferenceType();
  return type->isDependentType() || type->isArithmeticType() || type->isEnumeralType() ||
         (type->isPointerType() && type->getPointeeType()->isCharType());
}

// The variable whose address, array or reference an argument is: `&n`, `sizes.data()`.
const clang::VarDecl* Written(const clang::Expr* argument) {
  const clang::Expr* inner = Strip(argument);
  if (const auto* unary = dyn_cast_or_null<clang::UnaryOperator>(inner);
      unary && unary->getOpcode() == clang::UO_AddrOf)
    inner = Strip(unary->getSubExpr());
  if (const auto* call = dyn_cast_or_null<clang::CXXMemberCallExpr>(inner))
    inner = Strip(call->getImplicitObjectArgument());
  return VariableOf(inner);
}

// A field of a class whose rank is a number of dimensions.
bool OfAnArray(const clang::Expr* base) {
  const clang::CXXRecordDecl* record = base ? base->getType()->getAsCXXRecordDecl() : nullptr;
  if (!record && base && base->getType()->isPointerType())
    record = base->getType()->getPointeeType()->getAsCXXRecordDecl();
  return record && NamesArray(NameOf(*record));
}

// `rank >= 0`, `rank != -1`: a test of sanity, with one outcome on all ranks.
bool IsSanityTest(const clang::BinaryOperator& comparison, const clang::ASTContext& context) {
  if (!comparison.isComparisonOp()) return false;
  const auto limit = IntegerOf(comparison.getRHS(), context);
  const auto op = comparison.getOpcode();
  return limit && (*limit < 0 || (*limit == 0 && (op == clang::BO_LT || op == clang::BO_GE)));
}

// `rank < ranks`, `rank >= size`: likewise.
bool ComparesWithAllRanks(const clang::BinaryOperator& comparison) {
  if (!comparison.isRelationalOp()) return false;
  const auto name = [](const clang::Expr* side) -> std::string {
    const clang::Expr* inner = Strip(side);
    if (const auto* reference = dyn_cast<clang::DeclRefExpr>(inner)) return NameOf(*reference->getDecl());
    if (const auto* member = dyn_cast<clang::MemberExpr>(inner)) return NameOf(*member->getMemberDecl());
    return "";
  };
  const std::string left = name(comparison.getLHS()), right = name(comparison.getRHS());
  return (NamesOwnRank(left) && NamesNumberOfRanks(right)) ||
         (NamesOwnRank(right) && NamesNumberOfRanks(left));
}

// `return total / ranks + (rank == 0);`: what comes out depends on what goes in, and on what it names itself.
// nullptr: it does more.
const clang::Expr* OnlyComputes(const clang::FunctionDecl& function) {
  const clang::FunctionDecl* definition = nullptr;
  if (!function.hasBody(definition) || !definition) return nullptr;
  const auto* block = llvm::dyn_cast_or_null<clang::CompoundStmt>(definition->getBody());
  const auto* end = block && block->size() == 1 ? dyn_cast<clang::ReturnStmt>(block->body_front()) : nullptr;
  return end ? end->getRetValue() : nullptr;
}

bool IsWithin(const clang::DeclContext* context, const clang::FunctionDecl& function) {
  for (; context; context = context->getParent()) {
    if (context == llvm::cast<clang::DeclContext>(&function)) return true;
  }
  return false;
}

bool PassesOn(const clang::FunctionDecl& function) {
  static constexpr const char* kConversions[] = {
      "atoi",      "atol",       "atoll",    "strtol",   "strtoul",  "std::atoi",   "std::stoi",
      "std::stol", "std::stoul", "std::min", "std::max", "std::abs", "std::strtol", "abs"};
  const std::string name = tooling::QualifiedName(function);
  return std::find(std::begin(kConversions), std::end(kConversions), name) != std::end(kConversions) ||
         OnlyComputes(function) != nullptr;
}

bool IsNullTest(const clang::BinaryOperator& comparison) {
  return comparison.isEqualityOp() && comparison.getLHS()->IgnoreParenImpCasts()->getType()->isPointerType();
}

}  // namespace

RankTaint::RankTaint(const FunctionView& function, int lambda, bool local_data)
    : function_(function), flow_(*function.FlowOf(lambda)), local_data_(local_data) {
  at_begin_ = SolveForward(
      flow_, Tainted{}, [this](const FlowStep& step, Tainted& tainted) { Apply(step, tainted); },
      [](const FlowEdge& edge, Tainted&) { return edge.thrown_by == nullptr; },
      [](Tainted& into, const Tainted& from) {
        const size_t before = into.size();
        into.insert(from.begin(), from.end());
        return into.size() != before;
      });
}

std::optional<Tainted> RankTaint::Before(int block, size_t step) const {
  std::optional<Tainted> tainted = at_begin_[block];
  if (!tainted) return tainted;
  const std::vector<FlowStep>& steps = flow_.blocks()[block].steps;
  for (size_t i = 0; i < steps.size() && i < step; ++i) Apply(steps[i], *tainted);
  return tainted;
}

bool RankTaint::Chosen(int node, const Tainted& tainted) const {
  const tooling::FunctionBody& body = function_.body();
  int child = node;
  for (int at = node < 0 ? -1 : body.nodes()[node].parent; at >= 0;
       child = at, at = body.nodes()[at].parent) {
    if (isa<clang::LambdaExpr>(body.stmt(at))) break;
    const auto* branch = dyn_cast<clang::IfStmt>(&body.stmt(at));
    if (branch && branch->getCond() != &body.stmt(child) && Depends(branch->getCond(), tainted)) return true;
  }
  return false;
}

void RankTaint::Apply(const FlowStep& step, Tainted& tainted) const {
  if (!step.stmt) return;
  if (const auto* declaration = dyn_cast<clang::DeclStmt>(step.stmt)) {
    for (const clang::Decl* decl : declaration->decls()) {
      const auto* variable = dyn_cast<clang::VarDecl>(decl);
      if (!variable) continue;
      tainted.erase(variable);
      if (variable->getInit() && MayCarry(variable->getType()) && Depends(variable->getInit(), tainted))
        tainted.insert(variable);
    }
  } else if (const auto* assignment = dyn_cast<clang::BinaryOperator>(step.stmt);
             assignment && assignment->isAssignmentOp()) {
    const clang::VarDecl* variable = VariableOf(assignment->getLHS());
    if (!variable || !MayCarry(variable->getType())) return;
    const bool depends = Depends(assignment->getRHS(), tainted) || Chosen(step.node, tainted);
    if (depends) {
      tainted.insert(variable);
    } else if (assignment->getOpcode() == clang::BO_Assign) {
      tainted.erase(variable);
    }
  } else if (const Call* call = step.node < 0 ? nullptr : function_.CallAt(step.node); call && call->api) {
    ApplyCall(*call, tainted);
  }
}

void RankTaint::ApplyCall(const Call& call, Tainted& tainted) const {
  const Api& api = *call.api;
  if (api.kind == Kind::kCommRank) {
    if (const clang::VarDecl* rank = Written(call.At(api.at.out))) tainted.insert(rank);
    return;
  }
  if (api.library != Library::kMpi) return;
  const clang::VarDecl* received = Written(call.At(api.at.recv));
  if (!received) return;
  const bool alone = api.kind == Kind::kRecv || api.kind == Kind::kSendRecv || api.name == "MPI_Scatter" ||
                     api.name == "MPI_Scatterv" || api.name == "MPI_Scan" || api.name == "MPI_Exscan";
  if (alone) {
    if (local_data_) tainted.insert(received);
  } else if (api.kind == Kind::kCollective) {
    tainted.erase(received);
  }
}

bool RankTaint::DependsCall(const clang::CallExpr& call, const Tainted& tainted) const {
  const clang::FunctionDecl* callee = call.getDirectCallee();
  if (!callee) return false;
  if (IsResult(callee->getReturnType())) return false;  // whether it worked, not what it was asked
  const std::string name = NameOf(*callee);
  if (name == "getenv" && call.getNumArgs() == 1) {
    const auto* text = dyn_cast<clang::StringLiteral>(Strip(call.getArg(0)));
    return text && IsRankVariable(text->getString().str());
  }
  const auto* method = dyn_cast<clang::CXXMemberCallExpr>(&call);
  if (NamesOwnRank(name) && callee->getReturnType()->isIntegerType())
    return !(method && OfAnArray(Strip(method->getImplicitObjectArgument())));
  if (!PassesOn(*callee)) return false;
  // `bool is_master() const { return rank_ == 0; }`
  if (const clang::Expr* answer = OnlyComputes(*callee); answer && answer_depth_ < kDeepestAnswer) {
    ++answer_depth_;
    const bool depends = Depends(answer, {});
    --answer_depth_;
    if (depends) return true;
  }
  return std::any_of(call.arg_begin(), call.arg_end(),
                     [&](const clang::Expr* argument) { return Depends(argument, tainted); });
}

bool RankTaint::Depends(const clang::Expr* expression, const Tainted& tainted) const {
  expression = Strip(expression);
  if (!expression || isa<clang::LambdaExpr, clang::UnaryExprOrTypeTraitExpr>(expression)) return false;
  if (const auto* reference = dyn_cast<clang::DeclRefExpr>(expression)) {
    const clang::ValueDecl* decl = reference->getDecl();
    if (tainted.count(decl)) return true;
    const bool value = isa<clang::VarDecl, clang::BindingDecl>(decl);
    const auto* variable = dyn_cast<clang::VarDecl>(decl);
    // What a called function calls its parameter is no matter of this one.
    if (isa<clang::ParmVarDecl>(decl) && !IsWithin(decl->getDeclContext(), function_.decl())) return false;
    if (!value || !decl->getType().getNonReferenceType()->isIntegerType() || !NamesOwnRank(NameOf(*decl)))
      return false;
    // A local variable of that name is what was assigned to it, where that is seen: a parameter is the rank.
    return !(variable && variable->isLocalVarDecl() && variable->getInit() &&
             IntegerOf(variable->getInit(), function_.unit().context()).value_or(0) > 0);
  }
  if (const auto* member = dyn_cast<clang::MemberExpr>(expression)) {
    const clang::ValueDecl* field = member->getMemberDecl();
    return field->getType()->isIntegerType() && NamesOwnRank(NameOf(*field)) && !OfAnArray(member->getBase());
  }
  if (const auto* call = dyn_cast<clang::CallExpr>(expression);
      call && !isa<clang::CXXOperatorCallExpr>(expression))
    return DependsCall(*call, tainted);
  if (const auto* binary = dyn_cast<clang::BinaryOperator>(expression)) {
    if (binary->isComparisonOp() && (ComparesWithAllRanks(*binary) || IsNullTest(*binary) ||
                                     IsSanityTest(*binary, function_.unit().context())))
      return false;
    if (binary->isAssignmentOp()) return Depends(binary->getRHS(), tainted);
  }
  if (const auto* address = dyn_cast<clang::UnaryOperator>(expression);
      address && address->getOpcode() == clang::UO_AddrOf)
    return false;
  return std::any_of(expression->child_begin(), expression->child_end(), [&](const clang::Stmt* child) {
    const auto* part = llvm::dyn_cast_or_null<clang::Expr>(child);
    return part && Depends(part, tainted);
  });
}

}  // namespace rankle::lint
