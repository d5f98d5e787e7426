// A check that looks at one path after the other. A mistake is reported once, however many paths have it, and
// in the function in which both of its parts are: what happens wholly inside a function that is called is
// that function's finding.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "detectors/checks/check.h"
#include "detectors/checks/path.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {

class PathFindings {
 public:
  PathFindings(const FunctionView& function, Reporter& report) : function_(function), report_(report) {}

  const FunctionView& function() const { return function_; }
  // `cause`: what came before it. nullptr: nothing did.
  void Add(const PathEvent& event, const PathEvent* cause, std::string message,
           std::string cause_message = "");

 private:
  const FunctionView& function_;
  Reporter& report_;
  std::set<const void*> reported_;
};

class PathCheck : public Check {
 public:
  void Function(const FunctionView& function, Reporter& report) final;

 protected:
  virtual void OnPath(const Path& path, PathFindings& findings) = 0;
  // After all paths of the function and its lambdas.
  virtual void AfterPaths(const FunctionView& /*function*/, PathFindings& /*findings*/) {}
};

// Are they different things for certain? Two parameters are; two elements of an array, or what two calls have
// returned, need not be.
bool Differ(const Value& a, const Value& b);

// May the host, after this event, rely on the end of what was enqueued on the stream before?
bool MayWaitFor(const PathEvent& event, const Value& stream);

// Does the value come from the rank of this process, by the names in it?
bool MentionsRank(const Value& value);

// Which work the events of CUDA stand for, as far as this path has recorded them.
class EventMarks {
 public:
  void See(const PathEvent& event);
  // `wait`: of a stream for an event. May that stand for an operation on the stream? `operation` lies before.
  bool Covers(const PathEvent& wait, const Value& stream, const PathEvent* operation) const;

 private:
  struct Mark {
    Value stream;
    const PathEvent* record;
  };
  std::map<Value, Mark> marks_;  // by event
};

// The field of the object itself that the value comes from: "comms" of `this->comms[i]`; empty: none.
std::string OwnField(const Value& value);

}  // namespace rankle::lint
