#include "detectors/checks/static_destructor.h"

#include <array>
#include <map>
#include <set>
#include <string>

#include "clang/AST/Attr.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/reporter.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

constexpr int kDeepest = 6;  // of types within types and calls within calls; longer chains are not met

// Of the standard library: do not destroy what they are about.
constexpr std::array kNotOwners = {"weak_ptr", "reference_wrapper", "function", "span",
                                   "atomic",   "basic_string_view"};

// Does something of a type end a communicator when it is destroyed?
class Ends {
 public:
  explicit Ends(const UnitView& unit) : unit_(unit) {}

  // The call that does; nullptr: none.
  const clang::Expr* Of(clang::QualType type, int depth = 0) {
    if (type.isNull() || depth > kDeepest) return nullptr;
    type = type.getCanonicalType();
    if (const auto* array = unit_.context().getAsArrayType(type))
      return Of(array->getElementType(), depth + 1);
    const clang::CXXRecordDecl* record = type->getAsCXXRecordDecl();
    if (!record) return nullptr;
    if (const auto* made = dyn_cast<clang::ClassTemplateSpecializationDecl>(record);
        made && made->isInStdNamespace())
      return OfArguments(*made, depth);
    record = record->getDefinition();
    if (!record) return nullptr;
    if (const clang::CXXDestructorDecl* destructor = record->getDestructor()) {
      if (const clang::Expr* call = In(*destructor, depth)) return call;
    }
    for (const clang::FieldDecl* field : record->fields()) {
      if (const clang::Expr* call = Of(field->getType(), depth + 1)) return call;
    }
    for (const clang::CXXBaseSpecifier& base : record->bases()) {
      if (const clang::Expr* call = Of(base.getType(), depth + 1)) return call;
    }
    return nullptr;
  }

  // A deleter that is given as a value: `{comm, &ncclCommDestroy}`, or a lambda.
  const clang::Expr* InDeleter(const clang::VarDecl& variable) {
    const clang::CXXRecordDecl* record = variable.getType()->getAsCXXRecordDecl();
    if (!record || !variable.getInit()) return nullptr;
    const std::string name = record->getNameAsString();
    if (!record->isInStdNamespace() || (name != "unique_ptr" && name != "shared_ptr")) return nullptr;
    return InStmt(*variable.getInit(), 0, true);
  }

 private:
  const clang::Expr* OfArguments(const clang::ClassTemplateSpecializationDecl& made, int depth) {
    const std::string name = made.getNameAsString();
    for (const char* other : kNotOwners) {
      if (name == other) return nullptr;
    }
    for (const clang::TemplateArgument& argument : made.getTemplateArgs().asArray()) {
      const llvm::ArrayRef<clang::TemplateArgument> all =
          argument.getKind() == clang::TemplateArgument::Pack
              ? argument.pack_elements()
              : llvm::ArrayRef<clang::TemplateArgument>(argument);
      for (const clang::TemplateArgument& one : all) {
        if (one.getKind() != clang::TemplateArgument::Type) continue;
        if (const clang::Expr* call = Of(one.getAsType(), depth + 1)) return call;
        if (name == "unique_ptr") {
          if (const clang::Expr* call = InCallOperator(one.getAsType(), depth)) return call;
        }
      }
    }
    return nullptr;
  }

  const clang::Expr* InCallOperator(clang::QualType type, int depth) {
    const clang::CXXRecordDecl* record = type->getAsCXXRecordDecl();
    if (!record || record->isInStdNamespace() || !record->getDefinition()) return nullptr;
    for (const clang::CXXMethodDecl* method : record->getDefinition()->methods()) {
      if (method->getOverloadedOperator() != clang::OO_Call) continue;
      if (const clang::Expr* call = In(*method, depth)) return call;
    }
    return nullptr;
  }

