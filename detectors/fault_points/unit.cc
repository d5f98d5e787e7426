#include "detectors/fault_points/unit.h"

#include <filesystem>

#include "clang/Basic/SourceManager.h"
#include "clang/Lex/Lexer.h"
#include "detectors/fault_points/syntax.h"
#include "detectors/tooling/source_text.h"

namespace rankle::points {

namespace {

constexpr size_t kLongestText = 160;  // of a point's tokens that are kept for people; the id is made of all

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

std::string Unit::Tokens(clang::SourceRange range) const { return tooling::Tokens(context_, range); }

std::optional<WrittenRange> Unit::WrittenAt(clang::SourceRange range) {
  const clang::CharSourceRange written = clang::Lexer::makeFileCharRange(
      clang::CharSourceRange::getTokenRange(range), sources(), context_.getLangOpts());
  if (written.isInvalid()) return std::nullopt;
  const auto [file, begin] = sources().getDecomposedLoc(written.getBegin());
  const auto [end_file, end] = sources().getDecomposedLoc(written.getEnd());
  if (file != end_file || end <= begin || Names(file).relative.empty()) return std::nullopt;
  return WrittenRange{Names(file).absolute, begin, end};
}

std::string Unit::Macro(clang::SourceRange range) const { return tooling::MacroAround(context_, range); }

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
