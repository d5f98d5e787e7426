#include "analyzer/import/parquet/metadata.h"

#include <cstring>
#include <map>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/parquet/thrift_compact.h"

namespace rankle::parquet {
namespace {

constexpr std::string_view kMagic = "PAR1";

struct SchemaElement {
  std::string name;
  int64_t type = -1, repetition = 0, children = 0;
};

SchemaElement ReadSchemaElement(ThriftCursor& in) {
  SchemaElement element;
  in.ReadStruct([&](int32_t id, ThriftCursor::Type type) {
    switch (id) {
      case 1:
        element.type = in.Integer();
        break;
      case 3:
        element.repetition = in.Integer();
        break;
      case 4:
        element.name = in.Binary();
        break;
      case 5:
        element.children = in.Integer();
        break;
      default:
        in.Skip(type);
    }
  });
  return element;
}

struct NamedChunk {
  std::string path;  // of its last part; nested ones are told by `parts`
  int parts = 0;
  Chunk chunk;
};

void ReadColumnMetadata(ThriftCursor& in, NamedChunk& named) {
  int64_t data = 0;
  std::optional<int64_t> dictionary;
  in.ReadStruct([&](int32_t id, ThriftCursor::Type type) {
    switch (id) {
      case 3:
        in.ReadList([&](ThriftCursor::Type) {
          named.path = in.Binary();
          ++named.parts;
        });
        break;
      case 4:
        named.chunk.codec = in.Integer();
        break;
      case 5:
        named.chunk.values = in.Integer();
        break;
      case 7:
        named.chunk.size = in.Integer();
        break;
      case 9:
        data = in.Integer();
        break;
      case 11:
        dictionary = in.Integer();
        break;
      default:
        in.Skip(type);
    }
  });
  // Some writers say 0 for "no dictionary".
  named.chunk.offset = dictionary.value_or(0) > 0 ? std::min(*dictionary, data) : data;
}

void ReadRowGroup(ThriftCursor& in, std::vector<NamedChunk>& chunks) {
  in.ReadStruct([&](int32_t id, ThriftCursor::Type type) {
    if (id != 1) return in.Skip(type);
    in.ReadList([&](ThriftCursor::Type) {
      NamedChunk& named = chunks.emplace_back();
      in.ReadStruct([&](int32_t field, ThriftCursor::Type field_type) {
        field == 3 ? ReadColumnMetadata(in, named) : in.Skip(field_type);
      });
    });
  });
}

absl::StatusOr<std::string_view> FindFooter(std::string_view file) {
  if (file.size() < 3 * kMagic.size() || !file.starts_with(kMagic) || !file.ends_with(kMagic)) {
    return Damaged("it does not begin and end with PAR1");
  }
  uint32_t size = 0;
  std::memcpy(&size, file.data() + file.size() - 2 * sizeof size, sizeof size);
  if (size > file.size() - 3 * kMagic.size()) return Damaged("its footer is longer than the file");
  return file.substr(file.size() - 2 * sizeof size - size, size);
}

}  // namespace

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("Parquet: ", what, ": the file is cut short or damaged"));
}

absl::StatusOr<Metadata> ParseMetadata(std::string_view file) {
  auto footer = FindFooter(file);
  if (!footer.ok()) return footer.status();
  ThriftCursor in(*footer);
  Metadata metadata;
  std::vector<SchemaElement> schema;
  std::vector<NamedChunk> chunks;
  in.ReadStruct([&](int32_t id, ThriftCursor::Type type) {
    switch (id) {
      case 2:
        in.ReadList([&](ThriftCursor::Type) { schema.push_back(ReadSchemaElement(in)); });
        break;
      case 3:
        metadata.rows = in.Integer();
        break;
      case 4:
        in.ReadList([&](ThriftCursor::Type) { ReadRowGroup(in, chunks); });
        break;
      default:
        in.Skip(type);
    }
  });
  if (!in.ok() || schema.empty() || metadata.rows < 0) return Damaged("its footer cannot be read");

  constexpr int64_t kRepeated = 2;
  std::map<std::string, size_t> known;
  // The first element is the root; what a group contains follows it, so flat columns are those outside of
  // groups.
  int64_t inside = 0;
  for (size_t i = 1; i < schema.size(); ++i) {
    const SchemaElement& element = schema[i];
    const bool flat = inside == 0 && element.children == 0 && element.repetition != kRepeated;
    if (inside > 0) --inside;
    if (element.children < 0 || element.children > static_cast<int64_t>(schema.size())) {
      return Damaged("its schema cannot be read");
    }
    inside += element.children;
    if (!flat || element.type < 0 || element.type > 7) continue;
    known[element.name] = metadata.columns.size();
    metadata.columns.push_back(
        {element.name, static_cast<PhysicalType>(element.type), element.repetition == 1, {}});
  }
  for (const NamedChunk& named : chunks) {
    const auto column = known.find(named.path);
    if (named.parts != 1 || column == known.end()) continue;
    const Chunk& chunk = named.chunk;
    const auto file_size = static_cast<int64_t>(file.size());
    if (chunk.values < 0 || chunk.offset < 0 || chunk.size < 0 || chunk.offset > file_size ||
        chunk.size > file_size - chunk.offset) {
      return Damaged(absl::StrCat("column ", named.path, " lies outside of it"));
    }
    metadata.columns[column->second].chunks.push_back(chunk);
  }
  return metadata;
}

absl::StatusOr<PageHeader> ParsePageHeader(std::string_view data) {
  ThriftCursor in(data);
  PageHeader page;
  in.ReadStruct([&](int32_t id, ThriftCursor::Type type) {
    switch (id) {
      case 1:
        page.type = in.Integer();
        break;
      case 2:
        page.unpacked_size = in.Integer();
        break;
      case 3:
        page.packed_size = in.Integer();
        break;
      case 5:  // data page
      case 7:  // dictionary page
        in.ReadStruct([&](int32_t field, ThriftCursor::Type field_type) {
          switch (field) {
            case 1:
              page.values = in.Integer();
              break;
            case 2:
              page.encoding = in.Integer();
              break;
            default:
              in.Skip(field_type);
          }
        });
        break;
      case 8:  // data page, version 2
        in.ReadStruct([&](int32_t field, ThriftCursor::Type field_type) {
          switch (field) {
            case 1:
              page.values = in.Integer();
              break;
            case 4:
              page.encoding = in.Integer();
              break;
            case 5:
              page.definition_bytes = in.Integer();
              break;
            case 6:
              page.repetition_bytes = in.Integer();
              break;
            case 7:
              page.compressed = field_type == ThriftCursor::kTrue;
              break;
            default:
              in.Skip(field_type);
          }
        });
        break;
      default:
        in.Skip(type);
    }
  });
  const bool sane = page.values >= 0 && page.unpacked_size >= 0 && page.packed_size >= 0 &&
                    page.definition_bytes >= 0 && page.repetition_bytes >= 0;
  if (!in.ok() || !sane) return Damaged("the head of a page cannot be read");
  page.header_size = in.position();
  return page;
}

}  // namespace rankle::parquet
