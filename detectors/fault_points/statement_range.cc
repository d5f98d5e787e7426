#include "detectors/fault_points/statement_range.h"

#include "clang/AST/StmtCXX.h"
#include "clang/Lex/Lexer.h"

namespace rankle::points {

using llvm::dyn_cast;
using llvm::isa;

namespace {

// The statement at whose end `stmt` ends.
const clang::Stmt& Last(const clang::Stmt& stmt) {
  if (const auto* at = dyn_cast<clang::IfStmt>(&stmt))
    return Last(at->getElse() ? *at->getElse() : *at->getThen());
  if (const auto* at = dyn_cast<clang::ForStmt>(&stmt)) return Last(*at->getBody());
  if (const auto* at = dyn_cast<clang::WhileStmt>(&stmt)) return Last(*at->getBody());
  if (const auto* at = dyn_cast<clang::CXXForRangeStmt>(&stmt)) return Last(*at->getBody());
  if (const auto* at = dyn_cast<clang::SwitchStmt>(&stmt)) return Last(*at->getBody());
  if (const auto* at = dyn_cast<clang::LabelStmt>(&stmt)) return Last(*at->getSubStmt());
  if (const auto* at = dyn_cast<clang::AttributedStmt>(&stmt)) return Last(*at->getSubStmt());
  return stmt;
}

}  // namespace

std::optional<WrittenRange> StatementRange(Unit& unit, const clang::Stmt& stmt) {
  auto range = unit.WrittenAt(stmt.getSourceRange());
  const clang::Stmt& last = Last(stmt);
  if (!range || isa<clang::CompoundStmt, clang::NullStmt, clang::CXXTryStmt, clang::DeclStmt>(last))
    return range;
  const clang::SourceLocation end = stmt.getEndLoc();
  const auto next = clang::Lexer::findNextToken(unit.sources().getExpansionRange(end).getEnd(),
                                                unit.sources(), unit.context().getLangOpts());
  if (!next || next->isNot(clang::tok::semi)) return std::nullopt;
  range->end = unit.sources().getFileOffset(next->getLocation()) + 1;
  return range;
}

bool FollowsPragma(Unit& unit, const clang::Stmt& stmt) {
  const auto [file, offset] = unit.sources().getDecomposedExpansionLoc(stmt.getBeginLoc());
  const llvm::StringRef before = unit.sources().getBufferData(file).take_front(offset).rtrim();
  const llvm::StringRef line = before.substr(before.rfind('\n') + 1).ltrim();
  return line.starts_with("#pragma") || line.starts_with("# pragma") || line.starts_with("_Pragma");
}

}  // namespace rankle::points
