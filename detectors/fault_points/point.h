// What is known of the fault points of a program: plain values, without clang, so that they can be sent from
// the process that parsed a unit, merged over units and tested without a parser.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rankle::points {

enum class Kind : uint8_t { kThrow, kErrorCall, kLoop, kDetector, kBranch };
inline constexpr int kKinds = 5;

// "throw", "error_call", "loop", "detector", "branch".
const char* KindName(Kind kind);

// What code does besides computing, as far as it was seen: of one function, or of the body of one loop.
struct Effects {
  std::vector<std::string> calls;  // USRs of functions of the user's sources
  std::string io;        // one call that reaches outside the process ("recv"); empty: none seen here
  bool blocks = false;   // locks, waits, sleeps, polls an atomic
  bool unknown = false;  // calls through pointers, or into libraries that nothing is known of
  bool fails = false;    // throws, or calls what returns errors
};

struct Point {
  std::string id;  // 16 hexadecimal digits; see point_id.h
  Kind kind = Kind::kThrow;
  std::string function;       // USR of the outermost function around it
  std::string function_name;  // qualified, for people
  std::string file;           // relative to the root of the sources
  int line = 0, column = 0;   // where it is written; in a macro: where that is used
  std::string macro;          // whose body it is in; empty: written in the file
  std::string text;           // its tokens
  // throw: type. error_call: callee. loop: for, while, do, range, goto. detector: name.
  // branch: if, switch, conditional, and, or.
  std::string what;
  std::string family;      // error_call: nccl, cuda, errno, status ... (api_table.h)
  std::string value;       // error_call: the value that stands for an error, as C++; empty: no recipe
  std::string callee;      // error_call, detector by call: USR
  std::string guard;       // throw: id of the branch that decides over it
  int guard_outcome = -1;  // throw: the outcome of that branch which leads to it
  int outcomes = 0;        // branch: 2, or the cases of a switch
  // loop
  Effects effects;               // of its body; what it reaches is added by merging
  int64_t trips = -1;            // constant trip count; -1: not constant
  bool io = false;               // reaches outside the process, itself or through what it calls
  bool retry = false;            // tries again after an error
  bool timer = false;            // waits in its own body
  std::string dropped;           // why it is no fault point after all; empty: kept
  std::string not_instrumented;  // why `rankle instrument` leaves it alone; empty: it does not
};

struct Function {
  std::string usr, name, file;
  int line = 0;
  std::vector<std::string> overrides;  // USRs of the methods that it overrides
  Effects effects;
};

// Text to put around (or, for begin == end, into) the source: offsets in bytes.
struct Edit {
  std::string file;  // absolute
  uint32_t begin = 0, end = 0;
  std::string before, after;
  std::string point;  // id, or FunctionKey
};

// What stands for a function as such in Edit.point.
std::string FunctionKey(const std::string& usr);

// What one unit (or, after merging, all of them) holds.
struct Facts {
  std::vector<Point> points;
  std::vector<Function> functions;        // with bodies
  std::vector<std::string> used_results;  // USRs of functions whose answer somebody looks at
  std::vector<Edit> edits;
  std::map<std::string, uint64_t> lines;  // of the user's files that were read, by their names
  int errors = 0;                         // of the compiler, in this unit
  std::string first_error;
};

std::string ToJson(const Facts& facts);
// Throws nothing: false when the text was cut short.
bool FromJson(const std::string& text, Facts& facts);

}  // namespace rankle::points
