#include "analyzer/import/operations/file_content.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

absl::Status TooLarge(size_t most) {
  return absl::ResourceExhaustedError(
      absl::StrCat("unpacked it has more than ", most >> 20, " MiB: cut it to fewer steps"));
}

}  // namespace

absl::StatusOr<std::string> Gunzip(std::string_view data, size_t most) {
  if (!data.starts_with("\x1f\x8b")) return std::string(data);
  z_stream stream{};
  constexpr int kGzip = 16;  // added to the window bits: expect a gzip header
  if (inflateInit2(&stream, kGzip + MAX_WBITS) != Z_OK) return absl::InternalError("zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::string out;
  std::string buffer(1 << 18, '\0');
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0) {  // zlib counts input in 32 bits
      const size_t chunk = std::min<size_t>(data.size(), 1u << 30);
      if (chunk == 0) return absl::InvalidArgumentError("the gzip data is cut short: copy the file again");
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
      stream.avail_in = static_cast<uInt>(chunk);
      data.remove_prefix(chunk);
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
      return absl::InvalidArgumentError("the gzip data is damaged: copy the file again");
    }
    out.append(buffer.data(), buffer.size() - stream.avail_out);
    if (out.size() > most) return TooLarge(most);
  }
  return out;
}

absl::StatusOr<std::string> ReadContent(const std::string& path, size_t most) {
  const auto failed = [&path](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
  };
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return failed("cannot be read: is it a file?");
  if (size > most) return failed(TooLarge(most).message());
  std::ifstream in(path, std::ios::binary);
  std::string data(size, '\0');
  if (!in.read(data.data(), static_cast<std::streamsize>(size)))
    return failed("cannot be read: check its permissions");
  auto content = Gunzip(data, most);
  if (!content.ok()) return failed(content.status().message());
  return content;
}

}  // namespace rankle::import
