#include "detectors/checks/graph_capture_nonuniform.h"

#include <map>
#include <set>
#include <vector>

#include "clang/AST/Expr.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

// What a path says of captures: which it makes, and how the questions about the rank came out.
struct Passed {
  std::map<const clang::Expr*, PathEvent> captures, launches;  // of graphs with communication
  bool captures_any = false, launches_any = false;
  std::map<const clang::Expr*, bool> answers;
};

class GraphCaptureNonuniform : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        "nccl-graph-capture-nonuniform", "only some ranks capture or launch a graph with communication",
        "distributed_communication_error", "hang/in-collective", Severity::kWarning};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    Passed passed;
    struct Capture {
      const PathEvent* begin;
      int device;  // grows with each choice of a device
      bool communicates = false;
    };
    std::vector<Capture> captures;
    std::vector<size_t> open;
    int device = 0;
    for (const PathEvent& event : path.events) {
      if (event.what == Happening::kCondition && MentionsRank(event.difference))
        passed.answers[event.expr] = event.outcome;
      if (event.what != Happening::kCall) continue;
      if (event.Is(Kind::kSetDevice)) ++device;
      if (event.Is(Kind::kCaptureBegin)) {
        passed.captures_any = true;
        open.push_back(captures.size());
        captures.push_back({&event, device});
      } else if (event.api->library == Library::kNccl && IsCommunication(*event.api)) {
        const Value stream = event.At(event.api->at.stream);
        for (const size_t at : open) {
          if (open.size() > 1 && !(StreamOf(*captures[at].begin) == stream)) continue;
          captures[at].communicates = true;
          passed.captures.emplace(captures[at].begin->expr, *captures[at].begin);
        }
      } else if (event.Is(Kind::kCaptureEnd)) {
        std::erase_if(open,
                      [&](size_t at) { return !Differ(StreamOf(*captures[at].begin), StreamOf(event)); });
      } else if (event.Is(Kind::kGraphLaunch)) {
        passed.launches_any = true;
        if (!passed.captures.empty()) passed.launches.emplace(event.expr, event);
      }
    }
    for (const Capture& first : captures) {
      for (const Capture& second : captures) {
        if (!first.communicates || !second.communicates || first.device >= second.device ||
            StreamOf(*first.begin) == StreamOf(*second.begin))
          continue;
        findings.Add(
            *first.begin, second.begin,
            "one thread captures communication on the streams of several devices: each device needs a thread "
            "of its own");
      }
    }
    if (path.returns) passed_.push_back(std::move(passed));
  }

  void AfterPaths(const FunctionView& /*function*/, PathFindings& findings) override {
    Compare(findings, &Passed::captures, &Passed::captures_any, "capture");
    Compare(findings, &Passed::launches, &Passed::launches_any, "launch");
    passed_.clear();
  }

 private:
  static Value StreamOf(const PathEvent& event) { return event.At(event.api->at.stream); }

  using Events = std::map<const clang::Expr*, PathEvent>;

  // An event that lies on one side of a question about the rank only, while the other side has none like it.
  void Compare(PathFindings& findings, Events Passed::*events, bool Passed::*any,
               const std::string& what) const {
    std::map<const clang::Expr*, PathEvent> all;
    for (const Passed& passed : passed_) all.insert((passed.*events).begin(), (passed.*events).end());
    for (const auto& [expr, event] : all) {
      std::map<const clang::Expr*, std::set<bool>> with, without;
      for (const Passed& passed : passed_) {
        const bool has = (passed.*events).count(expr) > 0;
        if (!has && passed.*any) continue;
        for (const auto& [question, answer] : passed.answers) (has ? with : without)[question].insert(answer);
      }
      for (const auto& [question, answers] : with) {
        const auto other = without.find(question);
        if (answers.size() != 1 || other == without.end() || other->second.count(!*answers.begin()) == 0)
          continue;
        if (other->second.count(*answers.begin()) > 0) continue;  // another question decides
        PathEvent cause;
        cause.expr = cause.site = question;
        findings.Add(event, &cause,
                     "only some ranks " + what +
                         " this graph: communication is in a graph on all its ranks or on none",
                     "depends on the rank");
        break;
      }
    }
  }

  std::vector<Passed> passed_;
};

}  // namespace

std::unique_ptr<Check> MakeGraphCaptureNonuniform() { return std::make_unique<GraphCaptureNonuniform>(); }

}  // namespace rankle::lint
