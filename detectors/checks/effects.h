// What functions do to the communicators that they are given, for their callers in this unit and in others.
#pragma once

#include <vector>

#include "detectors/checks/function_view.h"
#include "detectors/checks/summary.h"

namespace rankle::lint {

// Where the function has the value of the expression from.
Origin OriginOf(const clang::Expr* expression, const clang::FunctionDecl& function);

// The object of the call of a method; nullptr: of another call, or the caller's own object.
const clang::Expr* ObjectOf(const Call& call);

// Of a call in the function, in terms of its own parameters. `callee`: of what is called, if that is no API.
std::vector<Effect> EffectsOf(const Call& call, const FunctionSummary* callee,
                              const clang::FunctionDecl& function);

}  // namespace rankle::lint
