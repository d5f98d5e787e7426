// Branch points: if, switch, ?:, && and || whose outcome is not constant. Only those in functions that
// contain or reach a fault point are kept; that is decided when units are merged.
#pragma once

#include <map>

#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

// The condition as far as it is written in a user's file: itself, or, where it is in the body of a macro, the
// argument that it consists of (`!(cond)`).
struct WrittenCondition {
  WrittenRange range;
  bool negated = false;  // what is written is the opposite of the condition
  const clang::Expr* expression = nullptr;
};
// nullopt: `why_not` says why it cannot be wrapped.
std::optional<WrittenCondition> FindWrittenCondition(Unit& unit, const clang::Expr& condition,
                                                     std::string& why_not);

// Why nothing in this function can be rewritten; nullptr: it can.
const char* Untouchable(Unit& unit, const clang::FunctionDecl& function);

// Statement -> id of its branch point.
using BranchIds = std::map<const clang::Stmt*, std::string>;
BranchIds FindBranches(Unit& unit, const FunctionBody& body);

}  // namespace rankle::points
