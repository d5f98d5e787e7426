#include "analyzer/report/html/svg.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/report/html/markup.h"

namespace rankle::html {
namespace {

// Tooltips of single marks; the table or list beside the drawing has the whole text.
constexpr size_t kLongestTitle = 160;

std::string Title(absl::string_view title) {
  return title.empty() ? "" : absl::StrCat("<title>", Escape(title, kLongestTitle), "</title>");
}

}  // namespace

std::string Number(double value) {
  std::string text = absl::StrFormat("%.1f", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

Svg::Svg(double height, absl::string_view label, absl::string_view attributes) {
  absl::StrAppend(&text_, "<div class=\"draw\"><svg viewBox=\"0 0 ", kDrawingWidth, " ", Number(height),
                  "\" role=\"img\" aria-label=\"", Escape(label), "\"", attributes.empty() ? "" : " ",
                  attributes, ">");
}

Svg& Svg::Rect(double x, double y, double width, double height, absl::string_view cls,
               absl::string_view title) {
  absl::StrAppend(&text_, "<rect x=\"", Number(x), "\" y=\"", Number(y), "\" width=\"", Number(width),
                  "\" height=\"", Number(height), "\" class=\"", cls, "\"");
  absl::StrAppend(&text_, title.empty() ? "/>" : absl::StrCat(">", Title(title), "</rect>"));
  return *this;
}

Svg& Svg::Text(double x, double y, absl::string_view text, absl::string_view cls, Anchor anchor) {
  static constexpr const char* kAnchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  absl::StrAppend(&text_, "<text x=\"", Number(x), "\" y=\"", Number(y), "\" class=\"", cls, "\"",
                  kAnchors[static_cast<int>(anchor)], ">", Escape(text, kLongestTitle), "</text>");
  return *this;
}

Svg& Svg::Line(double x1, double y1, double x2, double y2, absl::string_view cls) {
  absl::StrAppend(&text_, "<line x1=\"", Number(x1), "\" y1=\"", Number(y1), "\" x2=\"", Number(x2),
                  "\" y2=\"", Number(y2), "\" class=\"", cls, "\"/>");
  return *this;
}

Svg& Svg::Path(absl::string_view d, absl::string_view cls, absl::string_view title) {
  absl::StrAppend(&text_, "<path d=\"", d, "\" class=\"", cls, "\"");
  absl::StrAppend(&text_, title.empty() ? "/>" : absl::StrCat(">", Title(title), "</path>"));
  return *this;
}

Svg& Svg::Begin(absl::string_view cls, absl::string_view title, absl::string_view attributes) {
  absl::StrAppend(&text_, "<g class=\"", cls, "\"", attributes.empty() ? "" : " ", attributes, ">",
                  Title(title));
  return *this;
}

Svg& Svg::End() {
  text_ += "</g>";
  return *this;
}

std::string Svg::Finish() { return text_ += "</svg></div>"; }

void Tiles::Add(double x, double y, double width, double height) {
  absl::StrAppend(&path_, "M", Number(x), " ", Number(y), "h", Number(width), "v", Number(height), "h",
                  Number(-width), "z");
}

}  // namespace rankle::html
