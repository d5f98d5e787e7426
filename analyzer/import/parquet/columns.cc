#include "analyzer/import/parquet/columns.h"

#include <algorithm>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/parquet/codec.h"
#include "analyzer/import/parquet/encoding.h"
#include "analyzer/import/parquet/metadata.h"

namespace rankle::parquet {
namespace {

constexpr int64_t kPlain = 0, kPlainDictionary = 2, kDictionary = 8;

class ColumnReader {
 public:
  ColumnReader(std::string_view file, const ColumnInfo& info, size_t& budget)
      : file_(file), info_(info), budget_(budget) {
    if (info.type == PhysicalType::kByteArray) column_.kind = Column::Kind::kText;
    if (info.type == PhysicalType::kFloat || info.type == PhysicalType::kDouble)
      column_.kind = Column::Kind::kReal;
  }

  absl::StatusOr<Column> Read(int64_t rows) {
    for (const Chunk& chunk : info_.chunks) {
      if (absl::Status status = ReadChunk(chunk, rows); !status.ok()) return status;
    }
    if (static_cast<int64_t>(column_.size()) != rows)
      return Damaged(absl::StrCat("column ", info_.name, " lacks rows"));
    return std::move(column_);
  }

 private:
  absl::Status ReadChunk(const Chunk& chunk, int64_t rows) {
    std::string_view data = file_.substr(chunk.offset, chunk.size);
    dictionary_.clear();
    const auto end = static_cast<int64_t>(column_.size()) + chunk.values;
    if (end > rows) return Damaged(absl::StrCat("column ", info_.name, " has more values than rows"));
    while (static_cast<int64_t>(column_.size()) < end) {
      const auto page = ParsePageHeader(data);
      if (!page.ok()) return page.status();
      data.remove_prefix(page->header_size);
      if (page->packed_size > static_cast<int64_t>(data.size()))
        return Damaged("a page is longer than its column");
      if (page->values > end - static_cast<int64_t>(column_.size()) &&
          page->type != static_cast<int64_t>(PageType::kDictionary)) {
        return Damaged("a page has more values than its column");
      }
      if (absl::Status status = ReadPage(*page, chunk.codec, data.substr(0, page->packed_size));
          !status.ok()) {
        return status;
      }
      data.remove_prefix(page->packed_size);
    }
    return absl::OkStatus();
  }

  absl::Status ReadPage(const PageHeader& page, int64_t codec, std::string_view packed) {
    switch (static_cast<PageType>(page.type)) {
      case PageType::kDictionary: {
        auto content = Open(page, codec, packed);
        return content.ok() ? ReadDictionary(page, *content) : content.status();
      }
      case PageType::kData: {
        auto content = Open(page, codec, packed);
        if (!content.ok()) return content.status();
        std::string_view data = *content, levels;
        if (info_.optional) {  // a length, then the levels
          uint32_t size = 0;
          if (data.size() < sizeof size) return Damaged("a page ends before its levels");
          std::memcpy(&size, data.data(), sizeof size);
          data.remove_prefix(sizeof size);
          if (size > data.size()) return Damaged("a page ends before its levels");
          levels = data.substr(0, size);
          data.remove_prefix(size);
        }
        return ReadValues(page, levels, data);
      }
      case PageType::kDataV2: {
        const int64_t level_bytes = page.repetition_bytes + page.definition_bytes;
        if (level_bytes > static_cast<int64_t>(packed.size()) || level_bytes > page.unpacked_size) {
          return Damaged("a page ends before its levels");
        }
        PageHeader values = page;
        values.unpacked_size -= level_bytes;
        auto content = Open(values, page.compressed ? codec : 0, packed.substr(level_bytes));
        if (!content.ok()) return content.status();
        return ReadValues(page, packed.substr(page.repetition_bytes, page.definition_bytes), *content);
      }
      case PageType::kIndex:
        return absl::OkStatus();
    }
    return Damaged("a page of unknown type");
  }

  absl::StatusOr<std::string> Open(const PageHeader& page, int64_t codec, std::string_view packed) {
    const auto size = static_cast<size_t>(page.unpacked_size);
    if (size > budget_) {
      return absl::ResourceExhaustedError("Parquet: the file is too large: cut it to fewer steps");
    }
    budget_ -= size;
    return Unpack(codec, packed, size);
  }

  absl::Status ReadDictionary(const PageHeader& page, std::string_view data) {
    if (page.encoding != kPlain && page.encoding != kPlainDictionary) return UnknownEncoding(page.encoding);
    PlainCursor values(data);
    for (int64_t i = 0; i < page.values; ++i) {
      const auto value = TakeValue(values);
      if (!value) return Damaged("a dictionary ends before its values");
      dictionary_.push_back(*value);
    }
    return absl::OkStatus();
  }

