// How often a loop runs, where that is written in its head.
#pragma once

#include <cstdint>

namespace clang {
class ASTContext;
class Stmt;
}  // namespace clang

namespace rankle::points {

// `for (int i = 0; i < 4; ++i)`, a range-for over an array or a list; -1: not constant. Ignores breaks.
int64_t ConstantTrips(const clang::Stmt& loop, const clang::ASTContext& context);

}  // namespace rankle::points
