// What a check has found, as plain values: what is printed, stored and compared with a baseline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::lint {

// kAdvice: may be as intended; such checks are not on unless they are named.
enum class Severity : uint8_t { kAdvice, kWarning, kError };
const char* SeverityName(Severity severity);

struct Place {
  std::string file;          // absolute
  int line = 0, column = 0;  // from 1; columns are bytes
  auto operator<=>(const Place&) const = default;
};

struct Note {
  Place place;
  std::string message;
};

// Replaces bytes [begin, end) of a file.
struct Edit {
  std::string file;
  uint32_t begin = 0, end = 0;
  std::string text;
  auto operator<=>(const Edit&) const = default;
};

struct Finding {
  std::string check;
  Severity severity = Severity::kWarning;
  Place place;
  std::string message;      // one sentence, lower case, without a full stop
  std::vector<Note> notes;  // the path or the reason
  std::vector<Edit> fix;    // empty: none that is safe
  std::string function;     // USR
  std::string function_name;
  std::string identity;  // the same after edits elsewhere: see Identify
};

// Gives findings (of one unit, in the order of the source) their identity: a hash of the check, the function,
// the words of the code, and its number among equal ones. `words`: of each finding, in the same order.
void Identify(std::vector<Finding>& findings, const std::vector<std::string>& words);

// By place; of findings that several units report (headers) one is left.
void SortAndMerge(std::vector<Finding>& findings);

}  // namespace rankle::lint
