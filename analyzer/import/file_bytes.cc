#include "analyzer/import/file_bytes.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

constexpr unsigned kStep = 1u << 20;

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

absl::Status ReadFilePieces(const std::string& path, uint64_t most,
                            const std::function<absl::Status(std::string_view piece)>& take) {
  const auto too_large = [&] {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": larger than ", most >> 20, " MiB, left out"));
  };
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(absl::StrCat(path, ": cannot be read: ", error.message()));
  if (size > most) return too_large();
  const File file(gzopen(path.c_str(), "rb"));
  if (file == nullptr) return absl::PermissionDeniedError(absl::StrCat(path, ": cannot be opened, left out"));
  gzbuffer(file.get(), kStep);
  const auto piece = std::make_unique<char[]>(kStep);
  for (uint64_t used = 0;;) {
    const int got = gzread(file.get(), piece.get(), kStep);
    int code = 0;
    if (got < 0) {
      return absl::DataLossError(
          absl::StrCat(path, ": damaged gzip data (", gzerror(file.get(), &code), "), left out"));
    }
    used += static_cast<uint64_t>(got);
    if (used > most) return too_large();
    if (got == 0) {
      gzerror(file.get(), &code);
      if (code == Z_BUF_ERROR) return absl::DataLossError(absl::StrCat(path, ": cut gzip data, left out"));
      return absl::OkStatus();
    }
    const absl::Status taken = take(std::string_view(piece.get(), static_cast<size_t>(got)));
    if (!taken.ok()) return taken;
  }
}

absl::Status ReadFileBytes(const std::string& path, uint64_t most, std::string& bytes) {
  bytes.clear();
  return ReadFilePieces(path, most, [&](std::string_view piece) {
    bytes.append(piece);
    return absl::OkStatus();
  });
}

}  // namespace rankle::import
