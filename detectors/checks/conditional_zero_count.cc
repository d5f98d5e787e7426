#include "detectors/checks/conditional_zero_count.h"

#include <algorithm>
#include <map>
#include <set>

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

bool IsZero(const clang::Expr* condition, const std::string& count, const clang::ASTContext& context);

// `n`, `n > 0`, `n != 0`, `0 < n`, `n >= 1`, `n.size() > 0`, also as a part of `a && b`: the value that must
// not be zero, as Canonical text; empty: no such condition.
std::string NotZero(const clang::Expr* condition, const std::string& count,
                    const clang::ASTContext& context) {
  condition = Strip(condition);
  if (const auto* negation = dyn_cast<clang::UnaryOperator>(condition);
      negation && negation->getOpcode() == clang::UO_LNot)
    return IsZero(negation->getSubExpr(), count, context) ? count : "";
  const auto* binary = dyn_cast<clang::BinaryOperator>(condition);
  if (binary && binary->getOpcode() == clang::BO_LAnd) {
    const std::string left = NotZero(binary->getLHS(), count, context);
    return left.empty() ? NotZero(binary->getRHS(), count, context) : left;
  }
  const clang::Expr* asked = condition;
  if (binary) {
    const auto left = IntegerOf(binary->getLHS(), context), right = IntegerOf(binary->getRHS(), context);
    const auto op = binary->getOpcode();
    const bool right_zero = right && ((*right == 0 && (op == clang::BO_GT || op == clang::BO_NE)) ||
                                      (*right == 1 && op == clang::BO_GE));
    const bool left_zero = left && ((*left == 0 && (op == clang::BO_LT || op == clang::BO_NE)) ||
                                    (*left == 1 && op == clang::BO_LE));
    if (!right_zero && !left_zero) return "";
    asked = right_zero ? binary->getLHS() : binary->getRHS();
  }
  const std::string text = Canonical(asked);
  return text == count ? text : "";
}

// `n == 0`, `!n`, `n <= 0`, `n < 1`: what skips when it holds.
bool IsZero(const clang::Expr* condition, const std::string& count, const clang::ASTContext& context) {
  condition = Strip(condition);
  if (const auto* negation = dyn_cast<clang::UnaryOperator>(condition);
      negation && negation->getOpcode() == clang::UO_LNot)
    return !NotZero(negation->getSubExpr(), count, context).empty();
  // `v.empty()`, where the count is `v.size()`
  if (const auto* asked = dyn_cast<clang::CXXMemberCallExpr>(condition); asked && asked->getMethodDecl()) {
    const clang::CXXMethodDecl* method = asked->getMethodDecl();
    const std::string object = Canonical(asked->getImplicitObjectArgument());
    return method->getDeclName().isIdentifier() && method->getName() == "empty" &&
           count.starts_with("call," + object + ".");
  }
  const auto* binary = dyn_cast<clang::BinaryOperator>(condition);
  if (!binary) return false;
  const auto right = IntegerOf(binary->getRHS(), context), left = IntegerOf(binary->getLHS(), context);
  const auto op = binary->getOpcode();
  if (right &&
      ((*right == 0 && (op == clang::BO_EQ || op == clang::BO_LE)) || (*right == 1 && op == clang::BO_LT)))
    return Canonical(binary->getLHS()) == count;
  return left && *left == 0 && op == clang::BO_EQ && Canonical(binary->getRHS()) == count;
}

// The statement that leaves: `continue;`, `return;`, or a block that ends so.
bool Leaves(const clang::Stmt* stmt) {
  if (const auto* block = dyn_cast_or_null<clang::CompoundStmt>(stmt)) stmt = block->body_back();
  return stmt && llvm::isa<clang::ContinueStmt, clang::ReturnStmt>(stmt);
}

