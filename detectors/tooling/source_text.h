// What a stretch of source says, as it is written.
#pragma once

#include <string>

namespace clang {
class ASTContext;
class SourceRange;
}  // namespace clang

namespace rankle::tooling {

// With spaces between tokens, without comments; of a range in a macro's body: the use of the macro.
std::string Tokens(const clang::ASTContext& context, clang::SourceRange range);
// The macro in whose body the range is, as it is used in the file; empty: written in the file.
std::string MacroAround(const clang::ASTContext& context, clang::SourceRange range);

}  // namespace rankle::tooling
