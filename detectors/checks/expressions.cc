#include "detectors/checks/expressions.h"

#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "clang/Lex/Lexer.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

constexpr int kLongestChain = 8;  // of variables that hold variables; longer ones are not met

std::string DeclText(const clang::Decl* decl) {
  char text[32];
  snprintf(text, sizeof(text), "@%p", static_cast<const void*>(decl->getCanonicalDecl()));
  return text;
}

// The macro that the whole argument is: "MPI_FLOAT" of `((MPI_Datatype)0x4)`.
std::string MacroName(const clang::Expr* expression, const clang::ASTContext& context) {
  clang::SourceLocation begin = expression->getBeginLoc();
  const clang::SourceManager& sources = context.getSourceManager();
  std::string name;
  while (begin.isMacroID()) {
    if (!sources.isMacroArgExpansion(begin))
      name = clang::Lexer::getImmediateMacroName(begin, sources, context.getLangOpts()).str();
    if (FindDataType(name)) return name;
    begin = sources.getImmediateMacroCallerLoc(begin);
  }
  return "";
}

}  // namespace

const clang::Expr* Strip(const clang::Expr* expression) {
  if (!expression) return nullptr;
  for (;;) {
    const clang::Expr* inner = expression->IgnoreParenCasts()->IgnoreImplicit();
    if (const auto* construction = dyn_cast<clang::CXXUnresolvedConstructExpr>(inner);
        construction && construction->getNumArgs() == 1)
      inner = construction->getArg(0);
    if (inner == expression) return inner;
    expression = inner;
  }
}

const clang::VarDecl* VariableOf(const clang::Expr* expression) {
  const auto* reference = dyn_cast_or_null<clang::DeclRefExpr>(Strip(expression));
  return reference ? dyn_cast<clang::VarDecl>(reference->getDecl()) : nullptr;
}

bool MayWrite(const tooling::FunctionBody& body, int node) {
  int child = node, parent = body.nodes()[node].parent;
  while (parent >= 0 && isa<clang::ParenExpr>(body.stmt(parent))) {
    child = parent;
    parent = body.nodes()[parent].parent;
  }
  if (parent < 0) return false;
  const clang::Stmt& around = body.stmt(parent);
  if (const auto* binary = dyn_cast<clang::BinaryOperator>(&around))
    return binary->isAssignmentOp() && binary->getLHS() == &body.stmt(child);
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(&around))
    return unary->isIncrementDecrementOp() || unary->getOpcode() == clang::UO_AddrOf;
  // What a template's call takes by reference is not known before it is instantiated.
  if (isa<clang::CallExpr>(around)) return !llvm::cast<clang::Expr>(around).isTypeDependent();
  if (const auto* lambda = dyn_cast<clang::LambdaExpr>(&around)) {
    for (const clang::LambdaCapture& capture : lambda->captures()) {
      if (capture.capturesVariable() && capture.getCaptureKind() == clang::LCK_ByRef &&
          capture.getCapturedVar() == VariableOf(dyn_cast<clang::Expr>(&body.stmt(node))))
        return true;
    }
    return false;
  }
  if (const auto* declaration = dyn_cast<clang::DeclStmt>(&around)) {
    for (const clang::Decl* decl : declaration->decls()) {  // `int& alias = variable`
      const auto* variable = dyn_cast<clang::VarDecl>(decl);
      if (variable && variable->getType()->isReferenceType() &&
          !variable->getType().getNonReferenceType().isConstQualified())
        return true;
    }
  }
  return false;
}

const clang::Expr* OnlyValue(const clang::VarDecl& variable, const tooling::FunctionBody& body) {
  const clang::Expr* value = variable.getAnyInitializer();
  if (!value || isa<clang::ParmVarDecl>(variable) || variable.isCXXForRangeDecl()) return nullptr;
  if (variable.getType().isConstQualified() || variable.isConstexpr()) return value;
  if (!variable.isLocalVarDecl() || variable.isStaticLocal()) return nullptr;
  for (int i = 0; i < body.size(); ++i) {
    const auto* reference = dyn_cast<clang::DeclRefExpr>(&body.stmt(i));
    if (reference && reference->getDecl() == &variable && MayWrite(body, i)) return nullptr;
  }
  return value;
}

const clang::Expr* Resolve(const clang::Expr* expression, const tooling::FunctionBody& body) {
  for (int depth = 0; depth < kLongestChain; ++depth) {
    const clang::VarDecl* variable = VariableOf(expression);
    const clang::Expr* value = variable ? OnlyValue(*variable, body) : nullptr;
    if (!value) break;
    expression = value;
  }
  return expression;
}

