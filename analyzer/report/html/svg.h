// Drawings for the page. Coordinates are CSS pixels at the page's full width; colours are classes of the
// style sheet, so that light, dark and print need no second drawing.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rankle::html {

// Width of every drawing: the page's text width. Narrower screens scroll inside the section.
inline constexpr int kDrawingWidth = 1040;

enum class Anchor { kStart, kMiddle, kEnd };

class Svg {
 public:
  // `label` says to those who cannot see it what the drawing shows. `attributes` goes into the tag as it is.
  Svg(double height, absl::string_view label, absl::string_view attributes = "");

  // Text and titles are escaped here; classes are the page's own.
  Svg& Rect(double x, double y, double width, double height, absl::string_view cls,
            absl::string_view title = "");
  Svg& Text(double x, double y, absl::string_view text, absl::string_view cls,
            Anchor anchor = Anchor::kStart);
  Svg& Line(double x1, double y1, double x2, double y2, absl::string_view cls);
  Svg& Path(absl::string_view d, absl::string_view cls, absl::string_view title = "");
  Svg& Begin(absl::string_view cls, absl::string_view title = "",
             absl::string_view attributes = "");  // of a group
  Svg& End();
  std::string Finish();

 private:
  std::string text_;
};

// Rectangles of one colour as one path: a hundredth of the elements, a fifth of the bytes.
class Tiles {
 public:
  void Add(double x, double y, double width, double height);
  bool empty() const { return path_.empty(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A coordinate without superfluous digits.
std::string Number(double value);

}  // namespace rankle::html
