#include "detectors/checks/path_values.h"

#include <array>

#include "clang/AST/ASTContext.h"
#include "clang/AST/ExprCXX.h"
#include "clang/Basic/OperatorKinds.h"
#include "detectors/checks/expressions.h"

namespace rankle::lint {

using llvm::dyn_cast;
using llvm::isa;

namespace {

constexpr std::array kPureMethods = {"operator[]", "operator*", "operator->", "at",    "back", "front",
                                     "begin",      "end",       "cbegin",     "cend",  "data", "size",
                                     "empty",      "get",       "c_str",      "count", "find", "value",
                                     "load",       "has_value", "length"};

bool IsPointer(const clang::Expr* expression) {
  const clang::QualType type = expression->getType();
  return !type.isNull() && (type->isAnyPointerType() || type->isArrayType());
}

// The kind of condition that a comparison is, and whether its sides are swapped.
struct Comparison {
  PathCondition::Kind kind;
  bool swapped, opposite;
};
std::optional<Comparison> ComparisonOf(clang::BinaryOperatorKind op) {
  using enum PathCondition::Kind;
  switch (op) {
    case clang::BO_EQ:
      return Comparison{kZero, false, false};
    case clang::BO_NE:
      return Comparison{kZero, false, true};
    case clang::BO_LT:
      return Comparison{kNegative, false, false};
    case clang::BO_GE:
      return Comparison{kNegative, false, true};
    case clang::BO_GT:
      return Comparison{kNegative, true, false};
    case clang::BO_LE:
      return Comparison{kNegative, true, true};
    default:
      return std::nullopt;
  }
}

std::string TextOf(const PathCondition& condition) {
  const bool zero = condition.kind == PathCondition::Kind::kZero;
  return "(" + condition.difference.Text() +
         (zero ? (condition.opposite ? "!=0)" : "==0)") : (condition.opposite ? ">=0)" : "<0)"));
}

}  // namespace

bool IsPureMethod(const clang::CallExpr& call) {
  const clang::FunctionDecl* callee = call.getDirectCallee();
  if (!callee || !isa<clang::CXXMemberCallExpr, clang::CXXOperatorCallExpr>(call)) return false;
  if (callee->hasBody() && !IsOfLibrary(*callee)) return false;  // what it does can be seen
  const std::string name = callee->getNameAsString();
  return std::find(kPureMethods.begin(), kPureMethods.end(), name) != kPureMethods.end();
}

bool IsMove(const clang::CallExpr& call) {
  const clang::FunctionDecl* callee = call.getDirectCallee();
  if (!callee || !callee->isInStdNamespace() || !callee->getDeclName().isIdentifier()) return false;
  return call.getNumArgs() == 1 && (callee->getName() == "move" || callee->getName() == "forward");
}

bool IsOfLibrary(const clang::Decl& decl) {
  const clang::DeclContext* context = decl.getDeclContext();
  while (context && !context->isNamespace() && !context->isTranslationUnit()) context = context->getParent();
  for (; context && context->isNamespace(); context = context->getParent()) {
    const llvm::StringRef name = llvm::cast<clang::NamespaceDecl>(context)->getName();
    if (name == "std" || name == "__gnu_cxx") return true;
  }
  return false;
}

std::string DeclNames::OfStmt(const clang::Stmt& stmt) {
  return std::to_string(numbers_.emplace(&stmt, static_cast<int>(numbers_.size())).first->second);
}

std::string DeclNames::Of(const clang::Decl& decl) {
  const void* key = decl.getCanonicalDecl();
  const int number = numbers_.emplace(key, static_cast<int>(numbers_.size())).first->second;
  const auto* named = dyn_cast<clang::NamedDecl>(&decl);
  return (named ? named->getNameAsString() : "") + "'" + std::to_string(number);
}

std::string PathValues::AddressOf(const clang::ValueDecl& decl) {
  // `auto& [key, comm] = *it`: parts of what is taken apart.
  if (const auto* binding = dyn_cast<clang::BindingDecl>(&decl); binding && binding->getDecomposedDecl())
    return memory.Present(AddressOf(*binding->getDecomposedDecl()) + "." + binding->getNameAsString());
  const auto* variable = dyn_cast<clang::VarDecl>(&decl);
  if (variable) {
    const auto it = references.find(variable);
    if (it != references.end()) return memory.Present(it->second);
  }
  std::string name = names_.Of(decl);
  if (variable && variable->hasGlobalStorage() && !variable->getType().isConstQualified() && globals > 0)
    name += "@" + std::to_string(globals);
  return memory.Present(name);
}

std::string PathValues::Pointee(const Value& pointer) {
  const std::string* atom = pointer.AsAtom();
  if (atom && atom->starts_with("^&")) return memory.Present(atom->substr(2));
  return memory.Present("*(" + pointer.Text() + ")");
}

std::string PathValues::PureCall(const clang::CallExpr& call) {
  std::string text = call.getDirectCallee()->getNameAsString() + "(";
  if (const auto* method = dyn_cast<clang::CXXMemberCallExpr>(&call)) {
    const clang::Expr* on = method->getImplicitObjectArgument();
    text += on->getType()->isPointerType() ? Pointee(Of(on)) : Address(on);
  }
  bool first = isa<clang::CXXOperatorCallExpr>(call);
  for (const clang::Expr* argument : call.arguments()) {
    if (isa<clang::CXXDefaultArgExpr>(argument)) continue;
    // An iterator is what it was set to: `*begin(v)` tells of v.
    text += first ? memory.Read(Address(argument), false).Text() : "," + Of(argument).Text();
    first = false;
  }
  return text + ")";
}

std::string PathValues::Address(const clang::Expr* expression) {
  if (!expression) return "";
  expression = expression->IgnoreParenCasts()->IgnoreImplicit();
  if (const auto* reference = dyn_cast<clang::DeclRefExpr>(expression))
    return AddressOf(*reference->getDecl());
  if (const auto* member = dyn_cast<clang::MemberExpr>(expression)) {
    const auto* field = dyn_cast<clang::FieldDecl>(member->getMemberDecl());
    if (!field) return AddressOf(*member->getMemberDecl());
    const std::string base = member->isArrow() ? Pointee(Of(member->getBase())) : Address(member->getBase());
    const std::string address =
        memory.Present((base.empty() ? Of(member->getBase()).Text() : base) + "." + field->getNameAsString());
    // A field that is a reference: another name of what it was initialised with.
    return field->getType()->isReferenceType() ? Pointee(memory.Read(address, true)) : address;
  }
  if (const auto* member = dyn_cast<clang::CXXDependentScopeMemberExpr>(expression)) {
    const std::string base = member->isImplicitAccess() ? object
                             : member->isArrow()        ? Pointee(Of(member->getBase()))
                                                        : Address(member->getBase());
    return memory.Present(base + "." + member->getMember().getAsString());
  }
  if (const auto* element = dyn_cast<clang::ArraySubscriptExpr>(expression))
    return Pointee(Of(element->getBase()) + Of(element->getIdx()) * ElementSize(element->getBase()));
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(expression)) {
    if (unary->getOpcode() == clang::UO_Deref) return Pointee(Of(unary->getSubExpr()));
    if (unary->isPrefix() && unary->isIncrementDecrementOp()) return Address(unary->getSubExpr());
  }
  if (const auto* assignment = dyn_cast<clang::BinaryOperator>(expression);
      assignment && assignment->isAssignmentOp())
    return Address(assignment->getLHS());
  if (const auto* copy = dyn_cast<clang::CXXConstructExpr>(expression); copy && copy->getNumArgs() == 1)
    return Address(copy->getArg(0));
  if (const auto* choice = dyn_cast<clang::ConditionalOperator>(expression)) {
    const auto known = facts.Known(Condition(choice->getCond()));
    return known ? Address(*known ? choice->getTrueExpr() : choice->getFalseExpr()) : "";
  }
  if (const auto* call = dyn_cast<clang::CallExpr>(expression)) {
    if (IsPureMethod(*call)) return memory.Present(PureCall(*call));
    if (call->isGLValue()) {
      const auto it = results.find(call);
      if (it != results.end()) return Pointee(it->second);
      const clang::FunctionDecl* callee = call->getDirectCallee();
      if (callee && callee->isInStdNamespace() && call->getNumArgs() == 1) return Address(call->getArg(0));
    }
  }
  return "";
}

