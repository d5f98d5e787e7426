// The report as a JUnit file with one case, so that a CI system shows a verdict like a test result.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/report/report.h"
#include "analyzer/report/xml.h"

namespace rankle {

std::string RenderJunit(const Report& r) {
  const bool bad = !r.verdict.IsHealthy();
  std::string out = absl::StrFormat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"rankle\" tests=\"1\" failures=\"%d\" errors=\"0\" time=\"%.3f\">\n"
      "  <testcase classname=\"rankle.analyze\" name=\"job is healthy\" time=\"%.3f\">\n",
      bad ? 1 : 0, r.job.duration_s, r.job.duration_s);
  if (bad) {
    absl::StrAppend(&out, "    <failure type=\"", EscapeXml(r.verdict.anomaly), "\" message=\"",
                    EscapeXml(r.verdict.summary), "\">", EscapeXml(RenderText(r)), "</failure>\n");
  }
  return absl::StrCat(out, "  </testcase>\n</testsuite>\n");
}

}  // namespace rankle
