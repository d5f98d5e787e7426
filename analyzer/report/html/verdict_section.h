// What the reader came for: the class in words, who, how sure, in one sentence, and what to do.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section VerdictSection(const Context& context);
// "A rank never entered the operation" for hang.not_entered; the class itself where it is not known here.
std::string ClassInWords(const std::string& anomaly);

}  // namespace rankle::html
