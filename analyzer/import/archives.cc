#include "analyzer/import/archives.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analyzer/import/directory.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/nodes.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = 1u << 18;

struct CloseArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Reader = std::unique_ptr<archive, CloseArchive>;

// Where a member may be written, relative to its archive's folder; none = nowhere.
std::optional<fs::path> SafePath(const char* name) {
  if (name == nullptr || *name == '\0') return std::nullopt;
  const fs::path path = fs::path(name).relative_path().lexically_normal();
  for (const fs::path& part : path) {
    if (part == "..") return std::nullopt;
  }
  if (path.empty() || !path.has_filename()) return std::nullopt;
  return path;
}

bool IsCheckpointMember(const char* name) {
  return name != nullptr && (absl::EndsWith(name, "/data.pkl") || absl::EndsWith(name, "/constants.pkl"));
}

// One archive on its way into a folder.
class Extraction {
 public:
  Extraction(std::string path, fs::path folder, const UnpackLimits& limits)
      : path_(std::move(path)), folder_(std::move(folder)), limits_(limits) {
    std::error_code error;
    free_ = fs::space(folder_, error).available / 2;
  }

  absl::Status Run(std::vector<std::string>& notes) {
    const Reader reader(archive_read_new());
    reader_ = reader.get();
    archive_read_support_filter_all(reader_);
    archive_read_support_format_tar(reader_);
    archive_read_support_format_zip(reader_);
    if (archive_read_open_filename(reader_, path_.c_str(), kBlock) != ARCHIVE_OK) {
      notes.push_back(absl::StrCat(path_, ": cannot be unpacked: ", Error(), "; left out"));
      return absl::OkStatus();
    }
    const absl::Status status = ReadMembers();
    if (absl::IsInternal(status)) return status;
    if (!status.ok())
      notes.push_back(absl::StrCat(path_, ": ", status.message(), "; ", files_, " files were unpacked"));
    if (left_out_ > 0) {
      notes.push_back(absl::StrCat(path_, ": ", left_out_,
                                   " members are no ordinary files, or have paths that lead out of the "
                                   "archive: left out"));
    }
    return absl::OkStatus();
  }

 private:
  // Internal: the scratch directory cannot be written. Others: why the rest of the archive is left out.
  absl::Status ReadMembers() {
    for (;;) {
      archive_entry* entry = nullptr;
      const int read = archive_read_next_header(reader_, &entry);
      if (read == ARCHIVE_EOF) return absl::OkStatus();
      if (read < ARCHIVE_WARN) return absl::DataLossError(absl::StrCat("damaged: ", Error()));
      const char* name = archive_entry_pathname(entry);
      if (IsCheckpointMember(name)) return absl::InvalidArgumentError("a PyTorch checkpoint, no trace");
      if (archive_entry_filetype(entry) == AE_IFDIR) continue;
      const std::optional<fs::path> relative = SafePath(name);
      if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
          !relative.has_value()) {
        ++left_out_;
        continue;
      }
      if (++files_ > limits_.most_files) {
        return absl::ResourceExhaustedError(
            absl::StrCat("more than ", limits_.most_files, " files, the rest is left out"));
      }
      if (absl::Status status = Write(folder_ / *relative); !status.ok()) return status;
    }
  }

  absl::Status Write(const fs::path& target) {
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    std::ofstream file(target, std::ios::binary | std::ios::trunc);
    if (!file) return absl::InternalError(absl::StrCat(target.string(), ": cannot be written"));
    for (;;) {
      const void* block = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int read = archive_read_data_block(reader_, &block, &size, &offset);
      if (read == ARCHIVE_EOF) break;
      if (read < ARCHIVE_WARN) return absl::DataLossError(absl::StrCat("damaged: ", Error()));
      if (absl::Status status = Account(offset, size); !status.ok()) {
        file.close();
        fs::remove(target, error);
        return status;
      }
      // Holes of sparse members stay holes.
      file.seekp(offset);
      file.write(static_cast<const char*>(block), static_cast<std::streamsize>(size));
      if (!file)
        return absl::InternalError(absl::StrCat(target.string(), ": cannot be written: is the disk full?"));
    }
    file.close();
    if (!file)
      return absl::InternalError(absl::StrCat(target.string(), ": cannot be written: is the disk full?"));
    return absl::OkStatus();
  }

  // Counts what is about to be written.
  absl::Status Account(la_int64_t offset, size_t size) {
    bytes_ += size;
    const auto packed = static_cast<uint64_t>(std::max<la_int64_t>(archive_filter_bytes(reader_, -1), 1));
    if (offset < 0 || (bytes_ > limits_.free_bytes && bytes_ / packed > limits_.most_ratio)) {
      return absl::ResourceExhaustedError(
          absl::StrCat("unpacks to more than ", limits_.most_ratio,
                       " times its size, as no trace does: the rest is left out"));
    }
    if (bytes_ > free_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("unpacks to more than half of the free space in ", folder_.parent_path().string(),
                       " (", free_ >> 20, " MiB): the rest is left out; set TMPDIR to a larger place"));
    }
    return absl::OkStatus();
  }

  std::string Error() const {
    const char* text = archive_error_string(reader_);
    return text == nullptr ? "unknown error" : text;
  }

  std::string path_;
  fs::path folder_;
  UnpackLimits limits_;
  archive* reader_ = nullptr;
  uint64_t free_ = 0, bytes_ = 0, files_ = 0, left_out_ = 0;
};

