// What an overlay is to hold: the files and links of a source tree, by their paths below its root. Only
// reads.
//
// A link that stays in the tree stays a link. One that leads out of it (`common -> ../common`) leads to the
// original, where nothing may be written: where files behind it are rewritten it becomes a folder or a file
// of the overlay's own, else a link to the place where it leads.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"

namespace rankle::instrument {

inline constexpr char kOwnFolder[] = "rankle-points";  // in an overlay: runtime, list of points, launcher

struct TreeEntry {
  std::filesystem::path source;  // whose content it is
  bool is_link = false;
  std::string link = {};  // the text of the link
};
// By the path below the root; folders are those that entries lie in.
using Tree = std::map<std::string, TreeEntry>;

// The path below `root` under which the overlay holds `file` (below `root` by its name): links that stay in
// the tree are followed, so that a file with two names is one.
std::string PlaceInTree(const std::filesystem::path& root, const std::string& file);

// `rewritten`: places of the files that the overlay holds with another text. `overlay`, other overlays,
// version control and build trees are left out. Error: a folder cannot be read.
absl::StatusOr<Tree> ListTree(const std::filesystem::path& root, const std::filesystem::path& overlay,
                              const std::set<std::string>& rewritten);

}  // namespace rankle::instrument
