// "Did you mean": the nearest known word by edit distance, for messages about unknown keys, actions and
// functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankle::plan {

// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other, ignoring
// case.
size_t EditDistance(std::string_view a, std::string_view b);
// " (did you mean 'x'?)", or "" when nothing is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace rankle::plan