// Archives that lie directly in a directory, in order of their names.
std::vector<std::string> ArchivesIn(const std::string& directory, const InputFilter& filter) {
  std::vector<std::string> found;
  for (const fs::path& entry : EntriesOf(directory)) {
    std::error_code unreadable;
    if (fs::is_regular_file(entry, unreadable) && IsChosen(filter, entry.filename().string()) &&
        IsArchive(entry))
      found.push_back(entry);
  }
  return found;
}

// Archives mostly hold one folder with everything: that one.
fs::path OnlyFolderIn(fs::path folder) {
  for (;;) {
    const std::vector<fs::path> entries = EntriesOf(folder);
    std::error_code error;
    if (entries.size() != 1 || !fs::is_directory(entries.front(), error)) return folder;
    folder = entries.front();
  }
}

}  // namespace

bool IsArchive(const std::string& path) {
  // The magic of ustar lies at byte 257, behind the first name.
  constexpr size_t kMagicAt = 257;
  constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd",
                             kXz =
                                 "\xfd"
                                 "7zXZ",
                             kBzip2 = "BZh";
  const std::string first = ReadFirstBytes(path, kMagicAt + 5);
  if (first.starts_with("PK\x03\x04") ||
      (first.size() >= kMagicAt && first.compare(kMagicAt, 5, "ustar") == 0))
    return true;
  if (!first.starts_with(kZstd) && !first.starts_with(kXz) && !first.starts_with(kBzip2)) return false;
  const Reader reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_entry* entry = nullptr;
  return archive_read_open_filename(reader.get(), path.c_str(), kBlock) == ARCHIVE_OK &&
         archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK;
}

absl::StatusOr<Unpacked> Unpacked::Make(const std::vector<std::string>& paths, const InputFilter& filter,
                                        const std::string& scratch, const UnpackLimits& limits) {
  Unpacked unpacked;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_regular_file(path, error) && IsArchive(path)) {
      if (absl::Status status = unpacked.Add(path, scratch, limits); !status.ok()) return status;
      continue;
    }
    unpacked.paths_.push_back(path);
    if (!fs::is_directory(path, error)) continue;
    for (const std::string& directory : WithNodeDirectories({path})) {
      for (const std::string& archive : ArchivesIn(directory, filter)) {
        if (absl::Status status = unpacked.Add(archive, scratch, limits); !status.ok()) return status;
      }
    }
  }
  return unpacked;
}

absl::Status Unpacked::Add(const std::string& archive, const std::string& scratch,
                           const UnpackLimits& limits) {
  if (directory_.empty()) {
    std::string made = absl::StrCat(scratch, "/rankle-unpacked-XXXXXX");
    if (mkdtemp(made.data()) == nullptr) {
      return absl::PermissionDeniedError(absl::StrCat(scratch, ": no place to unpack ", archive, ": ",
                                                      strerror(errno),
                                                      "; set TMPDIR to a directory you may write"));
    }
    directory_ = made;
  }
  // The archive's own name keeps what is said of ranks and steps in it.
  const fs::path folder =
      fs::path(directory_) / std::to_string(archives_.size()) / fs::path(archive).filename();
  std::error_code error;
  if (!fs::create_directories(folder, error))
    return absl::PermissionDeniedError(absl::StrCat(folder.string(), ": cannot be made: ", error.message()));
  archives_.push_back(archive);
  folders_.push_back(folder);
  absl::Status status = Extraction(archive, folder, limits).Run(notes_);
  paths_.push_back(OnlyFolderIn(folder));
  return status;
}

Unpacked::~Unpacked() {
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

Unpacked& Unpacked::operator=(Unpacked&& other) noexcept {
  std::swap(directory_, other.directory_);  // whoever is left with it removes it
  std::swap(paths_, other.paths_);
  std::swap(archives_, other.archives_);
  std::swap(notes_, other.notes_);
  std::swap(folders_, other.folders_);
  return *this;
}

std::string Unpacked::WithArchiveNames(std::string text) const {
  for (size_t i = 0; i < folders_.size(); ++i)
    text = absl::StrReplaceAll(text, {{folders_[i], archives_[i]}});
  return text;
}

}  // namespace rankle::import
