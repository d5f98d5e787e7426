#include "detectors/fault_points/unit.h"

#include <filesystem>

#include "clang/Basic/SourceManager.h"
#include "clang/Lex/Lexer.h"
#include "detectors/fault_points/ast_names.h"

namespace rankle::points {

namespace {

constexpr size_t kLongestText = 160;  // of a point's tokens that are kept for people; the id is made of all

bool InMacro(clang::SourceLocation location, const clang::SourceManager& sources) {
  return location.isMacroID() && !sources.isMacroArgExpansion(location);
}

}  // namespace

Unit::Unit(clang::ASTContext& context, const tooling::FileFilter& filter, Facts& facts)
    : context_(context), filter_(filter), facts_(facts) {}

const Unit::FileNames& Unit::Names(clang::FileID file) {
  const auto [it, fresh] = files_.try_emplace(file);
  if (!fresh) return it->second;
  const auto entry = sources().getFileEntryRefForID(file);
  if (!entry || sources().isInSystemHeader(sources().getLocForStartOfFile(file))) return it->second;
  const std::string absolute = tooling::Normalised(std::filesystem::current_path(), entry->getName().str());
  const std::string relative = filter_.Relative(absolute);
  if (relative.empty()) return it->second;
  it->second = {absolute, relative};
  const llvm::StringRef text = sources().getBufferData(file);
  facts_.lines[relative] = static_cast<uint64_t>(text.count('\n'));
  return it->second;
}

const std::string& Unit::UserFile(clang::SourceLocation location) {
  return Names(sources().getFileID(sources().getExpansionLoc(location))).relative;
}

bool Unit::Describe(Kind kind, const clang::FunctionDecl& function, clang::SourceRange range, Point& point) {
  const clang::SourceLocation place = sources().getExpansionLoc(range.getBegin());
  point.kind = kind;
  point.file = UserFile(place);
  if (point.file.empty()) return false;
  point.line = static_cast<int>(sources().getExpansionLineNumber(place));
  point.column = static_cast<int>(sources().getExpansionColumnNumber(place));
  point.function = StableUsr(function);
  point.function_name = QualifiedName(Outermost(function));
  point.macro = Macro(range);
  point.text = Tokens(range);
  point.id = ids_.Next(kind, point.function, point.text);
  if (point.text.size() > kLongestText) point.text.resize(kLongestText);
  return true;
}

std::string Unit::Tokens(clang::SourceRange range) const {
  const clang::SourceLocation begin = sources().getExpansionLoc(range.getBegin());
  const clang::SourceLocation last = sources().getExpansionRange(range.getEnd()).getEnd();
  const auto [file, first_offset] = sources().getDecomposedLoc(begin);
  const auto [last_file, last_offset] = sources().getDecomposedLoc(last);
  if (file != last_file || last_offset < first_offset) return "";
  const llvm::StringRef text = sources().getBufferData(file);
  clang::Lexer lexer(sources().getLocForStartOfFile(file), context_.getLangOpts(), text.begin(),
                     text.begin() + first_offset, text.end());
  std::string tokens;
  for (clang::Token token; !lexer.LexFromRawLexer(token);) {
    const unsigned offset = sources().getFileOffset(token.getLocation());
    if (offset > last_offset) break;
    if (!tokens.empty()) tokens += ' ';
    tokens += text.substr(offset, token.getLength());
  }
  return tokens;
}

std::optional<WrittenRange> Unit::WrittenAt(clang::SourceRange range) {
  const clang::CharSourceRange written = clang::Lexer::makeFileCharRange(
      clang::CharSourceRange::getTokenRange(range), sources(), context_.getLangOpts());
  if (written.isInvalid()) return std::nullopt;
  const auto [file, begin] = sources().getDecomposedLoc(written.getBegin());
  const auto [end_file, end] = sources().getDecomposedLoc(written.getEnd());
  if (file != end_file || end <= begin || Names(file).relative.empty()) return std::nullopt;
  return WrittenRange{Names(file).absolute, begin, end};
}

std::string Unit::Macro(clang::SourceRange range) const {
  if (!InMacro(range.getBegin(), sources()) && !InMacro(range.getEnd(), sources())) return "";
  const clang::SourceLocation inside =
      InMacro(range.getBegin(), sources()) ? range.getBegin() : range.getEnd();
  const clang::SourceLocation use = sources().getExpansionLoc(inside);
  const unsigned length = clang::Lexer::MeasureTokenLength(use, sources(), context_.getLangOpts());
  return std::string(sources().getCharacterData(use), length);
}

bool Unit::Claim(const WrittenRange& range, clang::SourceLocation use) {
  if (!use.isMacroID()) return true;
  const auto [it, fresh] = claimed_.try_emplace(range, use);
  return fresh || it->second == use;
}

void Unit::Wrap(const WrittenRange& range, std::string before, std::string after, const std::string& point) {
  facts_.edits.push_back({range.file, range.begin, range.end, std::move(before), std::move(after), point});
}

std::string IdLiteral(const std::string& id) { return "0x" + id + "ull"; }

}  // namespace rankle::points
