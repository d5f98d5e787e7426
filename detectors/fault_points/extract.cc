#include "detectors/fault_points/extract.h"

#include <algorithm>

#include "clang/AST/DeclFriend.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/ExprCXX.h"
#include "clang/AST/StmtCXX.h"
#include "detectors/fault_points/ast_names.h"
#include "detectors/fault_points/branches.h"
#include "detectors/fault_points/calls.h"
#include "detectors/fault_points/detectors.h"
#include "detectors/fault_points/error_calls.h"
#include "detectors/fault_points/loops.h"
#include "detectors/fault_points/throws.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

using llvm::dyn_cast;

namespace {

class Walk {
 public:
  explicit Walk(Unit& unit) : unit_(unit) {}

  void Declarations(const clang::DeclContext& context) {
    for (const clang::Decl* decl : context.decls()) Declaration(*decl);
  }

 private:
  void Declaration(const clang::Decl& decl) {
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
        if (!unit_.UserFile(decl.getLocation()).empty()) Declarations(*context);
      }
    }
  }

  void Function(const clang::FunctionDecl& function) {
    if (!function.isThisDeclarationADefinition() || !function.getBody() || function.isDefaulted()) return;
    if (unit_.UserFile(function.getLocation()).empty()) return;
    const FunctionBody body(function);
    Facts& facts = unit_.facts();
    facts.functions.push_back(Described(function, body));
    const BranchIds branches = FindBranches(unit_, body);
    FindThrows(unit_, body, branches);
    FindErrorCalls(unit_, body);
    FindLoops(unit_, body);
    FindDetectors(unit_, body);
    FindUsedResults(unit_, body);
    AddScope(function, body);
    for (int i = 0; i < body.size(); ++i) LocalClasses(body.stmt(i));
  }

  points::Function Described(const clang::FunctionDecl& function, const FunctionBody& body) {
    points::Function described{
        .usr = StableUsr(function),
        .name = QualifiedName(Outermost(function)),
        .file = unit_.UserFile(function.getLocation()),
        .line = static_cast<int>(unit_.sources().getExpansionLineNumber(function.getLocation())),
        .overrides = {},
        .effects = EffectsBelow(unit_, body, -1)};
    if (const auto* method = dyn_cast<clang::CXXMethodDecl>(&function)) {
      for (const clang::CXXMethodDecl* base : method->overridden_methods())
        described.overrides.push_back(StableUsr(*base));
    }
    return described;
  }

  // The frame that callers are read from.
  void AddScope(const clang::FunctionDecl& function, const FunctionBody& body) {
    const clang::CompoundStmt* block = body.Block(-1);
    if (!block || Untouchable(unit_, function)) return;
    const auto range = unit_.WrittenAt(block->getSourceRange());
    if (!range) return;
    const std::string usr = StableUsr(function);
    unit_.Wrap({range->file, range->begin + 1, range->begin + 1},
               " ::rankle_points::Scope rankle_scope(" + IdLiteral(Hex(Fnv(usr))) + "); ", "",
               FunctionKey(usr));
  }

  void LocalClasses(const clang::Stmt& stmt) {
    const auto* declaration = dyn_cast<clang::DeclStmt>(&stmt);
    if (!declaration) return;
    for (const clang::Decl* decl : declaration->decls()) {
      if (const auto* record = dyn_cast<clang::CXXRecordDecl>(decl)) Declarations(*record);
    }
  }

  Unit& unit_;
};

}  // namespace

void Extractor::Handle(clang::ASTContext& context) {
  Unit unit(context, filter_, facts_);
  Walk(unit).Declarations(*context.getTranslationUnitDecl());
  std::sort(facts_.used_results.begin(), facts_.used_results.end());
  facts_.used_results.erase(std::unique(facts_.used_results.begin(), facts_.used_results.end()),
                            facts_.used_results.end());
}

}  // namespace rankle::points