  absl::Status ReadValues(const PageHeader& page, std::string_view levels, std::string_view data) {
    std::vector<uint32_t> present(page.values, 1);
    if (info_.optional) {
      auto read = ReadHybrid(levels, 1, page.values);
      if (!read.ok()) return read.status();
      present = *std::move(read);
    }
    const auto count =
        static_cast<size_t>(std::ranges::count_if(present, [](uint32_t level) { return level != 0; }));
    if (page.encoding == kPlain) {
      PlainCursor values(data);
      return Append(present, [&](size_t) { return TakeValue(values); });
    }
    if (page.encoding != kDictionary && page.encoding != kPlainDictionary)
      return UnknownEncoding(page.encoding);
    if (count == 0) return Append(present, [](size_t) { return std::optional<Value>(); });
    if (data.empty()) return Damaged("a page ends before its values");
    const int bits = static_cast<uint8_t>(data.front());
    const auto indices = ReadHybrid(data.substr(1), bits, count);
    if (!indices.ok()) return indices.status();
    return Append(present, [&](size_t i) {
      const uint32_t index = (*indices)[i];
      return index < dictionary_.size() ? std::optional(dictionary_[index]) : std::nullopt;
    });
  }

  struct Value {
    int64_t integer = 0;
    double real = 0;
  };

  template <typename Next>
  absl::Status Append(const std::vector<uint32_t>& present, const Next& next) {
    size_t taken = 0;
    for (uint32_t level : present) {
      std::optional<Value> value = Value{};
      if (level != 0) value = next(taken++);
      if (!value) return Damaged("a page ends before its values");
      column_.present.push_back(level != 0);
      if (column_.kind == Column::Kind::kReal) {
        column_.reals.push_back(value->real);
      } else {
        column_.integers.push_back(value->integer);
      }
    }
    return absl::OkStatus();
  }

  std::optional<Value> TakeValue(PlainCursor& in) {
    const auto integer = [](auto v) { return v ? std::optional(Value{.integer = *v}) : std::nullopt; };
    const auto real = [](auto v) { return v ? std::optional(Value{.real = *v}) : std::nullopt; };
    switch (info_.type) {
      case PhysicalType::kInt32:
        return integer(in.Fixed<int32_t>());
      case PhysicalType::kInt64:
        return integer(in.Fixed<int64_t>());
      case PhysicalType::kFloat:
        return real(in.Fixed<float>());
      case PhysicalType::kDouble:
        return real(in.Fixed<double>());
      default: {
        const auto text = in.Text();
        return text ? std::optional(Value{.integer = Intern(*text)}) : std::nullopt;
      }
    }
  }

  int64_t Intern(std::string_view text) {
    const auto [known, is_new] =
        interned_.try_emplace(std::string(text), static_cast<int64_t>(column_.texts.size()));
    if (is_new) column_.texts.emplace_back(text);
    return known->second;
  }

  absl::Status UnknownEncoding(int64_t encoding) const {
    return absl::UnimplementedError(
        absl::StrCat("Parquet: column ", info_.name, " has encoding ", encoding,
                     ", which is not supported: write it plain or with a dictionary"));
  }

  std::string_view file_;
  const ColumnInfo& info_;
  size_t& budget_;  // bytes that may still be unpacked
  Column column_;
  std::vector<Value> dictionary_;
  absl::flat_hash_map<std::string, int64_t> interned_ = {{"", 0}};
};

bool IsSupported(PhysicalType type) {
  return type == PhysicalType::kInt32 || type == PhysicalType::kInt64 || type == PhysicalType::kFloat ||
         type == PhysicalType::kDouble || type == PhysicalType::kByteArray;
}

}  // namespace

absl::StatusOr<std::map<std::string, Column>> ReadColumns(std::string_view file,
                                                          const std::vector<std::string>& names,
                                                          const Limits& limits) {
  auto metadata = ParseMetadata(file);
  if (!metadata.ok()) return metadata.status();
  if (metadata->rows > limits.rows) {
    return absl::ResourceExhaustedError(absl::StrCat("Parquet: ", metadata->rows, " rows, at most ",
                                                     limits.rows, " are read: cut the trace to fewer steps"));
  }
  size_t budget = limits.unpacked;
  std::map<std::string, Column> columns;
  for (const ColumnInfo& info : metadata->columns) {
    if (!std::ranges::count(names, info.name)) continue;
    if (!IsSupported(info.type)) {
      return absl::UnimplementedError(absl::StrCat("Parquet: column ", info.name,
                                                   " has an unsupported type: write it as "
                                                   "integers, floating-point numbers or text"));
    }
    auto column = ColumnReader(file, info, budget).Read(metadata->rows);
    if (!column.ok()) return column.status();
    columns[info.name] = *std::move(column);
  }
  return columns;
}

}  // namespace rankle::parquet
