// Where a function starts threads, and what they run.
#pragma once

#include <vector>

#include "detectors/checks/function_view.h"

namespace clang {
class LambdaExpr;
}  // namespace clang

namespace rankle::lint {

struct ThreadStart {
  int node = 0;                                 // the expression that starts it
  const clang::LambdaExpr* lambda = nullptr;    // what it runs: this, or ...
  const clang::FunctionDecl* callee = nullptr;  // ... this, with its arguments
  std::vector<const clang::Expr*> arguments;
  bool repeated = false;  // in a loop, where one may run beside the next
};

// std::thread, std::jthread, std::async and containers of them. Threads that are waited for where they are
// started are left out.
std::vector<ThreadStart> ThreadStartsOf(const FunctionView& function);

// `join()`, or `get()` and `wait()` of a future.
bool IsJoin(const Call& call);

bool JoinedBetween(const FunctionView& function, int begin, int end);

// The loop around the node, that of `do {} while (0)` left out; -1: none.
int RealLoop(const FunctionView& function, int node);

}  // namespace rankle::lint
