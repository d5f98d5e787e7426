#include "detectors/checks/serial_multi_abort.h"

#include <string>
#include <vector>

#include "clang/AST/ExprCXX.h"
#include "detectors/checks/path_check.h"

namespace rankle::lint {
namespace {

// Elements of one array or container: the same call in two turns of a loop, or `comms[0]` and `comms[1]`.
bool AreElements(const PathEvent& first, const PathEvent& second) {
  const Value a = first.At(first.api->at.comm), b = second.At(second.api->at.comm);
  if (a == b || a.AsConstant() || b.AsConstant()) return false;
  if (first.expr == second.expr && first.site == second.site) return true;
  const std::string one = a.Text(), other = b.Text();
  const size_t plus = one.find('+'), other_plus = other.find('+');
  return one.starts_with("*(") && plus != std::string::npos && other_plus != std::string::npos &&
         one.substr(one.find('^')) != other.substr(other.find('^'));
}

class SerialMultiAbort : public PathCheck {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-serial-multi-abort",
                                     "communicators of several devices are aborted one after another",
                                     "concurrency_error", "hang/exit", Severity::kAdvice};
    return kInfo;
  }

  void OnPath(const Path& path, PathFindings& findings) override {
    int depth = 0;
    const PathEvent* first = nullptr;
    for (const PathEvent& event : path.events) {
      if (event.IsNccl(Kind::kGroupStart)) ++depth;
      if (event.IsNccl(Kind::kGroupEnd) && depth > 0) --depth;
      // Guards of groups that are not in sight.
      if (event.what == Happening::kForeign && event.name.find("roup") != std::string::npos) return;
      if (depth > 0 || !event.IsNccl(Kind::kCommAbort) || event.api->name != "ncclCommAbort") continue;
      if (first && AreElements(*first, event)) {
        findings.Add(
            *first, nullptr,
            "communicators of several devices are aborted one after another: the first may wait for the "
            "others; abort them in one group");
        return;
      }
      if (!first) first = &event;
    }
  }
};

}  // namespace

std::unique_ptr<Check> MakeSerialMultiAbort() { return std::make_unique<SerialMultiAbort>(); }

}  // namespace rankle::lint
