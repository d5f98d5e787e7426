// A user's own bugs: a SQLite file with one table, user_bugs(id, record), whose records are the JSON lines
// that were imported. Kept apart from the built-in bugs, which come with each version of the program.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/taxonomy/knowledge.h"

namespace rankle::taxonomy {

// Adds the bugs of the file, marked as imported. A file that does not exist holds none. Where a newer version
// of the program has a bug built in that the user once imported, the built-in one counts.
absl::Status AddUserBugs(const std::string& path, Knowledge& knowledge);

struct ImportCount {
  size_t added = 0, replaced = 0;
};
// Writes the bugs into the file, which is created with its directory; all of them or, on an error, none.
absl::StatusOr<ImportCount> ImportUserBugs(const std::string& path, const std::vector<Bug>& bugs);

}  // namespace rankle::taxonomy
