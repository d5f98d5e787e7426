// Where the time of a unit goes: seconds of the wall for each name, each moment counted once (what runs
// inside a scope with its own name is not counted for the scope around it).
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace rankle::lint {

class Timings {
 public:
  class Scope {
   public:
    Scope(Timings& timings, std::string_view name) : timings_(timings), outer_(timings.Enter(name)) {}
    ~Scope() { timings_.Leave(outer_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Timings& timings_;
    double* outer_;
  };

  const std::map<std::string, double, std::less<>>& seconds() const { return seconds_; }

 private:
  // The name that was counted before.
  double* Enter(std::string_view name);
  void Leave(double* outer);
  void Count();  // up to now, for the present name

  std::map<std::string, double, std::less<>> seconds_;
  double* present_ = nullptr;  // nullptr: nothing is counted
  std::chrono::steady_clock::time_point since_;
};

}  // namespace rankle::lint
