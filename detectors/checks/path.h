// What happens on one path through a function, as plain events in order: calls of APIs with the values of
// their arguments, calls of functions without a body, memory that the host touches. Calls of functions of the
// unit, constructors, destructors and lambdas are replaced by what happens in them.
//
// A value is the same text on one path whatever variable holds it: `alias = comm` gives two names to one
// value; after `comm = other`, or a call that is given `&comm`, the variable holds another.
#pragma once

#include <string>
#include <vector>

#include "detectors/checks/api_table.h"
#include "detectors/checks/path_memory.h"
#include "detectors/checks/value.h"

namespace clang {
class CallExpr;
class Expr;
class VarDecl;
}  // namespace clang

namespace rankle::lint {

enum class Happening : uint8_t {
  kCall,       // of an API
  kForeign,    // of a function of the program that has no body in this unit, or of the standard library
  kTouch,      // the host reads or writes through a pointer
  kLaunch,     // kernel<<<>>>()
  kScopeEnd,   // of a variable
  kCondition,  // a choice was made
};

struct PathEvent {
  Happening what = Happening::kCall;
  const clang::Expr* expr = nullptr;  // the call, or what touches
  // In the function of the path: the same, or the call through which it happens.
  const clang::Expr* site = nullptr;
  const Api* api = nullptr;
  std::string name;              // of a function without a body: without namespaces and classes
  std::vector<Value> arguments;  // their values before the call; of a method the object's address first
  Value made;                    // kCall: what *out is after the call
  Value result;                  // kCall
  bool failed = false;           // the path goes on as after an error of this call
  bool summarised = false;       // kCall: happens in a function of another unit, called here
  bool nonblocking = false;      // kCall: its configuration says blocking = 0
  Value touched;        // kTouch: the pointer; kLaunch: the stream; kScopeEnd: the variable's address
  bool writes = false;  // kTouch
  const clang::VarDecl* variable = nullptr;  // kScopeEnd
  // kCondition: of `a == b`, `a != b` and `a < b`: a - b; of `a`: a. `equality`: not of `<`; `outcome`: it
  // was so.
  Value difference;
  bool equality = false, outcome = false;

  // The argument in a role of the table; zero: it has none.
  Value At(int8_t position) const {
    return position >= 0 && static_cast<size_t>(position) < arguments.size() ? arguments[position] : Value();
  }
  bool Has(int8_t position) const {
    return position >= 0 && static_cast<size_t>(position) < arguments.size();
  }
  bool Is(Kind kind) const { return what == Happening::kCall && api->kind == kind; }
  bool IsNccl(Kind kind) const { return Is(kind) && api->library == Library::kNccl; }
};

struct Path {
  std::vector<PathEvent> events;
  PathMemory memory;  // at the end
  bool returns =
      false;  // to the end of the function; else: an exception, the end of the process, of patience
};

}  // namespace rankle::lint
