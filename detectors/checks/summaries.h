// The summaries of all functions that a unit calls: computed for those with a body in it, given for others.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "detectors/checks/summary.h"

namespace clang {
class Decl;
class FunctionDecl;
}  // namespace clang

namespace rankle::lint {

class Summaries {
 public:
  Summaries() = default;
  // `given`: by USR, of functions of other units.
  explicit Summaries(std::map<std::string, FunctionSummary> given) : given_(std::move(given)) {}

  // Never null: of a function that nothing is known of, an empty one.
  const FunctionSummary& Of(const clang::FunctionDecl& function) const;
  // False when it was known already.
  bool Set(const clang::FunctionDecl& function, FunctionSummary summary);
  // Of the functions of this unit, those that others may call and would care about; by USR.
  std::map<std::string, FunctionSummary> Exported() const;
  // USRs of functions that were asked for and have no body here.
  std::vector<std::string> Wanted() const { return {wanted_.begin(), wanted_.end()}; }

 private:
  std::map<std::string, FunctionSummary> given_;
  std::map<const clang::FunctionDecl*, FunctionSummary> own_;
  mutable std::map<const clang::FunctionDecl*, FunctionSummary> foreign_;
  mutable std::set<std::string> wanted_;
};

}  // namespace rankle::lint
