// Source x destination: what each link took, what its sender and receiver explain of it, and what is left.
#pragma once

#include "analyzer/report/html/section.h"

namespace rankle::html {

Section TransferSection(const Context& context);

}  // namespace rankle::html
