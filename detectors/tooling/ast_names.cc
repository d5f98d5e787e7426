#include "detectors/tooling/ast_names.h"

#include "clang/Index/USRGeneration.h"
#include "llvm/ADT/SmallString.h"

namespace rankle::tooling {

std::string QualifiedName(const clang::NamedDecl& decl) {
  std::string name = decl.getNameAsString();
  for (const clang::DeclContext* context = decl.getDeclContext(); context; context = context->getParent()) {
    const auto* outer = llvm::dyn_cast<clang::NamedDecl>(context);
    if (!outer) continue;
    if (const auto* space = llvm::dyn_cast<clang::NamespaceDecl>(outer)) {
      if (space->isInline() || space->isAnonymousNamespace()) continue;
    }
    const std::string part = outer->getNameAsString();
    if (!part.empty()) name = part + "::" + name;
  }
  const size_t arguments = name.find('<');  // constructors of templates carry them
  const bool is_operator = name.find("operator") != std::string::npos;
  return arguments == std::string::npos || is_operator ? name : name.substr(0, arguments);
}

const clang::FunctionDecl& Written(const clang::FunctionDecl& function) {
  const clang::FunctionDecl* pattern = function.getTemplateInstantiationPattern(/*ForDefinition=*/false);
  return *(pattern ? pattern : &function)->getCanonicalDecl();
}

const clang::FunctionDecl& Outermost(const clang::FunctionDecl& function) {
  const clang::FunctionDecl* outermost = &function;
  for (const clang::DeclContext* context = function.getDeclContext(); context;
       context = context->getParent()) {
    if (const auto* outer = llvm::dyn_cast<clang::FunctionDecl>(context)) outermost = outer;
  }
  return *outermost;
}

std::string StableUsr(const clang::FunctionDecl& function) {
  llvm::SmallString<128> usr;
  if (clang::index::generateUSRForDecl(&Outermost(Written(function)), usr)) return QualifiedName(function);
  return usr.str().str();
}

std::string TypeName(const clang::QualType& type) {
  if (type.isNull()) return "";
  if (const auto* alias = type->getAs<clang::TypedefType>()) return QualifiedName(*alias->getDecl());
  if (const clang::TagDecl* tag = type->getAsTagDecl()) return QualifiedName(*tag);
  if (const auto* specialization = type->getAs<clang::TemplateSpecializationType>()) {
    if (const clang::TemplateDecl* decl = specialization->getTemplateName().getAsTemplateDecl())
      return QualifiedName(*decl);
  }
  return "";
}

}  // namespace rankle::tooling
