// Who is called, and what a call does besides computing.
#pragma once

#include <string>

#include "detectors/fault_points/api_table.h"
#include "detectors/fault_points/syntax.h"
#include "detectors/fault_points/unit.h"

namespace rankle::points {

struct Callee {
  const clang::FunctionDecl* function = nullptr;  // nullptr: through a pointer, or not known in a template
  std::string name;                               // qualified
  bool user = false;                              // declared in the user's files
  const Api* api = nullptr;                       // of library functions
};

// Of a call or the construction of an object; false for other statements.
bool FindCallee(Unit& unit, const clang::Stmt& stmt, Callee& callee);

// Adds what this statement itself does (not those below it).
void AddEffects(Unit& unit, const clang::Stmt& stmt, Effects& effects);

// Of all statements below `node`, itself included; -1: of the whole body.
Effects EffectsBelow(Unit& unit, const FunctionBody& body, int node);

// Does anything below read what other threads or signals change: an atomic, a volatile?
bool ReadsShared(const FunctionBody& body, int node);

}  // namespace rankle::points
