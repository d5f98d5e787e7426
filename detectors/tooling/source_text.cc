#include "detectors/tooling/source_text.h"

#include "clang/AST/ASTContext.h"
#include "clang/Basic/SourceManager.h"
#include "clang/Lex/Lexer.h"

namespace rankle::tooling {
namespace {

bool InMacro(clang::SourceLocation location, const clang::SourceManager& sources) {
  return location.isMacroID() && !sources.isMacroArgExpansion(location);
}

}  // namespace

std::string Tokens(const clang::ASTContext& context, clang::SourceRange range) {
  const clang::SourceManager& sources = context.getSourceManager();
  const clang::SourceLocation begin = sources.getExpansionLoc(range.getBegin());
  const clang::SourceLocation last = sources.getExpansionRange(range.getEnd()).getEnd();
  const auto [file, first_offset] = sources.getDecomposedLoc(begin);
  const auto [last_file, last_offset] = sources.getDecomposedLoc(last);
  if (file != last_file || last_offset < first_offset) return "";
  const llvm::StringRef text = sources.getBufferData(file);
  clang::Lexer lexer(sources.getLocForStartOfFile(file), context.getLangOpts(), text.begin(),
                     text.begin() + first_offset, text.end());
  std::string tokens;
  for (clang::Token token; !lexer.LexFromRawLexer(token);) {
    const unsigned offset = sources.getFileOffset(token.getLocation());
    if (offset > last_offset) break;
    if (!tokens.empty()) tokens += ' ';
    tokens += text.substr(offset, token.getLength());
  }
  return tokens;
}

std::string MacroAround(const clang::ASTContext& context, clang::SourceRange range) {
  const clang::SourceManager& sources = context.getSourceManager();
  if (!InMacro(range.getBegin(), sources) && !InMacro(range.getEnd(), sources)) return "";
  const clang::SourceLocation inside = InMacro(range.getBegin(), sources) ? range.getBegin() : range.getEnd();
  const clang::SourceLocation use = sources.getExpansionLoc(inside);
  const unsigned length = clang::Lexer::MeasureTokenLength(use, sources, context.getLangOpts());
  return std::string(sources.getCharacterData(use), length);
}

}  // namespace rankle::tooling
