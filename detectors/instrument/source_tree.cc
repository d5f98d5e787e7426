#include "detectors/instrument/source_tree.h"

#include "cli/launch/text.h"

namespace rankle::instrument {
namespace {

namespace fs = std::filesystem;
using cli::Cat;

// Where a path leads; the path itself where its links go in a circle.
fs::path Canonical(const fs::path& path) {
  std::error_code error;
  fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path : canonical;
}

// The path of `canonical` below `root`: empty when it lies elsewhere, "." for the root.
fs::path Below(const fs::path& root, const fs::path& canonical) {
  fs::path relative = canonical.lexically_relative(root);
  return relative.empty() || *relative.begin() == ".." ? fs::path() : relative;
}

class Lister {
 public:
  Lister(const fs::path& root, const fs::path& overlay, const std::set<std::string>& rewritten)
      : root_(root), canonical_root_(Canonical(root)), overlay_(Canonical(overlay)), rewritten_(rewritten) {}

  // `place`: of the folder, empty for the root.
  absl::Status List(const fs::path& folder, const fs::path& place) {
    std::error_code error;
    for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
      absl::Status status = Add(it->path(), place / it->path().filename());
      if (!status.ok()) return status;
    }
    if (error) return absl::PermissionDeniedError(Cat(folder.string(), ": ", error.message()));
    return absl::OkStatus();
  }
  Tree Take() { return std::move(tree_); }

 private:
  absl::Status Add(const fs::path& path, const fs::path& place) {
    std::error_code error;
    const fs::file_type type = fs::symlink_status(path, error).type();
    if (type == fs::file_type::symlink) return AddLink(path, place);
    if (type == fs::file_type::directory) return IsLeftOut(path) ? absl::OkStatus() : List(path, place);
    if (type == fs::file_type::regular) tree_[place.string()] = {.source = path};
    return absl::OkStatus();  // sockets and the like are no sources
  }

  absl::Status AddLink(const fs::path& path, const fs::path& place) {
    if (rewritten_.count(place.string())) {
      tree_[place.string()] = {.source = path};
      return absl::OkStatus();
    }
    const auto behind = rewritten_.lower_bound(place.string() + "/");
    if (behind != rewritten_.end() && behind->starts_with(place.string() + "/")) return List(path, place);
    tree_[place.string()] = {.source = path, .is_link = true, .link = LinkText(path, place)};
    return absl::OkStatus();
  }

  // As it is where it leads to the same place of the overlay, or nowhere.
  std::string LinkText(const fs::path& path, const fs::path& place) const {
    std::error_code error;
    const fs::path text = fs::read_symlink(path, error);
    if (!fs::exists(path, error) || error) return text.string();
    const fs::path leads_to = Canonical(path), folder = place.parent_path();
    const fs::path in_overlay = (folder / text).lexically_normal();
    const bool is_inside = text.is_relative() && *in_overlay.begin() != "..";
    if (is_inside && Canonical(root_ / in_overlay) == leads_to) return text.string();
    const fs::path in_tree = Below(canonical_root_, leads_to);
    if (in_tree.empty()) return leads_to.string();
    return in_tree.lexically_relative(folder.empty() ? "." : folder).string();
  }

  // Version control, build trees (made anew in the overlay), overlays.
  bool IsLeftOut(const fs::path& folder) const {
    const std::string name = folder.filename().string();
    std::error_code error;
    return name == ".git" || name == ".svn" || name == ".hg" ||
           fs::exists(folder / "CMakeCache.txt", error) ||
           fs::exists(folder / kOwnFolder / "points.json", error) || Canonical(folder) == overlay_;
  }

  const fs::path root_, canonical_root_, overlay_;
  const std::set<std::string>& rewritten_;
  Tree tree_;
};

}  // namespace

std::string PlaceInTree(const fs::path& root, const std::string& file) {
  const fs::path canonical_root = Canonical(root);
  fs::path place;
  for (const fs::path& name : fs::path(file).lexically_relative(root)) {
    place /= name;
    const fs::path followed = Below(canonical_root, Canonical(canonical_root / place));
    if (followed == ".") {
      place.clear();
    } else if (!followed.empty()) {
      place = followed;
    }
  }
  return place.string();
}

absl::StatusOr<Tree> ListTree(const fs::path& root, const fs::path& overlay,
                              const std::set<std::string>& rewritten) {
  Lister lister(root, overlay, rewritten);
  absl::Status status = lister.List(root, {});
  if (!status.ok()) return status;
  return lister.Take();
}

}  // namespace rankle::instrument
