// One parsed unit as the checks see it: where things are written, which functions the API table knows.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clang/AST/ASTContext.h"
#include "detectors/checks/api_table.h"
#include "detectors/checks/finding.h"
#include "detectors/checks/program_facts.h"
#include "detectors/checks/summaries.h"
#include "detectors/checks/timings.h"

namespace rankle::lint {

class FunctionView;
class Paths;

class UnitView {
 public:
  // `is_users`: says of an absolute path whether findings are wanted there.
  UnitView(clang::ASTContext& context, std::function<bool(const std::string&)> is_users);
  ~UnitView();

  clang::ASTContext& context() const { return context_; }
  const clang::SourceManager& sources() const { return context_.getSourceManager(); }

  // The functions with a body in the user's files, in the order of the source.
  const std::vector<std::unique_ptr<FunctionView>>& functions() const { return functions_; }
  void AddFunction(std::unique_ptr<FunctionView> function);
  // nullptr: not one of them.
  const FunctionView* ViewOf(const clang::FunctionDecl& definition) const;

  // Of all functions of the unit and those that are known of others.
  const Summaries& summaries() const { return summaries_; }
  Summaries& summaries() { return summaries_; }

  // Written in the user's files, not in a system header?
  bool IsUsers(clang::SourceLocation location) const;
  // In the file: of an argument of a macro where it is written, of a macro's body the macro's use.
  Place PlaceOf(clang::SourceLocation location) const;
  std::string Words(clang::SourceRange range) const;  // tokens, without comments
  // The API that a declaration is, by its name; nullptr: none. Member functions of the user's classes are
  // not.
  const Api* ApiOf(const clang::NamedDecl& decl) const;
  // What happens on the paths through the functions of this unit.
  Paths& paths() const { return *paths_; }
  // Where the time goes.
  Timings& timings() const { return timings_; }
  // What checks about the whole program have seen.
  ProgramFacts& program() const { return program_; }

 private:
  struct File {
    std::string path;
    bool users = false;
  };
  const File& FileOf(clang::FileID id) const;

  clang::ASTContext& context_;
  Summaries summaries_;
  std::function<bool(const std::string&)> is_users_;
  mutable std::map<clang::FileID, File> files_;
  mutable std::map<const clang::NamedDecl*, const Api*> apis_;
  std::vector<std::unique_ptr<FunctionView>> functions_;
  std::map<const clang::FunctionDecl*, const FunctionView*> by_decl_;
  std::unique_ptr<Paths> paths_;
  mutable ProgramFacts program_;
  mutable Timings timings_;
};

}  // namespace rankle::lint
