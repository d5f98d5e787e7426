#include "analyzer/import/file_bytes.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

constexpr size_t kStep = 1u << 20;

struct Close {
  void operator()(gzFile file) const { gzclose(file); }
};
// zlib passes files that are not compressed through as they are.
using File = std::unique_ptr<gzFile_s, Close>;

}  // namespace

std::string ReadFirstBytes(const std::string& path, size_t count) {
  const File file(gzopen(path.c_str(), "rb"));
  std::string bytes(count, '\0');
  const int got = file == nullptr ? 0 : gzread(file.get(), bytes.data(), static_cast<unsigned>(count));
  bytes.resize(static_cast<size_t>(std::max(got, 0)));
  return bytes;
}

absl::Status ReadFileBytes(const std::string& path, uint64_t most, std::string& bytes) {
  const auto too_large = [&] {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": larger than ", most >> 20, " MiB, left out"));
  };
  bytes.clear();
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(absl::StrCat(path, ": cannot be read: ", error.message()));
  if (size > most) return too_large();
  const File file(gzopen(path.c_str(), "rb"));
  if (file == nullptr) return absl::PermissionDeniedError(absl::StrCat(path, ": cannot be opened, left out"));
  bytes.reserve(size + 1);
  size_t used = 0;
  while (true) {
    bytes.resize(used + kStep);
    const int got = gzread(file.get(), bytes.data() + used, kStep);
    if (got < 0) {
      int code = 0;
      return absl::DataLossError(
          absl::StrCat(path, ": damaged gzip data (", gzerror(file.get(), &code), "), left out"));
    }
    used += static_cast<size_t>(got);
    bytes.resize(used);
    if (used > most) return too_large();
    if (got > 0) continue;
    int code = 0;
    gzerror(file.get(), &code);
    if (code == Z_BUF_ERROR) return absl::DataLossError(absl::StrCat(path, ": cut gzip data, left out"));
    break;
  }
  return absl::OkStatus();
}

}  // namespace rankle::import
