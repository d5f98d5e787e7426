// One parsed unit while its fault points are collected: where things are written, in what words, and the
// facts so far.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "clang/AST/ASTContext.h"
#include "detectors/fault_points/point.h"
#include "detectors/fault_points/point_id.h"
#include "detectors/tooling/file_filter.h"

namespace rankle::points {

// A stretch of a user's file that is written in one piece: it can be wrapped. Offsets in bytes.
struct WrittenRange {
  std::string file;  // absolute
  uint32_t begin = 0, end = 0;
  auto operator<=>(const WrittenRange&) const = default;
};

class Unit {
 public:
  Unit(clang::ASTContext& context, const tooling::FileFilter& filter, Facts& facts);

  clang::ASTContext& context() { return context_; }
  const clang::SourceManager& sources() const { return context_.getSourceManager(); }
  Facts& facts() { return facts_; }

  // Relative to the root; empty: not the user's.
  const std::string& UserFile(clang::SourceLocation location);
  // Fills in id, place, macro, text and function. False when it is not in the user's files.
  bool Describe(Kind kind, const clang::FunctionDecl& function, clang::SourceRange range, Point& point);
  // With spaces between tokens, without comments; of a range in a macro's body: the use of the macro.
  std::string Tokens(clang::SourceRange range) const;
  // Whether it is written in one piece in a user's file: whole arguments and whole uses of macros are.
  std::optional<WrittenRange> WrittenAt(clang::SourceRange range);
  // The macro in whose body the range is, as it is used in the file; empty: written in the file.
  std::string Macro(clang::SourceRange range) const;
  // False when it is an argument of a macro that uses it more than once, and this is not the use that was
  // claimed first: what is wrapped there would count every use.
  bool Claim(const WrittenRange& range, clang::SourceLocation use);
  void Wrap(const WrittenRange& range, std::string before, std::string after, const std::string& point);

 private:
  struct FileNames {
    std::string absolute, relative;
  };
  const FileNames& Names(clang::FileID file);

  clang::ASTContext& context_;
  const tooling::FileFilter& filter_;
  Facts& facts_;
  PointIds ids_;
  std::map<clang::FileID, FileNames> files_;
  std::map<WrittenRange, clang::SourceLocation> claimed_;
};

// "0x0123456789abcdefull"
std::string IdLiteral(const std::string& id);

}  // namespace rankle::points
