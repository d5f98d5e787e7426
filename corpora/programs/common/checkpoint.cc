#include "corpora/programs/common/checkpoint.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rankle::programs {
namespace {

namespace fs = std::filesystem;

struct Header {
  char magic[8] = {'R', 'K', 'L', 'C', 'K', 'P', 'T', '1'};
  int64_t step = 0;
  int32_t world_size = 0;
  int32_t rank = 0;
  uint64_t floats = 0;

  bool operator==(const Header&) const = default;
};

Header HeaderFor(int64_t step, int world_size, int rank, const std::vector<Floats>& arrays) {
  Header header;
  header.step = step;
  header.world_size = world_size;
  header.rank = rank;
  for (const Floats& array : arrays) header.floats += array.size();
  return header;
}

absl::Status WriteByRename(const std::string& file, const std::function<void(std::ostream&)>& content) {
  std::error_code error;
  fs::create_directories(fs::path(file).parent_path(), error);
  const std::string temporary = file + ".tmp";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    if (out) content(out);
    if (!out.flush()) {
      return absl::UnavailableError(
          absl::StrCat("checkpoint: cannot write ", temporary, "; check the directory and the free space"));
    }
  }
  fs::rename(temporary, file, error);
  if (error)
    return absl::UnavailableError(absl::StrCat("checkpoint: cannot rename to ", file, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace

Checkpoints::Checkpoints(std::string directory, std::string program, int world_size, int rank)
    : directory_(std::move(directory)), program_(std::move(program)), world_size_(world_size), rank_(rank) {}

std::string Checkpoints::FileOf(int64_t step) const {
  return absl::StrCat(directory_, "/", program_, ".step-", step, ".rank-", rank_);
}

absl::Status Checkpoints::Write(int64_t step, const std::vector<Floats>& arrays) const {
  return WriteByRename(FileOf(step), [&](std::ostream& out) {
    const Header header = HeaderFor(step, world_size_, rank_, arrays);
    out.write(reinterpret_cast<const char*>(&header), sizeof header);
    for (const Floats& array : arrays) {
      out.write(reinterpret_cast<const char*>(array.data()),
                static_cast<std::streamsize>(array.size_bytes()));
    }
  });
}

absl::Status Checkpoints::Read(int64_t step, const std::vector<Floats>& arrays) const {
  std::ifstream in(FileOf(step), std::ios::binary);
  Header header;
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!in || header != HeaderFor(step, world_size_, rank_, arrays)) {
    return absl::FailedPreconditionError(
        absl::StrCat("checkpoint: ", FileOf(step), " is missing or of another job;",
                     " resume with the ranks and sizes it was written with"));
  }
  for (const Floats& array : arrays) {
    in.read(reinterpret_cast<char*>(array.data()), static_cast<std::streamsize>(array.size_bytes()));
  }
  if (!in) return absl::DataLossError(absl::StrCat("checkpoint: ", FileOf(step), " is too short; remove it"));
  return absl::OkStatus();
}

absl::Status Checkpoints::SetLatest(int64_t step) const {
  return WriteByRename(absl::StrCat(directory_, "/", program_, ".latest"),
                       [step](std::ostream& out) { out << step << '\n'; });
}

absl::StatusOr<std::optional<int64_t>> Checkpoints::Latest() const {
  const std::string file = absl::StrCat(directory_, "/", program_, ".latest");
  if (!fs::exists(file)) return std::nullopt;
  int64_t step = 0;
  if (!(std::ifstream(file) >> step)) {
    return absl::DataLossError(absl::StrCat("checkpoint: ", file, " holds no step; remove it"));
  }
  return step;
}

void Checkpoints::Remove(int64_t step) const {
  std::error_code ignored;
  fs::remove(FileOf(step), ignored);
}

}  // namespace rankle::programs
