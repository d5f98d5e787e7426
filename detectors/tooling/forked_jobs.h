// Runs jobs in processes of their own, several at a time, and collects a text from each. A job that crashes,
// or does not end in time, costs its own answer only: parsers meet sources that kill them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace rankle::tooling {

struct JobEnd {
  size_t job = 0;
  std::string answer;
  std::string failure;  // "crashed (SIGSEGV)"; empty: the answer is whole
};

// Calls `work(job)` for 0 .. count-1, each in a child of this process, which must have one thread only.
// `done` is called here, in the order in which jobs end. False: no process could be started (`done` was
// called for those that ended).
bool RunForked(size_t count, int parallel, std::chrono::seconds limit,
               const std::function<std::string(size_t job)>& work, const std::function<void(JobEnd)>& done);

}  // namespace rankle::tooling
