#include "detectors/checks/timings.h"

namespace rankle::lint {

void Timings::Count() {
  const auto now = std::chrono::steady_clock::now();
  if (present_) *present_ += std::chrono::duration<double>(now - since_).count();
  since_ = now;
}

double* Timings::Enter(std::string_view name) {
  Count();
  double* outer = present_;
  auto it = seconds_.find(name);
  if (it == seconds_.end()) it = seconds_.emplace(std::string(name), 0.0).first;
  present_ = &it->second;
  return outer;
}

void Timings::Leave(double* outer) {
  Count();
  present_ = outer;
}

}  // namespace rankle::lint
