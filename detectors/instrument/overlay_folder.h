// Writes into the folder of an overlay, never through a link in it: what lies behind a link may be the
// original. Only what differs is written, so that builds in the overlay stay incremental.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "detectors/instrument/source_tree.h"

namespace rankle::instrument {

class OverlayFolder {
 public:
  // Of a folder that is there.
  explicit OverlayFolder(const std::filesystem::path& folder);

  // Places are paths below the folder. Folders on the way are made; links on the way, or in place of the
  // file, give way. Error: something of another kind is in the way, or the place leads out of the folder.
  absl::Status Write(const std::string& place, const std::string& text);
  // A copy of the entry's file, or its link. `copied` is raised when something was done.
  absl::Status Put(const std::string& place, const TreeEntry& entry, size_t& copied);

  // Removes what an earlier run put there (its list of files) and is no more in `tree`; then keeps the list
  // of this one. What others made in the folder, builds above all, is left alone.
  absl::Status ForgetOthers(const Tree& tree);

 private:
  // So that a file (or, with `keep_link`, a link) can be made there.
  absl::Status MakeRoom(const std::string& place, bool keep_link);
  bool LeadsOut(const std::string& place) const;  // perhaps: by a link on the way

  const std::filesystem::path folder_, canonical_;
};

}  // namespace rankle::instrument