Value PathValues::ElementSize(const clang::Expr* pointer) {
  clang::QualType type = pointer->IgnoreParenImpCasts()->getType();
  if (type.isNull()) return Value::Atom("?");
  type = type->isArrayType() ? context_.getAsArrayType(type)->getElementType() : type->getPointeeType();
  if (type.isNull()) return Value::Atom("?");
  if (type->isDependentType())
    return Value::Atom("sizeof(" + type.getCanonicalType().getUnqualifiedType().getAsString() + ")");
  if (type->isVoidType() || type->isIncompleteType() || type->isFunctionType()) return Value::Constant(1);
  return Value::Constant(context_.getTypeSizeInChars(type).getQuantity());
}

Value PathValues::Binary(const clang::Expr* expression) {
  const auto* binary = llvm::cast<clang::BinaryOperator>(expression);
  const clang::Expr *left = binary->getLHS(), *right = binary->getRHS();
  const auto op = binary->getOpcode();
  if (binary->isAssignmentOp()) {
    const auto it = results.find(binary);
    return it == results.end() ? Of(left) : it->second;
  }
  if (op == clang::BO_Comma) return Of(right);
  if (binary->isLogicalOp()) return Logical(*binary);
  if (ComparisonOf(op)) return Answer(Condition(binary));
  const Value a = Of(left), b = Of(right);
  if (op == clang::BO_Add || op == clang::BO_Sub) {
    const bool left_pointer = IsPointer(left), right_pointer = IsPointer(right);
    if (left_pointer && right_pointer) return Value::Atom("(" + a.Text() + "-" + b.Text() + ")");
    const Value scaled_a = right_pointer ? a * ElementSize(right) : a;
    const Value scaled_b = left_pointer ? b * ElementSize(left) : b;
    return op == clang::BO_Add ? scaled_a + scaled_b : scaled_a - scaled_b;
  }
  if (op == clang::BO_Mul) return a * b;
  const auto constant_a = a.AsConstant(), constant_b = b.AsConstant();
  if (op == clang::BO_Shl && constant_b && *constant_b >= 0 && *constant_b < 62)
    return a * Value::Constant(int64_t{1} << *constant_b);
  if (op == clang::BO_Div && constant_a && constant_b && *constant_b > 0)
    return Value::Constant(*constant_a / *constant_b);
  return Value::Atom("(" + a.Text() + binary->getOpcodeStr().str() + b.Text() + ")");
}

