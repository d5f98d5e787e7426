// Runs the tracee under librankle.so with the fake libraries and gives back what it printed and what was
// recorded.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "injector/api/api.h"
#include "injector/plan/control_file.h"
#include "tracer/record/reader.h"

namespace rankle::hooks {

struct TraceeOptions {
  std::vector<std::string> faults;  // short forms
  std::map<std::string, std::string> environment;
  bool trace = true;
};

struct TraceeResult {
  int exit_code = -1;                         // 128 + signal when killed
  std::string output;                         // both streams
  std::vector<record::FlightRecord> records;  // ordered by start
  std::vector<uint64_t> fired;                // of each fault, from the control page

  // Of the first record: events of a kind, or of one function among them.
  std::vector<record::Event> Events(record::Kind kind, const std::string& api = "") const;
  std::vector<uint64_t> Lifecycle() const;  // the LifecycleEvents in order
};

// A running tracee, for tests that act while it runs.
class Tracee {
 public:
  explicit Tracee(const std::vector<std::string>& arguments, const TraceeOptions& options = {});
  ~Tracee();
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;

  TraceeResult Wait();
  int pid() const { return pid_; }
  plan::ControlFile& control() { return *control_; }

 private:
  std::string folder_;
  int pid_ = 0;
  int output_ = -1;
  std::vector<plan::ControlFile> owned_control_;
  plan::ControlFile* control_ = nullptr;
};

inline TraceeResult RunTracee(const std::vector<std::string>& arguments, const TraceeOptions& options = {}) {
  return Tracee(arguments, options).Wait();
}

}  // namespace rankle::hooks
