// Where a user's own bugs lie unless --db says otherwise.
#pragma once

#include <string>

namespace rankle::cli {

// $XDG_DATA_HOME/rankle/bugs.sqlite, else $HOME/.local/share/rankle/bugs.sqlite; "" where neither is set.
std::string DefaultBugDatabase();

}  // namespace rankle::cli
