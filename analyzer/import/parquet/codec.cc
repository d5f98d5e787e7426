#include "analyzer/import/parquet/codec.h"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/parquet/metadata.h"

namespace rankle::parquet {
namespace {

bool UnpackSnappy(std::string_view packed, std::string& out) {
  size_t size = 0;
  return snappy::GetUncompressedLength(packed.data(), packed.size(), &size) && size == out.size() &&
         snappy::RawUncompress(packed.data(), packed.size(), out.data());
}

bool UnpackGzip(std::string_view packed, std::string& out) {
  z_stream stream{};
  constexpr int kAnyHeader = 32;  // added to the window bits: zlib or gzip
  if (inflateInit2(&stream, kAnyHeader + MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int state = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return state == Z_STREAM_END && stream.avail_out == 0;
}

bool UnpackZstd(std::string_view packed, std::string& out) {
  return ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size()) == out.size();
}

constexpr struct {
  int64_t codec;
  bool (*unpack)(std::string_view, std::string&);
} kCodecs[] = {{1, UnpackSnappy}, {2, UnpackGzip}, {6, UnpackZstd}};

}  // namespace

absl::StatusOr<std::string> Unpack(int64_t codec, std::string_view packed, size_t unpacked_size) {
  if (codec == 0) return std::string(packed);
  for (const auto& known : kCodecs) {
    if (known.codec != codec) continue;
    std::string out(unpacked_size, '\0');
    if (!known.unpack(packed, out)) return Damaged("a page cannot be decompressed");
    return out;
  }
  return absl::UnimplementedError(absl::StrCat(
      "Parquet: compression ", codec, " is not supported: write the file with snappy, gzip, zstd or none"));
}

}  // namespace rankle::parquet