const DataType* DataTypeOf(const clang::Expr* expression, const FunctionView& function) {
  if (!expression) return nullptr;
  for (int depth = 0; depth < kLongestChain; ++depth) {
    if (const DataType* type = FindDataType(MacroName(expression, function.unit().context()))) return type;
    const auto* reference = dyn_cast<clang::DeclRefExpr>(Strip(expression));
    if (!reference) break;
    if (const auto* constant = dyn_cast<clang::EnumConstantDecl>(reference->getDecl()))
      return FindDataType(constant->getName().str());
    const auto* variable = dyn_cast<clang::VarDecl>(reference->getDecl());
    const clang::Expr* value = variable ? OnlyValue(*variable, function.body()) : nullptr;
    if (!value) return variable ? FindDataType(variable->getName().str()) : nullptr;  // MPI's own globals
    expression = value;
  }
  // A constant expression, as a trait has it: `NcclType<float>::value`.
  const clang::QualType type = expression->getType();
  clang::Expr::EvalResult result;
  if (expression->isValueDependent() || !type->isEnumeralType() ||
      !expression->EvaluateAsInt(result, function.unit().context()))
    return nullptr;
  const auto* enumeration = type->getAs<clang::EnumType>();
  for (const clang::EnumConstantDecl* constant : enumeration->getDecl()->enumerators()) {
    if (llvm::APSInt::isSameValue(constant->getInitVal(), result.Val.getInt())) {
      if (const DataType* known = FindDataType(constant->getName().str())) return known;
    }
  }
  return nullptr;
}

std::optional<int64_t> IntegerOf(const clang::Expr* expression, const clang::ASTContext& context) {
  clang::Expr::EvalResult result;
  if (!expression || expression->getType().isNull() || expression->isValueDependent() ||
      expression->containsErrors() || !expression->getType()->isIntegralOrEnumerationType() ||
      !expression->EvaluateAsInt(result, context))
    return std::nullopt;
  return result.Val.getInt().getExtValue();
}

bool IsResult(clang::QualType type) {
  for (int depth = 0; depth < 8 && !type.isNull(); ++depth) {  // longer chains of typedefs are not met
    if (IsResultType(tooling::TypeName(type))) return true;
    const auto* alias = type->getAs<clang::TypedefType>();
    if (!alias) return false;
    type = alias->getDecl()->getUnderlyingType();
  }
  return false;
}

bool IsErrorCode(clang::QualType type) {
  if (IsResult(type)) return true;
  const auto* enumeration = type.isNull() ? nullptr : type->getAs<clang::EnumType>();
  if (!enumeration) return false;
  for (const clang::EnumConstantDecl* constant : enumeration->getDecl()->enumerators()) {
    if (constant->getInitVal() != 0) continue;
    const std::string name = constant->getName().lower();
    return name.find("success") != std::string::npos || name.ends_with("ok") || name.ends_with("noerror") ||
           name.ends_with("no_error");
  }
  return false;
}

std::string Canonical(const clang::Expr* expression) {
  expression = Strip(expression);
  if (!expression) return "";
  if (const auto* reference = dyn_cast<clang::DeclRefExpr>(expression)) return DeclText(reference->getDecl());
  if (isa<clang::CXXThisExpr>(expression)) return "this";
  if (const auto* member = dyn_cast<clang::MemberExpr>(expression))
    return Canonical(member->getBase()) + "." + DeclText(member->getMemberDecl());
  if (const auto* member = dyn_cast<clang::CXXDependentScopeMemberExpr>(expression))
    return (member->isImplicitAccess() ? "this" : Canonical(member->getBase())) + "." +
           member->getMember().getAsString();
  if (const auto* element = dyn_cast<clang::ArraySubscriptExpr>(expression))
    return Canonical(element->getBase()) + "[" + Canonical(element->getIdx()) + "]";
  if (const auto* literal = dyn_cast<clang::IntegerLiteral>(expression))
    return std::to_string(literal->getValue().getLimitedValue());
  if (const auto* literal = dyn_cast<clang::CXXBoolLiteralExpr>(expression))
    return literal->getValue() ? "true" : "false";
  if (isa<clang::CXXNullPtrLiteralExpr, clang::GNUNullExpr>(expression)) return "0";
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(expression))
    return "(" + clang::UnaryOperator::getOpcodeStr(unary->getOpcode()).str() +
           Canonical(unary->getSubExpr()) + ")";
  if (const auto* binary = dyn_cast<clang::BinaryOperator>(expression))
    return "(" + Canonical(binary->getLHS()) + binary->getOpcodeStr().str() + Canonical(binary->getRHS()) +
           ")";
  if (const auto* call = dyn_cast<clang::CallExpr>(expression)) {
    // The subscript of a vector is one like that of an array; other calls are the same where all is the same.
    std::string text = "call";
    for (const clang::Stmt* part : call->children()) {
      const auto* piece = dyn_cast_or_null<clang::Expr>(part);
      text += "," + (piece ? Canonical(piece) : "");
    }
    return text;
  }
  if (const auto* construction = dyn_cast<clang::CXXConstructExpr>(expression);
      construction && construction->getNumArgs() == 1)
    return Canonical(construction->getArg(0));
  std::string text = std::string(expression->getStmtClassName()) + "(";
  bool children = false;
  for (const clang::Stmt* part : expression->children()) {
    const auto* piece = dyn_cast_or_null<clang::Expr>(part);
    text += (children ? "," : "") + (piece ? Canonical(piece) : "");
    children = true;
  }
  if (!children) {  // nothing is known of it: the same only as itself
    char self[32];
    snprintf(self, sizeof(self), "%p", static_cast<const void*>(expression));
    text += self;
  }
  return text + ")";
}

}  // namespace rankle::lint
