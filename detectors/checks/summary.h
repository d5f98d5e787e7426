// What a call of a function of the program does, as far as the checks care: the facts that pass between
// functions, and through a file between units. Plain values.
#pragma once

#include <string>
#include <vector>

namespace rankle::lint {

// Where a function has a value from.
struct Origin {
  static constexpr int kNowhere = -2, kObject = -1;  // not known to its caller; the object of a method
  int parameter = kNowhere;                          // else the number of a parameter
  bool part = false;                                 // a field or an element of it

  bool exact() const { return parameter >= 0 && !part; }
  bool operator==(const Origin&) const = default;
};

// What a function does to a communicator whatever it is given: enqueues an operation, destroys it.
struct Effect {
  std::string api;
  Origin comm, stream;
  bool operator==(const Effect&) const = default;
};

struct FunctionSummary {
  // Groups: on all its normal ends it leaves one open that it started, or has ended one that it did not.
  bool opens = false, closes = false;
  // ... only on some: a constructor and destructor that ask the same flag.
  bool may_open = false, may_close = false;
  bool has_group = false;      // starts a group somewhere: a callable that it is given runs inside, as a rule
  bool throws = false;         // an exception of its own or of the program's leaves it
  bool never_returns = false;  // ends the process, or always throws
  bool sets_device = false;
  std::string waits;  // the call that keeps the host waiting, whatever it is given; empty: none
  bool sends = false, receives = false;  // in one direction only, and in no group of its own with the other
  // Collectives in the order of the source: "ncclAllReduce@2" on the communicator that is the third
  // parameter, "ncclAllReduce ..." on another.
  std::vector<std::string> collectives;
  std::vector<Effect> effects;  // in the order of the source
  bool operator==(const FunctionSummary&) const = default;
  // Nothing that a caller would care about.
  bool empty() const { return *this == FunctionSummary{}; }
};

}  // namespace rankle::lint
