#include "detectors/checks/reporter.h"

#include <algorithm>

#include "clang/AST/ExprCXX.h"
#include "clang/Basic/SourceManager.h"
#include "clang/Lex/Lexer.h"
#include "detectors/tooling/ast_names.h"

namespace rankle::lint {
namespace {

constexpr size_t kNone = SIZE_MAX;  // a finding that was not added

}  // namespace

void Reporter::Begin(const CheckInfo& check, const clang::FunctionDecl* function) {
  check_ = &check;
  function_ = function;
}

Reporter::Added Reporter::Add(const Call& call, std::string message) {
  const clang::Expr* callee = call.expr;
  if (const auto* written = llvm::dyn_cast<clang::CallExpr>(call.expr)) callee = written->getCallee();
  callee = callee->IgnoreParenImpCasts();
  clang::SourceLocation at = callee->getBeginLoc();
  if (const auto* member = llvm::dyn_cast<clang::MemberExpr>(callee)) at = member->getMemberLoc();
  if (llvm::isa<clang::CXXOperatorCallExpr>(call.expr)) at = call.expr->getBeginLoc();
  return Add(at, call.expr->getSourceRange(), message);
}

Reporter::Added Reporter::Add(clang::SourceLocation at, clang::SourceRange range,
                              const std::string& message) {
  if (at.isInvalid() || range.isInvalid() || !unit_.IsUsers(at)) return {*this, kNone};
  Draft draft;
  draft.finding.check = check_->name;
  draft.finding.severity = check_->severity;
  draft.finding.place = unit_.PlaceOf(at);
  draft.finding.message = message;
  if (function_) {
    draft.finding.function = tooling::StableUsr(*function_);
    draft.finding.function_name = tooling::QualifiedName(tooling::Outermost(*function_));
  }
  draft.words = unit_.Words(range);
  const clang::SourceManager& sources = unit_.sources();
  // A comment stands where the code is written, or where the macro is used.
  for (const clang::SourceLocation at :
       {sources.getFileLoc(at), sources.getExpansionLoc(at), sources.getFileLoc(range.getEnd())}) {
    const auto [file, offset] = sources.getDecomposedLoc(at);
    draft.suppressed |= SuppressionsOf(file).Silence(offset, check_->name);
  }
  drafts_.push_back(std::move(draft));
  return {*this, drafts_.size() - 1};
}

const Suppressions& Reporter::SuppressionsOf(clang::FileID file) {
  const auto known = suppressions_.find(file);
  if (known != suppressions_.end()) return known->second;
  const llvm::StringRef text = unit_.sources().getBufferData(file);
  return suppressions_.emplace(file, std::string_view(text.data(), text.size())).first->second;
}

Finding* Reporter::Added::finding() { return index_ == kNone ? nullptr : &reporter_.drafts_[index_].finding; }

Reporter::Added& Reporter::Added::Note(clang::SourceLocation at, std::string message) {
  if (Finding* finding = this->finding(); finding && at.isValid())
    finding->notes.push_back({reporter_.unit_.PlaceOf(at), std::move(message)});
  return *this;
}

Reporter::Added& Reporter::Added::Replace(clang::SourceRange range, std::string text) {
  if (index_ == kNone) return *this;
  Draft& draft = reporter_.drafts_[index_];
  const UnitView& unit = reporter_.unit_;
  const clang::CharSourceRange written = clang::Lexer::makeFileCharRange(
      clang::CharSourceRange::getTokenRange(range), unit.sources(), unit.context().getLangOpts());
  // makeFileCharRange also takes whole uses of macros: what they stand for is not ours to change.
  draft.fix_impossible |= written.isInvalid() || !unit.IsUsers(written.getBegin()) ||
                          unit.sources().isMacroBodyExpansion(range.getBegin()) ||
                          unit.sources().isMacroBodyExpansion(range.getEnd());
  if (draft.fix_impossible) {
    draft.finding.fix.clear();
    return *this;
  }
  const auto [file, begin] = unit.sources().getDecomposedLoc(written.getBegin());
  const unsigned end = unit.sources().getFileOffset(written.getEnd());
  draft.finding.fix.push_back({unit.PlaceOf(written.getBegin()).file, begin, end, std::move(text)});
  return *this;
}

Reporter::Added& Reporter::Added::Advice() {
  if (Finding* finding = this->finding()) finding->severity = Severity::kAdvice;
  return *this;
}

std::vector<Finding> Reporter::Finish() {
  std::erase_if(drafts_, [](const Draft& draft) { return draft.suppressed; });
  std::stable_sort(drafts_.begin(), drafts_.end(), [](const Draft& a, const Draft& b) {
    return std::tie(a.finding.place, a.finding.check) < std::tie(b.finding.place, b.finding.check);
  });
  std::vector<Finding> findings;
  std::vector<std::string> words;
  for (Draft& draft : drafts_) {
    findings.push_back(std::move(draft.finding));
    words.push_back(std::move(draft.words));
  }
  drafts_.clear();
  Identify(findings, words);
  return findings;
}

}  // namespace rankle::lint
