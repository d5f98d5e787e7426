// What is known on one path: what lies where, and which conditions held. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "detectors/checks/value.h"

namespace rankle::lint {

// Addresses are texts: a variable's name with a number, `.field` of an address, `*(value)`.
class PathMemory {
 public:
  // What lies there. Of memory that nobody wrote on this path: a value of that name, always the same.
  Value Read(const std::string& address, bool is_pointer) const;
  void Write(const std::string& address, Value value) { written_[address] = std::move(value); }
  // The fields of one object become those of another.
  void CopyFields(const std::string& from, const std::string& to);
  // The address by its present name: after Forget, of it or of what it is in, it has another.
  std::string Present(std::string address) const;
  // Its content is not known from here on: what was read of it before is something else.
  void Forget(const std::string& address) { versions_[address] = ++count_; }
  // Was anything written there, or in what lies there?
  bool Wrote(const std::string& address) const;
  // Something that was not there before.
  Value Fresh(const std::string& what) { return Value::Atom(what + "#" + std::to_string(++count_)); }

 private:
  std::map<std::string, Value> written_;
  std::map<std::string, int> versions_;
  int count_ = 0;
};

// `difference == 0` or `difference < 0`, or the opposite.
struct PathCondition {
  enum class Kind { kZero, kNegative };
  Kind kind = Kind::kZero;
  Value difference;
  bool opposite = false;
};

class PathFacts {
 public:
  std::optional<bool> Known(const PathCondition& condition) const;
  void Assume(const PathCondition& condition, bool outcome);

 private:
  std::map<std::string, bool> facts_;
  std::map<std::string, int64_t> constants_;  // atoms that equal one
};

}  // namespace rankle::lint
