// A bug as a JSON object with the keys of corpora/bugs, `id` first. What it writes, LoadBugs reads.
#pragma once

#include <nlohmann/json.hpp>

#include "analyzer/taxonomy/knowledge.h"

namespace rankle::taxonomy {

nlohmann::ordered_json BugJson(const Bug& bug);

}  // namespace rankle::taxonomy
