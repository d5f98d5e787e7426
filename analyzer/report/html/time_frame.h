// The time axis that the drawings of the interesting window share: scale, ticks, and the mark of the moment
// when the trouble shows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "analyzer/report/html/activity.h"
#include "analyzer/report/html/scale.h"
#include "analyzer/report/html/svg.h"
#include "analyzer/report/html/window.h"

namespace rankle::html {

class TimeFrame {
 public:
  static constexpr double kLeft = 100, kRight = kDrawingWidth - 12;  // of the axis
  static constexpr double kAxisHeight = 30;                          // below the drawing

  // `window` must outlive it.
  explicit TimeFrame(const Window& window) : window_(window), x_{window.begin, window.end, kLeft, kRight} {}

  int64_t begin_ns() const { return static_cast<int64_t>(window_.begin * 1e9); }
  int64_t end_ns() const { return static_cast<int64_t>(window_.end * 1e9); }
  double X(double seconds) const { return x_(seconds); }
  double X(int64_t ns) const { return x_(store::Store::Seconds(ns)); }

  // Calls f(step, share of it) for those of `steps` equal parts of the window that a stretch covers.
  template <typename F>
  void Spread(const Stretch& stretch, int steps, const F& f) const {
    const Scale place{window_.begin, window_.end, 0, static_cast<double>(steps)};
    const double begin = place(store::Store::Seconds(stretch.begin));
    const double end = place(store::Store::Seconds(stretch.end));
    for (int step = static_cast<int>(begin); step < steps && step < end; ++step)
      f(step, std::min(end, step + 1.0) - std::max(begin, static_cast<double>(step)));
  }

  void DrawMark(Svg& svg, double top, double bottom) const;  // nothing where the window has none
  void LabelMark(Svg& svg, double baseline) const;
  void DrawAxis(Svg& svg, double y) const;

 private:
  const Window& window_;
  Scale x_;
};

}  // namespace rankle::html
