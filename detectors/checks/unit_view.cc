#include "detectors/checks/unit_view.h"

#include <filesystem>

#include "clang/AST/DeclCXX.h"
#include "clang/Basic/SourceManager.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/paths.h"
#include "detectors/tooling/ast_names.h"
#include "detectors/tooling/file_filter.h"
#include "detectors/tooling/source_text.h"

namespace rankle::lint {

UnitView::UnitView(clang::ASTContext& context, std::function<bool(const std::string&)> is_users)
    : context_(context), is_users_(std::move(is_users)), paths_(std::make_unique<Paths>(*this)) {}

UnitView::~UnitView() = default;

void UnitView::AddFunction(std::unique_ptr<FunctionView> function) {
  by_decl_.emplace(&function->decl(), function.get());
  functions_.push_back(std::move(function));
}

const FunctionView* UnitView::ViewOf(const clang::FunctionDecl& definition) const {
  const auto it = by_decl_.find(&definition);
  return it == by_decl_.end() ? nullptr : it->second;
}

const UnitView::File& UnitView::FileOf(clang::FileID id) const {
  const auto [it, fresh] = files_.try_emplace(id);
  if (!fresh) return it->second;
  const auto entry = sources().getFileEntryRefForID(id);
  if (!entry) return it->second;
  it->second.path = tooling::Normalised(std::filesystem::current_path(), entry->getName().str());
  it->second.users =
      !sources().isInSystemHeader(sources().getLocForStartOfFile(id)) && is_users_(it->second.path);
  return it->second;
}

bool UnitView::IsUsers(clang::SourceLocation location) const {
  return FileOf(sources().getFileID(sources().getExpansionLoc(location))).users;
}

Place UnitView::PlaceOf(clang::SourceLocation location) const {
  const clang::SourceLocation written = sources().getFileLoc(location);
  return {FileOf(sources().getFileID(written)).path,
          static_cast<int>(sources().getSpellingLineNumber(written)),
          static_cast<int>(sources().getSpellingColumnNumber(written))};
}

std::string UnitView::Words(clang::SourceRange range) const { return tooling::Tokens(context_, range); }

const Api* UnitView::ApiOf(const clang::NamedDecl& decl) const {
  const auto [it, fresh] = apis_.try_emplace(&decl, nullptr);
  if (!fresh) return it->second;
  // By its plain name, whatever namespace a loader puts it in; what has no C name by its full one.
  const bool method = llvm::isa<clang::CXXMethodDecl>(decl);
  if (!method && decl.getDeclName().isIdentifier()) it->second = FindApi(decl.getName().str());
  if (it->second && it->second->library == Library::kHost && tooling::QualifiedName(decl) != it->second->name)
    it->second = nullptr;  // `recv` of somebody's namespace
  if (!it->second && method) it->second = FindApi(tooling::QualifiedName(decl));
  return it->second;
}

}  // namespace rankle::lint
