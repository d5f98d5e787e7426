// The checks as a plugin of clang-tidy: `clang-tidy-19 -load librankle-tidy.so -checks=nccl-*`. One adapter
// class runs any of them. What needs the whole program (nccl-wait-without-async-poll, functions of other
// units) is left to `rankle lint`.
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "clang-tidy/ClangTidyCheck.h"
#include "clang-tidy/ClangTidyModule.h"
#include "clang-tidy/ClangTidyModuleRegistry.h"
#include "clang/ASTMatchers/ASTMatchFinder.h"
#include "clang/Basic/SourceManager.h"
#include "detectors/checks/check.h"
#include "detectors/checks/program_facts.h"
#include "detectors/tidy/unit_findings.h"
#include "detectors/tooling/file_filter.h"

namespace rankle::lint {
namespace {

// Files by the paths that findings name them with.
class Files {
 public:
  explicit Files(const clang::SourceManager& sources) : sources_(sources) {
    for (auto it = sources.fileinfo_begin(); it != sources.fileinfo_end(); ++it)
      by_path_.emplace(tooling::Normalised(std::filesystem::current_path(), it->first.getName().str()),
                       it->first);
  }
  clang::SourceLocation At(const Place& place) const {
    const auto file = by_path_.find(place.file);
    return file == by_path_.end()
               ? clang::SourceLocation()
               : sources_.translateFileLineCol(file->second, static_cast<unsigned>(place.line),
                                               static_cast<unsigned>(place.column));
  }
  clang::SourceLocation At(const std::string& path, uint32_t offset) const {
    const auto file = by_path_.find(path);
    if (file == by_path_.end()) return {};
    return sources_.getLocForStartOfFile(sources_.translateFile(file->second))
        .getLocWithOffset(static_cast<int>(offset));
  }

 private:
  const clang::SourceManager& sources_;
  std::map<std::string, clang::FileEntryRef> by_path_;
};

class TidyAdapter : public clang::tidy::ClangTidyCheck {
 public:
  TidyAdapter(llvm::StringRef name, clang::tidy::ClangTidyContext* context,
              std::shared_ptr<UnitFindings> findings)
      : ClangTidyCheck(name, context), name_(name.str()), findings_(std::move(findings)) {}

  void registerMatchers(clang::ast_matchers::MatchFinder* finder) override {
    finder->addMatcher(clang::ast_matchers::translationUnitDecl(), this);
  }

  void check(const clang::ast_matchers::MatchFinder::MatchResult& result) override {
    const Files files(*result.SourceManager);
    for (const Finding& finding : findings_->Of(*result.Context)) {
      if (finding.check != name_) continue;
      const clang::SourceLocation at = files.At(finding.place);
      if (at.isInvalid()) continue;
      {
        clang::DiagnosticBuilder diagnostic = diag(at, finding.message);
        for (const Edit& edit : finding.fix) {
          const clang::CharSourceRange range = clang::CharSourceRange::getCharRange(
              files.At(edit.file, edit.begin), files.At(edit.file, edit.end));
          if (range.isValid()) diagnostic << clang::FixItHint::CreateReplacement(range, edit.text);
        }
      }
      for (const Note& note : finding.notes) {
        const clang::SourceLocation there = files.At(note.place);
        if (there.isValid()) diag(there, note.message, clang::DiagnosticIDs::Note);
      }
    }
  }

  void onEndOfTranslationUnit() override { findings_->Forget(); }

 private:
  const std::string name_;
  const std::shared_ptr<UnitFindings> findings_;
};

class RankleModule : public clang::tidy::ClangTidyModule {
 public:
  void addCheckFactories(clang::tidy::ClangTidyCheckFactories& factories) override {
    const auto findings = std::make_shared<UnitFindings>();
    for (const std::unique_ptr<Check>& check : AllChecks()) {
      const std::string name(check->info().name);
      if (name == kWaitWithoutAsyncPoll) continue;
      factories.registerCheckFactory(name,
                                     [findings](llvm::StringRef as, clang::tidy::ClangTidyContext* context) {
                                       return std::make_unique<TidyAdapter>(as, context, findings);
                                     });
    }
  }
};

clang::tidy::ClangTidyModuleRegistry::Add<RankleModule> registration("rankle-module",
                                                                     "Misuse of NCCL, CUDA and MPI.");

}  // namespace
}  // namespace rankle::lint
