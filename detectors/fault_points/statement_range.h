// Where whole statements are written: with the semicolon that clang leaves out.
#pragma once

#include "detectors/fault_points/unit.h"

namespace rankle::points {

// nullopt: not written in one piece in a user's file.
std::optional<WrittenRange> StatementRange(Unit& unit, const clang::Stmt& stmt);

// Is the line before the statement a pragma, which would then belong to something else?
bool FollowsPragma(Unit& unit, const clang::Stmt& stmt);

}  // namespace rankle::points
