// What a Parquet file says about itself (apache/parquet-format, parquet.thrift): the footer and the heads of
// pages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::parquet {

enum class PhysicalType {
  kBoolean,
  kInt32,
  kInt64,
  kInt96,
  kFloat,
  kDouble,
  kByteArray,
  kFixedLengthByteArray
};

// The part of a column in one row group.
struct Chunk {
  int64_t codec = 0;
  int64_t values = 0;
  int64_t offset = 0, size = 0;  // of all its pages in the file
};

struct ColumnInfo {
  std::string name;
  PhysicalType type = PhysicalType::kInt32;
  bool optional = false;
  std::vector<Chunk> chunks;
};

struct Metadata {
  int64_t rows = 0;
  std::vector<ColumnInfo> columns;  // flat ones only: lists and structures are left out
};

// `file` is the whole file.
absl::StatusOr<Metadata> ParseMetadata(std::string_view file);

enum class PageType { kData = 0, kIndex = 1, kDictionary = 2, kDataV2 = 3 };

struct PageHeader {
  int64_t type = 0, encoding = 0, values = 0;
  int64_t unpacked_size = 0, packed_size = 0;
  int64_t definition_bytes = 0, repetition_bytes = 0;  // version 2: levels, which are never compressed
  bool compressed = true;
  size_t header_size = 0;
};

absl::StatusOr<PageHeader> ParsePageHeader(std::string_view data);

absl::Status Damaged(absl::string_view what);

}  // namespace rankle::parquet
