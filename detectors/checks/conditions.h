// What a branch learns, in words that other branches use too: `!(a > b)`, `a <= b` and `b >= a` are one fact.
#pragma once

#include <string>

#include "detectors/tooling/function_body.h"

namespace clang {
class ASTContext;
class Expr;
}  // namespace clang

namespace rankle::lint {

struct Fact {
  std::string text;  // empty: nothing that could be compared
  bool value = true;
};

// The fact that holds when the condition has this outcome. Constant variables are followed.
Fact FactOf(const clang::Expr* condition, bool outcome, const tooling::FunctionBody& body,
            const clang::ASTContext& context);

// `x` of `x`, `!x`, `x != 0`, `x == ncclSuccess`, with the outcome that x not being zero stands for; nullptr:
// another condition. An assignment in it stands for its value: `(r = f()) != 0` is about `r = f()`.
struct NotZero {
  const clang::Expr* value = nullptr;
  bool outcome = true;
};
NotZero NotZeroOf(const clang::Expr* condition, bool outcome, const clang::ASTContext& context);

}  // namespace rankle::lint