  const clang::Expr* In(const clang::FunctionDecl& function, int depth) {
    const clang::FunctionDecl* written = &function;
    if (const auto* pattern = function.getTemplateInstantiationPattern()) written = pattern;
    const clang::FunctionDecl* definition = nullptr;
    if (!written->hasBody(definition) || depth > kDeepest) return nullptr;
    const auto [it, fresh] = functions_.try_emplace(definition, nullptr);
    if (fresh) it->second = InStmt(*definition->getBody(), depth, false);
    return functions_[definition];
  }

  // `named`: the function's name is enough.
  const clang::Expr* InStmt(const clang::Stmt& stmt, int depth, bool named) {
    if (const auto* reference = dyn_cast<clang::DeclRefExpr>(&stmt);
        reference && named && EndsComm(*reference->getDecl()))
      return reference;
    if (const auto* call = dyn_cast<clang::CallExpr>(&stmt)) {
      const clang::FunctionDecl* callee = call->getDirectCallee();
      if (callee && EndsComm(*callee)) return call;
      if (callee) {
        if (const clang::Expr* inner = In(*callee, depth + 1)) return inner;
      }
    }
    // `delete p` of what the class owns.
    if (const auto* end = dyn_cast<clang::CXXDeleteExpr>(&stmt)) {
      if (const clang::Expr* inner = Of(end->getDestroyedType(), depth + 1)) return inner;
    }
    for (const clang::Stmt* child : stmt.children()) {
      if (!child) continue;
      if (const clang::Expr* found = InStmt(*child, depth, named)) return found;
    }
    return nullptr;
  }

  bool EndsComm(const clang::NamedDecl& decl) const {
    const Api* api = llvm::isa<clang::FunctionDecl>(decl) ? unit_.ApiOf(decl) : nullptr;
    return api && api->library == Library::kNccl &&
           (api->kind == Kind::kCommDestroy || api->kind == Kind::kCommAbort);
  }

  const UnitView& unit_;
  std::map<const clang::FunctionDecl*, const clang::Expr*> functions_;
};

class StaticDestructor : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-static-destructor",
                                     "a static object destroys a communicator at exit", "api_misuse",
                                     "hang/exit", Severity::kWarning};
    return kInfo;
  }

  void Unit(const UnitView& unit, Reporter& report) override {
    Declarations(unit, *unit.context().getTranslationUnitDecl(), report);
  }

 private:
  static void Declarations(const UnitView& unit, const clang::DeclContext& context, Reporter& report) {
    for (const clang::Decl* decl : context.decls()) {
      if (const auto* variable = dyn_cast<clang::VarDecl>(decl)) Look(unit, *variable, report);
      if (const auto* function = dyn_cast<clang::FunctionTemplateDecl>(decl))
        decl = function->getTemplatedDecl();
      const bool users =
          llvm::isa<clang::CXXRecordDecl, clang::FunctionDecl>(decl) && unit.IsUsers(decl->getLocation());
      if (users || llvm::isa<clang::NamespaceDecl>(decl) || llvm::isa<clang::LinkageSpecDecl>(decl))
        Declarations(unit, *llvm::cast<clang::DeclContext>(decl), report);
    }
  }

  static void Look(const UnitView& unit, const clang::VarDecl& variable, Reporter& report) {
    if (!variable.hasGlobalStorage() || variable.getTLSKind() != clang::VarDecl::TLS_None) return;
    if (variable.isThisDeclarationADefinition() != clang::VarDecl::Definition ||
        variable.hasAttr<clang::NoDestroyAttr>() || !unit.IsUsers(variable.getLocation()) ||
        variable.getType()->isDependentType())
      return;
    Ends ends(unit);
    const clang::Expr* call = ends.Of(variable.getType());
    if (!call) call = ends.InDeleter(variable);
    if (!call) return;
    report
        .Add(clang::SourceRange(variable.getLocation()),
             "'" + variable.getNameAsString() +
                 "' ends a communicator when it is destroyed, which is at exit: CUDA or the other ranks may "
                 "be gone")
        .Note(call->getBeginLoc(), "by this call");
  }
};

}  // namespace

std::unique_ptr<Check> MakeStaticDestructor() { return std::make_unique<StaticDestructor>(); }

}  // namespace rankle::lint
