// Turns what a check points at in the AST into findings.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "detectors/checks/check.h"
#include "detectors/checks/finding.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/suppression.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {

class Reporter {
 public:
  explicit Reporter(const UnitView& unit) : unit_(unit) {}

  // The check whose findings follow, and the function that they are about (nullptr: the unit).
  void Begin(const CheckInfo& check, const clang::FunctionDecl* function);

  // A finding that was added: notes and a fix may follow.
  class Added {
   public:
    Added(Reporter& reporter, size_t index) : reporter_(reporter), index_(index) {}
    Added& Note(clang::SourceLocation at, std::string message);
    // Replaces the range by the text; only where it is written in one piece in a user's file, so nothing of a
    // macro's body. All edits of a finding are made or none.
    Added& Replace(clang::SourceRange range, std::string text);
    Added& Advice();  // less sure than the check's severity

   private:
    Finding* finding();
    Reporter& reporter_;
    size_t index_;
  };
  // At the begin of `range`; nothing is added outside the user's files.
  Added Add(clang::SourceRange range, std::string message) { return Add(range.getBegin(), range, message); }
  // Of a call, where its name is written.
  Added Add(const Call& call, std::string message);

  // In the order of the source, with identities, without those that a comment suppresses.
  std::vector<Finding> Finish();

 private:
  struct Draft {
    Finding finding;
    std::string words;
    bool fix_impossible = false;
    bool suppressed = false;
  };

  Added Add(clang::SourceLocation at, clang::SourceRange range, const std::string& message);

  const Suppressions& SuppressionsOf(clang::FileID file);

  const UnitView& unit_;
  std::map<clang::FileID, Suppressions> suppressions_;
  const CheckInfo* check_ = nullptr;
  const clang::FunctionDecl* function_ = nullptr;
  std::vector<Draft> drafts_;
};

}  // namespace rankle::lint
