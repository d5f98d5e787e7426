#include "analyzer/report/report.h"
namespace rankle {
std::string RenderHtml(const Report& r) { return RenderText(r); }
}  // namespace rankle
