// Which stretch of the job is worth a drawing at full resolution: some iterations before the trouble and some
// after it. Pure.
#pragma once

#include <string>
#include <vector>

#include "analyzer/localize/iterations.h"
#include "analyzer/report/report.h"

namespace rankle::html {

struct Window {
  double begin = 0, end = 1;  // s on the job's axis, begin < end
  bool has_mark = false;      // there is a moment at which the trouble shows
  double mark = 0;
  std::string mark_label;  // what happened then
  bool goes_on = false;    // the trouble lasts beyond the end of the window
  double until = 1;        // end of what was observed
};

Window ChooseWindow(const Report& report, const std::vector<localize::IterationSeries>& series);

}  // namespace rankle::html
