// What a link of a cycle says, in words that the text and the page share.
#pragma once

#include <string>
#include <vector>

#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/observation.h"

namespace rankle::cli {

// "recv: EAGAIN", "2.31 times as many calls".
std::string EffectInWords(const stitch::Edge& edge, const stitch::Names& names);

// Runs that prove a link: the first few, and how many more there are.
std::string RunsInWords(std::vector<std::string> runs);

}  // namespace rankle::cli
