#include "detectors/checks/count_in_bytes.h"

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "clang/Lex/Lexer.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

struct Factor {
  const clang::UnaryExprOrTypeTraitExpr* sizeof_expr = nullptr;  // nullptr: no factor is one
  const clang::BinaryOperator* product = nullptr;  // `n * sizeof(T)`, when that is the whole count
};

// `return n * sizeof(T);` of a function that does nothing else; nullptr: another call, or none.
const clang::Expr* AnswerOf(const clang::Expr* expression) {
  const auto* call = dyn_cast<clang::CallExpr>(expression);
  const clang::FunctionDecl* callee = call ? call->getDirectCallee() : nullptr;
  const clang::FunctionDecl* definition = nullptr;
  if (!callee || !callee->hasBody(definition) || definition == nullptr) return nullptr;
  const auto* block = dyn_cast_or_null<clang::CompoundStmt>(definition->getBody());
  if (!block || block->size() != 1) return nullptr;
  const auto* answer = dyn_cast<clang::ReturnStmt>(block->body_front());
  return answer ? answer->getRetValue() : nullptr;
}

// A sizeof that the value is a multiple of. Not below divisions, calls, subscripts and conditions: what comes
// out there may well be elements.
Factor FactorOf(const clang::Expr* expression, const tooling::FunctionBody& body, bool whole = true) {
  const clang::Expr* value = Strip(Resolve(expression, body));
  if (const clang::Expr* answer = AnswerOf(value))
    return {FactorOf(answer, body, false).sizeof_expr, nullptr};
  whole = whole && value == Strip(expression);
  if (const auto* trait = dyn_cast<clang::UnaryExprOrTypeTraitExpr>(value))
    return trait->getKind() == clang::UETT_SizeOf ? Factor{trait, nullptr} : Factor{};
  const auto* binary = dyn_cast<clang::BinaryOperator>(value);
  if (!binary) return {};
  const auto op = binary->getOpcode();
  if (op != clang::BO_Mul && op != clang::BO_Add && op != clang::BO_Sub) return {};
  Factor left = FactorOf(binary->getLHS(), body, false), right = FactorOf(binary->getRHS(), body, false);
  // `n * sizeof(a) / sizeof(b)` is no product; of a sum each part must be in bytes.
  if (op != clang::BO_Mul) return left.sizeof_expr && right.sizeof_expr ? Factor{left.sizeof_expr} : Factor{};
  Factor& found = left.sizeof_expr ? left : right;
  if (whole && op == clang::BO_Mul && found.sizeof_expr) found.product = binary;
  return found;
}

// What the datatype argument is, if not a constant: a trait or function of the type that is measured
// (`TypeOf<T>::value` beside `sizeof(T)`), which then cannot be a byte's.
bool FollowsTheSameType(const clang::Expr* type, const clang::UnaryExprOrTypeTraitExpr& measured) {
  return type->isInstantiationDependent() && measured.isInstantiationDependent();
}

class CountInBytes : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-count-in-bytes",
                                     "a count in bytes where the datatype is wider than a byte", "api_misuse",
                                     "misuse/past-allocation", Severity::kError};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    for (const Call& call : function.calls()) {
      Look(function, call, call.api->at.count, call.api->at.type, report);
      Look(function, call, call.api->at.count2, call.api->at.type2, report);
    }
  }

 private:
  static void Look(const FunctionView& function, const Call& call, int8_t count_at, int8_t type_at,
                   Reporter& report) {
    const clang::Expr *count = call.At(count_at), *type = call.At(type_at);
    if (!count || !type) return;
    const Factor factor = FactorOf(count, function.body());
    if (!factor.sizeof_expr) return;
    const clang::ASTContext& context = function.unit().context();
    const std::optional<int64_t> size = IntegerOf(factor.sizeof_expr, context);
    if (size == 1) return;
    const DataType* known = DataTypeOf(type, function);
    if (known ? known->bytes == 1 : !FollowsTheSameType(type, *factor.sizeof_expr)) return;
    std::string message = "the count is in bytes: " + std::string(call.api->name) + " counts elements";
    if (known)
      message += " of " + std::string(known->name) + ", " + std::to_string(known->bytes) + " bytes each";
    Reporter::Added added = report.Add(call, std::move(message));
    added.Note(factor.sizeof_expr->getBeginLoc(), "the size enters here");
    if (known && size == known->bytes) AddFix(*count, factor, context, added);
  }

  // `n * sizeof(float)` -> `n`, `sizeof(float)` -> `1`: the datatype says how many bytes that is.
  static void AddFix(const clang::Expr& count, const Factor& factor, const clang::ASTContext& context,
                     Reporter::Added& added) {
    if (Strip(&count) == factor.sizeof_expr) {
      added.Replace(count.getSourceRange(), "1");
    } else if (factor.product && Strip(&count) == factor.product) {
      const clang::Expr* left = factor.product->getLHS();
      const clang::Expr* other = Strip(left) == factor.sizeof_expr ? factor.product->getRHS() : left;
      if (Strip(factor.product->getLHS()) != factor.sizeof_expr &&
          Strip(factor.product->getRHS()) != factor.sizeof_expr)
        return;  // `a * (b * sizeof(float))`
      const llvm::StringRef text =
          clang::Lexer::getSourceText(clang::CharSourceRange::getTokenRange(other->getSourceRange()),
                                      context.getSourceManager(), context.getLangOpts());
      if (!text.empty()) added.Replace(count.getSourceRange(), text.str());
    }
  }
};

}  // namespace

std::unique_ptr<Check> MakeCountInBytes() { return std::make_unique<CountInBytes>(); }

}  // namespace rankle::lint