// The condition that skips the call at `node` when its count is zero; nullptr: none.
const clang::Expr* SkippedBy(const FunctionView& function, int node, const std::string& count) {
  const tooling::FunctionBody& body = function.body();
  const clang::ASTContext& context = function.unit().context();
  int child = node;
  for (int at = body.nodes()[node].parent; at >= 0; child = at, at = body.nodes()[at].parent) {
    const clang::Stmt& stmt = body.stmt(at);
    if (llvm::isa<clang::LambdaExpr>(stmt)) return nullptr;
    if (const auto* branch = dyn_cast<clang::IfStmt>(&stmt)) {
      if (branch->getThen() == &body.stmt(child) && !NotZero(branch->getCond(), count, context).empty())
        return branch->getCond();
      if (branch->getElse() == &body.stmt(child) && IsZero(branch->getCond(), count, context))
        return branch->getCond();
    } else if (const auto* choice = dyn_cast<clang::ConditionalOperator>(&stmt)) {
      if (choice->getTrueExpr() == &body.stmt(child) && !NotZero(choice->getCond(), count, context).empty())
        return choice->getCond();
      if (choice->getFalseExpr() == &body.stmt(child) && IsZero(choice->getCond(), count, context))
        return choice->getCond();
    } else if (const auto* both = dyn_cast<clang::BinaryOperator>(&stmt);
               both && both->isLogicalOp() && both->getRHS() == &body.stmt(child)) {
      // `n > 0 && Ok(ncclSend(...))`, `n == 0 || Ok(...)`
      const bool skips = both->getOpcode() == clang::BO_LAnd
                             ? !NotZero(both->getLHS(), count, context).empty()
                             : IsZero(both->getLHS(), count, context);
      if (skips) return both->getLHS();
    } else if (const auto* block = dyn_cast<clang::CompoundStmt>(&stmt)) {
      for (const clang::Stmt* before : block->body()) {
        if (before == &body.stmt(child)) break;
        const auto* skip = dyn_cast<clang::IfStmt>(before);
        if (skip && !skip->getElse() && Leaves(skip->getThen()) && IsZero(skip->getCond(), count, context))
          return skip->getCond();
      }
    }
  }
  return nullptr;
}

class ConditionalZeroCount : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-conditional-zero-count", "one side of a transfer is left out when its count is zero",
        "distributed_communication_error", "hang/in-collective", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter&) override {
    Body body{&function.decl(), {}, {}};
    for (const Call& call : function.calls()) {
      const clang::Expr* count = call.At(call.api->at.count);
      if (call.api->library != Library::kNccl || !IsP2p(*call.api) || !count) continue;
      const bool constant = IntegerOf(count, function.unit().context()).has_value();
      body.transfers.push_back(
          {call, constant ? nullptr : SkippedBy(function, call.node, Canonical(count)), &function.decl()});
    }
    for (const Call& call : function.other_calls()) {
      const auto* callee = dyn_cast<clang::FunctionDecl>(call.callee);
      if (callee) body.calls.push_back(&tooling::Written(*callee));
    }
    bodies_.push_back(std::move(body));
  }

  // Where both sides are left out when their counts are zero, they agree as far as the counts do. A side may
  // be in a function of the program that makes one transfer for its callers.
  void Unit(const UnitView&, Reporter& report) override {
    std::map<const clang::FunctionDecl*, const Transfer*> wrappers;
    for (const Body& body : bodies_) {
      if (body.transfers.size() == 1) wrappers[&tooling::Written(*body.function)] = &body.transfers[0];
    }
    std::set<const clang::Expr*> said;
    for (const Body& body : bodies_) {
      std::vector<const Transfer*> all;
      for (const Transfer& transfer : body.transfers) all.push_back(&transfer);
      for (const clang::FunctionDecl* callee : body.calls) {
        if (const auto wrapper = wrappers.find(callee); wrapper != wrappers.end())
          all.push_back(wrapper->second);
      }
      for (const Transfer* transfer : all) {
        if (!transfer->guard || said.count(transfer->call.expr)) continue;
        if (Look(*transfer, all, report)) said.insert(transfer->call.expr);
      }
    }
    bodies_.clear();
  }

 private:
  struct Transfer {
    Call call;
    const clang::Expr* guard;  // nullptr: posted whatever its count is
    const clang::FunctionDecl* function;
  };
  struct Body {
    const clang::FunctionDecl* function;
    std::vector<Transfer> transfers;
    std::vector<const clang::FunctionDecl*> calls;
  };

  bool Look(const Transfer& transfer, const std::vector<const Transfer*>& all, Reporter& report) const {
    const auto other = std::find_if(all.begin(), all.end(), [&](const Transfer* candidate) {
      return candidate->call.api->kind != transfer.call.api->kind && !candidate->guard;
    });
    if (other == all.end()) return false;
    const std::string name(transfer.call.api->name), peer((*other)->call.api->name);
    report.Begin(info(), transfer.function);
    report
        .Add(transfer.call,
             name + " is left out when its count is zero, but the " + peer +
                 " of the other side is posted always and waits for it; transfers of nothing are legal")
        .Note(transfer.guard->getBeginLoc(), "left out by this condition")
        .Note((*other)->call.expr->getBeginLoc(), "posted whatever its count is");
    return true;
  }

  std::vector<Body> bodies_;  // of the unit at hand
};

}  // namespace

std::unique_ptr<Check> MakeConditionalZeroCount() { return std::make_unique<ConditionalZeroCount>(); }

}  // namespace rankle::lint
