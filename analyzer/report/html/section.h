// A section of the page, and what all sections share. A section is one file pair with a function
// `Section XxxSection(const Context&)`, listed in page.cc.
#pragma once

#include <string>
#include <vector>

#include "analyzer/localize/iterations.h"
#include "analyzer/report/html/window.h"
#include "analyzer/report/report.h"

namespace rankle::html {

struct Section {
  std::string id;     // anchor
  std::string title;  // plain text
  std::string lead;   // markup: what is shown and how to read it, in one or two sentences
  std::string body;   // markup; "" = there is nothing to show, the section is left out
};

enum class Part { kOther, kVictim, kLinkEnd, kCulprit };

// Read-only; refers to the report, which must outlive it.
struct Context {
  explicit Context(const Report& report);

  const Report& report;
  const store::Store* store = nullptr;    // null: the report was not made from a job, only texts can be shown
  const facts::Facts* facts = nullptr;    // likewise
  std::vector<Part> parts;                // by rank (index into Store::ranks): what the verdict says of it
  std::vector<int32_t> Culprits() const;  // ranks with that part, ascending
  std::vector<localize::IterationSeries> series;  // the longest first
  Window window;                                  // the interesting stretch of time

  // The place of a rank among Store::ranks, or kNone.
  int32_t RankOf(int32_t global) const;
};

// "<p class=..>text</p>" of plain text, "" of none.
std::string Paragraph(const std::string& text, const char* cls = "");
// A list of plain texts; long lists and long texts are cut.
std::string List(const std::vector<std::string>& items);
// Legend entry: a swatch of that class and what it means (plain text).
std::string Swatch(const char* cls, const std::string& meaning);
// The colour steps with the values at both ends (plain text).
std::string ColourLegend(const std::string& meaning, const std::string& least, const std::string& most);

}  // namespace rankle::html
