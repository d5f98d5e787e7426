#include "corpora/programs/common/dataset.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "corpora/programs/common/random.h"

namespace rankle::programs {
namespace {

constexpr uint64_t kWindowStream = 1;  // parameters draw from stream 0

std::string InstalledText() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share/rankle/data/coriolanus.txt").string();
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  const std::string file = path.empty() ? InstalledText() : path;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = in ? static_cast<std::streamoff>(in.tellg()) : -1;
  std::string text(static_cast<size_t>(size > 0 ? size : 0), '\0');
  if (size < 0 || !in.seekg(0).read(text.data(), size))
    return absl::NotFoundError(absl::StrCat("data: cannot read ", file, "; name a text with --data FILE"));
  return text;
}

}  // namespace

absl::StatusOr<Dataset> Dataset::FromText(std::string_view text, int context) {
  if (text.size() < static_cast<size_t>(context) + 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data: the text has ", text.size(), " bytes, a window needs ", context + 1, "; give a longer text"));
  }
  std::array<int32_t, 256> token_of{};
  for (const char c : text) token_of[static_cast<unsigned char>(c)] = 1;
  Dataset dataset;
  for (int32_t& token : token_of) token = token != 0 ? dataset.vocabulary_++ : -1;
  dataset.context_ = context;
  dataset.tokens_.reserve(text.size());
  for (const char c : text) dataset.tokens_.push_back(token_of[static_cast<unsigned char>(c)]);
  return dataset;
}

absl::StatusOr<Dataset> Dataset::FromFile(const std::string& path, int context) {
  const absl::StatusOr<std::string> text = ReadText(path);
  return text.ok() ? FromText(*text, context) : text.status();
}

absl::Status Dataset::ReadThrough(const std::string& path) { return ReadText(path).status(); }

void Dataset::Fill(uint64_t seed, int64_t step, int shard, int rows, Batch& batch) const {
  batch.inputs.resize(static_cast<size_t>(rows) * context_);
  batch.targets.resize(static_cast<size_t>(rows));
  const uint64_t windows = tokens_.size() - static_cast<size_t>(context_);
  for (int row = 0; row < rows; ++row) {
    const uint64_t index = (static_cast<uint64_t>(shard) << 32) | static_cast<uint32_t>(row);
    const uint64_t at =
        RandomBits(MixBits(seed) ^ static_cast<uint64_t>(step), kWindowStream, index) % windows;
    const auto begin = tokens_.begin() + static_cast<ptrdiff_t>(at);
    std::copy_n(begin, context_, batch.inputs.begin() + static_cast<ptrdiff_t>(row) * context_);
    batch.targets[static_cast<size_t>(row)] = begin[context_];
  }
}

}  // namespace rankle::programs
