#include "detectors/tooling/function_walk.h"

#include "clang/AST/DeclFriend.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/tooling/function_body.h"

namespace rankle::tooling {

using llvm::dyn_cast;

FunctionWalk::FunctionWalk(IsUsers is_users, Visit visit)
    : is_users_(std::move(is_users)), visit_(std::move(visit)) {}

void FunctionWalk::Declarations(const clang::DeclContext& context) {
  for (const clang::Decl* decl : context.decls()) Declaration(*decl);
}

void FunctionWalk::Declaration(const clang::Decl& decl) {
  if (decl.isImplicit()) return;
  if (const auto* function = dyn_cast<clang::FunctionDecl>(&decl)) {
    Function(*function);
  } else if (const auto* function_template = dyn_cast<clang::FunctionTemplateDecl>(&decl)) {
    Function(*function_template->getTemplatedDecl());
  } else if (const auto* class_template = dyn_cast<clang::ClassTemplateDecl>(&decl)) {
    if (class_template->isThisDeclarationADefinition()) Declarations(*class_template->getTemplatedDecl());
  } else if (const auto* friend_decl = dyn_cast<clang::FriendDecl>(&decl)) {
    if (friend_decl->getFriendDecl()) Declaration(*friend_decl->getFriendDecl());
  } else if (const auto* specialization = dyn_cast<clang::ClassTemplateSpecializationDecl>(&decl)) {
    // Instantiations repeat what the template says; explicit specialisations are written.
    if (specialization->isExplicitSpecialization()) Declarations(*specialization);
  } else if (const auto* context = dyn_cast<clang::DeclContext>(&decl)) {
    if (llvm::isa<clang::NamespaceDecl>(decl) || llvm::isa<clang::LinkageSpecDecl>(decl)) {
      Declarations(*context);
    } else if (llvm::isa<clang::CXXRecordDecl>(decl)) {
      if (is_users_(decl.getLocation())) Declarations(*context);
    }
  }
}

void FunctionWalk::Function(const clang::FunctionDecl& function) {
  if (!function.isThisDeclarationADefinition() || !function.getBody() || function.isDefaulted()) return;
  if (!is_users_(function.getLocation())) return;
  const auto shared = std::make_shared<const FunctionBody>(function);
  const FunctionBody& body = *shared;
  visit_(shared);
  for (int i = 0; i < body.size(); ++i) {
    const auto* declaration = dyn_cast<clang::DeclStmt>(&body.stmt(i));
    if (!declaration) continue;
    for (const clang::Decl* decl : declaration->decls()) {
      if (const auto* record = dyn_cast<clang::CXXRecordDecl>(decl)) Declarations(*record);
    }
  }
}

}  // namespace rankle::tooling
