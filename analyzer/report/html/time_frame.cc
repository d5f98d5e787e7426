#include "analyzer/report/html/time_frame.h"

#include "absl/strings/str_cat.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {

void TimeFrame::DrawMark(Svg& svg, double top, double bottom) const {
  if (window_.has_mark) svg.Line(x_(window_.mark), top, x_(window_.mark), bottom, "mark");
}

void TimeFrame::LabelMark(Svg& svg, double baseline) const {
  if (!window_.has_mark) return;
  const double x = x_(window_.mark);
  const bool on_the_left = x > kDrawingWidth * 0.7;  // a label on the right would leave the drawing
  svg.Text(x + (on_the_left ? -5 : 5), baseline, absl::StrCat(window_.mark_label, ", ", At(window_.mark)),
           "marked", on_the_left ? Anchor::kEnd : Anchor::kStart);
}

void TimeFrame::DrawAxis(Svg& svg, double y) const {
  svg.Line(kLeft, y + 4, kRight, y + 4, "axis");
  for (const Tick& tick : TimeTicks(window_.begin, window_.end, 8)) {
    const double x = x_(tick.value);
    svg.Line(x, y + 4, x, y + 8, "axis");
    svg.Text(x, y + 21, tick.label, "tick",
             x < kLeft + 20    ? Anchor::kStart
             : x > kRight - 30 ? Anchor::kEnd
                               : Anchor::kMiddle);
  }
  svg.Text(4, y + 21, "time", "tick");
}

}  // namespace rankle::html
