// Results of units by content: of the unit, of every file that it includes, of its command, and of this
// program. One file a unit; several processes may use a folder at once. Losing it costs time only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "detectors/tooling/compile_commands.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::lint {

class Cache {
 public:
  // An empty folder: nothing is kept. `circumstances`: whatever else a result depends on (root, version).
  Cache(std::string folder, std::string circumstances);

  // The result that was stored, if every file is as it was then, and no header that was missing has appeared.
  // `given`: what the result depends on besides (summaries of other units).
  std::optional<std::string> Find(const tooling::Unit& unit, const std::string& given);
  // Called in the process that parsed the unit. Failures are silent: the folder may be read-only.
  void Store(const tooling::Unit& unit, const std::string& given, const std::vector<tooling::ReadFile>& files,
             const std::vector<std::string>& missing, const std::string& result) const;
  // Deletes the oldest entries of a folder that has grown large.
  void Trim() const;

 private:
  std::string EntryPath(const tooling::Unit& unit, const std::string& given) const;
  uint64_t HashOf(const std::string& path);  // 0: cannot be read

  std::string folder_, circumstances_;
  std::unordered_map<std::string, uint64_t> hashes_;  // headers are shared by units: each is read once
};

// $XDG_CACHE_HOME/rankle/lint or ~/.cache/rankle/lint; empty: there is no home.
std::string DefaultCacheFolder();
// A hash of this program's own file: a result of another version is none.
std::string OwnVersion();

}  // namespace rankle::lint
