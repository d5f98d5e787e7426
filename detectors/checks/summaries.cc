#include "detectors/checks/summaries.h"

#include "clang/AST/Decl.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {

const FunctionSummary& Summaries::Of(const clang::FunctionDecl& function) const {
  const clang::FunctionDecl& written = tooling::Written(function);
  const auto own = own_.find(&written);
  if (own != own_.end()) return own->second;
  const auto [it, fresh] = foreign_.try_emplace(&written);
  if (fresh && written.getFormalLinkage() == clang::Linkage::External) {
    const std::string usr = tooling::StableUsr(written);
    const auto given = given_.find(usr);
    if (given != given_.end()) it->second = given->second;
    wanted_.insert(usr);
  }
  return it->second;
}

bool Summaries::Set(const clang::FunctionDecl& function, FunctionSummary summary) {
  FunctionSummary& known = own_[&tooling::Written(function)];
  if (known == summary) return false;
  known = std::move(summary);
  return true;
}

std::map<std::string, FunctionSummary> Summaries::Exported() const {
  std::map<std::string, FunctionSummary> exported;
  for (const auto& [function, summary] : own_) {
    if (summary.empty() || function->getFormalLinkage() != clang::Linkage::External) continue;
    if (&tooling::Outermost(*function) != function) continue;  // lambdas have no name outside
    exported[tooling::StableUsr(*function)] = summary;
  }
  return exported;
}

}  // namespace rankle::lint