// Each side is looked at once: conditions of generated code have hundreds of parts.
Value PathValues::Logical(const clang::BinaryOperator& both) {
  const bool decides = both.getOpcode() == clang::BO_LOr;
  const PathCondition left = Condition(both.getLHS());
  const auto known = facts.Known(left);
  if (known && *known == decides) return Value::Constant(decides);
  const Value right = Of(both.getRHS());
  if (known) return right;
  return Value::Atom("(" + TextOf(left) + both.getOpcodeStr().str() + right.Text() + ")");
}

Value PathValues::Answer(const PathCondition& condition) {
  if (const auto known = facts.Known(condition)) return Value::Constant(*known);
  std::string text = TextOf(condition);
  questions_.emplace(text, condition);
  return Value::Atom(std::move(text));
}

Value PathValues::Of(const clang::Expr* expression) {
  if (!expression) return Value();
  expression = expression->IgnoreParenCasts()->IgnoreImplicit();
  // Lists in code with errors, and in templates.
  if (expression->getType().isNull()) return Value::Atom("?" + names_.OfStmt(*expression));
  if (const auto* literal = dyn_cast<clang::IntegerLiteral>(expression))
    return Value::Constant(static_cast<int64_t>(literal->getValue().getLimitedValue()));
  if (const auto* literal = dyn_cast<clang::CXXBoolLiteralExpr>(expression))
    return Value::Constant(literal->getValue());
  if (isa<clang::CXXNullPtrLiteralExpr, clang::GNUNullExpr, clang::CXXScalarValueInitExpr,
          clang::ImplicitValueInitExpr>(expression))
    return Value();
  if (const auto* argument = dyn_cast<clang::CXXDefaultArgExpr>(expression)) return Of(argument->getExpr());
  if (const auto* init = dyn_cast<clang::CXXDefaultInitExpr>(expression)) return Of(init->getExpr());
  if (const auto* list = dyn_cast<clang::InitListExpr>(expression)) {
    if (list->getNumInits() == 0) return Value();
    if (list->getNumInits() == 1 && !list->getType()->isRecordType()) return Of(list->getInit(0));
  }
  if (isa<clang::CXXThisExpr>(expression)) return Value::Atom("^&" + object);
  if (const auto* measured = dyn_cast<clang::UnaryExprOrTypeTraitExpr>(expression)) {
    if (const auto size = IntegerOf(measured, context_)) return Value::Constant(*size);
    if (measured->getKind() == clang::UETT_SizeOf)
      return Value::Atom("sizeof(" +
                         measured->getTypeOfArgument().getCanonicalType().getUnqualifiedType().getAsString() +
                         ")");
  }
  if (const auto* reference = dyn_cast<clang::DeclRefExpr>(expression)) {
    const clang::ValueDecl& decl = *reference->getDecl();
    if (const auto* constant = dyn_cast<clang::EnumConstantDecl>(&decl))
      return Value::Constant(constant->getInitVal().getExtValue());
    if (decl.getType()->isFunctionType()) return Value::Atom("^" + names_.Of(decl));
    const auto* variable = dyn_cast<clang::VarDecl>(&decl);
    if (variable && variable->getType().isConstQualified() &&
        variable->getType()->isIntegralOrEnumerationType()) {
      if (const auto constant = IntegerOf(reference, context_)) return Value::Constant(*constant);
    }
    if (variable && variable->hasGlobalStorage() && variable->getType().isConstQualified() &&
        variable->getType()->isAnyPointerType() && variable->getAnyInitializer())
      return Of(variable->getAnyInitializer());
    const clang::QualType type = decl.getType().getNonReferenceType();
    if (type->isArrayType()) return Value::Atom("^&" + AddressOf(decl));
    return memory.Read(AddressOf(decl), type->isAnyPointerType());
  }
  if (isa<clang::BinaryOperator>(expression)) return Binary(expression);
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(expression)) {
    if (unary->getOpcode() == clang::UO_AddrOf) {
      const std::string address = Address(unary->getSubExpr());
      // `&p[i]` is `p + i`.
      const auto* element = dyn_cast<clang::ArraySubscriptExpr>(unary->getSubExpr()->IgnoreParenCasts());
      if (element) return Of(element->getBase()) + Of(element->getIdx()) * ElementSize(element->getBase());
      return address.empty() ? Value::Atom("^" + names_.OfStmt(*unary)) : Value::Atom("^&" + address);
    }
    if (unary->getOpcode() == clang::UO_Minus) return Value() - Of(unary->getSubExpr());
    if (unary->getOpcode() == clang::UO_LNot) return Answer(Condition(unary));
    if (unary->isPostfix() && unary->isIncrementDecrementOp()) {
      const auto it = results.find(unary);
      if (it != results.end()) return it->second;
    }
  }
  if (const auto* choice = dyn_cast<clang::ConditionalOperator>(expression)) {
    if (const auto known = facts.Known(Condition(choice->getCond())))
      return Of(*known ? choice->getTrueExpr() : choice->getFalseExpr());
  }
  if (const auto it = results.find(expression); it != results.end()) {
    // What a function returned by reference is read now.
    const auto* call = dyn_cast<clang::CallExpr>(expression);
    if (!call || !call->isGLValue()) return it->second;
    return memory.Read(Pointee(it->second), IsPointer(expression));
  }
  if (const auto* call = dyn_cast<clang::CallExpr>(expression);
      call && IsPureMethod(*call) && !call->isGLValue())
    return Value::Atom((IsPointer(call) ? "^" : "") + memory.Present(PureCall(*call)));
  if (const std::string address = Address(expression); !address.empty())
    return expression->getType()->isArrayType() ? Value::Atom("^&" + address)
                                                : memory.Read(address, IsPointer(expression));
  if (const auto* construction = dyn_cast<clang::CXXConstructExpr>(expression);
      construction && construction->getNumArgs() == 1)
    return Of(construction->getArg(0));
  if (const auto constant = IntegerOf(expression, context_)) return Value::Constant(*constant);
  // Nothing is known of it: the same only as itself.
  return Value::Atom((IsPointer(expression) ? "^?" : "?") + names_.OfStmt(*expression));
}

