// Which names stand for the rank of a process. Pure.
#pragma once

#include <string_view>

namespace rankle::lint {

// "rank", "my_rank", "rank_", "localRank", "worldRank": the word alone or set off by an underscore or a
// capital. Not "ranks", "nranks", "franklin".
bool IsRankName(std::string_view name);

// Does the text of a value (Value::Text) mention a rank?
bool MentionsRank(std::string_view value);

}  // namespace rankle::lint
