// Archives (tar and zip, however compressed) among the inputs of an analysis: unpacked into a scratch
// directory for as long as the analysis reads. libarchive does the formats; here is what may be unpacked.
//
// Only regular files are written, always below the scratch directory, whatever paths the archive gives them:
// links, devices and ".." are counted and left out. An archive inside an archive is named, not opened. What
// unpacks to much more than it can honestly hold (a bomb), or than half of the free space, is left out with a
// note. A PyTorch checkpoint, which is a zip archive too, is no trace and is not unpacked.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/import/inputs.h"

namespace rankle::import {

struct UnpackLimits {
  // JSON and text shrink to a tenth or a twentieth; deflate reaches a thousandth on zeros. Below `free_bytes`
  // nobody is harmed, and short files may repeat themselves.
  uint64_t free_bytes = uint64_t{1} << 30;
  uint64_t most_ratio = 200;
  uint64_t most_files = 100'000;
};

class Unpacked {
 public:
  // Archives among `paths`, and lying directly in the directories among them, as far as `filter` chooses
  // them. `scratch`: directory in which the scratch directory is made, only if there is something to unpack.
  // Error: the scratch directory cannot be made or written. A damaged archive is a note, and what was read
  // before the damage is kept.
  static absl::StatusOr<Unpacked> Make(const std::vector<std::string>& paths, const InputFilter& filter,
                                       const std::string& scratch, const UnpackLimits& limits = {});
  ~Unpacked();
  Unpacked(Unpacked&& other) noexcept { *this = std::move(other); }
  Unpacked& operator=(Unpacked&& other) noexcept;

  // What to analyze: the paths given, each archive named among them replaced by its folder, and folders of
  // archives found in directories added.
  const std::vector<std::string>& paths() const { return paths_; }
  const std::vector<std::string>& archives() const { return archives_; }
  const std::vector<std::string>& notes() const { return notes_; }
  // The text with archives in place of their folders, which are gone by the time somebody reads it.
  std::string WithArchiveNames(std::string text) const;

 private:
  Unpacked() = default;
  absl::Status Add(const std::string& archive, const std::string& scratch, const UnpackLimits& limits);
  std::string directory_;  // of this object; "" = nothing was unpacked
  std::vector<std::string> paths_, archives_, notes_;
  std::vector<std::string> folders_;  // by index of archives_
};

// Is this an archive that Unpacked opens? By content.
bool IsArchive(const std::string& path);

}  // namespace rankle::import