PathCondition PathValues::Condition(const clang::Expr* expression) {
  expression = expression->IgnoreParenCasts()->IgnoreImplicit();
  if (const auto* unary = dyn_cast<clang::UnaryOperator>(expression);
      unary && unary->getOpcode() == clang::UO_LNot) {
    PathCondition condition = Condition(unary->getSubExpr());
    condition.opposite = !condition.opposite;
    return condition;
  }
  if (const auto* binary = dyn_cast<clang::BinaryOperator>(expression)) {
    if (const auto comparison = ComparisonOf(binary->getOpcode())) {
      const Value left = Of(binary->getLHS()), right = Of(binary->getRHS());
      return {comparison->kind, comparison->swapped ? right - left : left - right, comparison->opposite};
    }
    if (binary->getOpcode() == clang::BO_Assign) return {PathCondition::Kind::kZero, Of(binary), true};
  }
  const Value value = Of(expression);
  if (const std::string* atom = value.AsAtom()) {
    if (const auto question = questions_.find(*atom); question != questions_.end()) return question->second;
  }
  return {PathCondition::Kind::kZero, value, true};
}

void PathValues::Initialise(const std::string& address, const clang::Expr* init) {
  const auto* list =
      dyn_cast_or_null<clang::InitListExpr>(init ? init->IgnoreParenCasts()->IgnoreImplicit() : nullptr);
  if (!list || list->getType().isNull() || !list->getType()->isRecordType() || list->isTransparent()) return;
  const clang::RecordDecl* record = list->getType()->getAsRecordDecl();
  if (!record ||
      (isa<clang::CXXRecordDecl>(record) && llvm::cast<clang::CXXRecordDecl>(record)->getNumBases()))
    return;
  auto field = record->field_begin();
  for (const clang::Expr* value : list->inits()) {
    if (field == record->field_end()) return;
    const clang::QualType type = field->getType();
    const std::string at = memory.Present(address + "." + field->getNameAsString());
    if (type->isReferenceType()) {
      memory.Write(at, Value::Atom("^&" + Address(value)));
    } else if (!type->isRecordType() && !type->isArrayType()) {
      memory.Write(at, Of(value));
    }
    ++field;
  }
}

}  // namespace rankle::lint
