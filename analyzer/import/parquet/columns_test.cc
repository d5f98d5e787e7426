// Columns of small files that the test writes itself, byte by byte as the format says
// (apache/parquet-format), and what damage does to them.
#include "analyzer/import/parquet/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "analyzer/import/operations/parquet_trace.h"

namespace rankle::parquet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Thrift's compact protocol: field heads are deltas of ids, integers are zigzag varints.
class Thrift {
 public:
  Thrift& Int(int id, int64_t value, int type = 6) {
    return Head(id, type).Varint(static_cast<uint64_t>(value << 1 ^ value >> 63));
  }
  Thrift& Text(int id, const std::string& text) { return Head(id, 8).Bytes(text); }
  Thrift& Struct(int id, const Thrift& inner) {
    Head(id, 12);
    out_ += inner.End();
    return *this;
  }
  Thrift& Texts(int id, const std::vector<std::string>& texts) {
    Head(id, 9);
    out_ += static_cast<char>(texts.size() << 4 | 8);
    for (const std::string& text : texts) Bytes(text);
    return *this;
  }
  Thrift& Structs(int id, const std::vector<Thrift>& items) {
    Head(id, 9);
    out_ += static_cast<char>(items.size() << 4 | 12);
    for (const Thrift& item : items) out_ += item.End();
    return *this;
  }
  std::string End() const { return out_ + '\0'; }

 private:
  Thrift& Head(int id, int type) {
    out_ += static_cast<char>((id - last_) << 4 | type);
    last_ = id;
    return *this;
  }
  Thrift& Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
    return *this;
  }
  Thrift& Bytes(const std::string& text) {
    Varint(text.size());
    out_ += text;
    return *this;
  }
  std::string out_;
  int last_ = 0;
};

template <typename T>
std::string Plain(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
std::string PlainTexts(const std::vector<std::string>& values) {
  std::string bytes;
  for (const std::string& v : values) bytes += Plain<uint32_t>({static_cast<uint32_t>(v.size())}) + v;
  return bytes;
}

struct Written {
  std::string name;
  int type;  // 2: int64, 5: double, 6: text
  std::string data;
};
constexpr int kUncompressed = 0, kGzip = 2;

std::string Gzip(const std::string& data) {
  std::string packed(compressBound(data.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string File(const std::vector<Written>& columns, int64_t rows, int codec = kUncompressed) {
  std::string file = "PAR1";
  std::vector<Thrift> schema = {Thrift().Text(4, "root").Int(5, static_cast<int64_t>(columns.size()), 5)},
                      chunks;
  for (const Written& c : columns) {
    const std::string packed = codec == kGzip ? Gzip(c.data) : c.data;
    const auto offset = static_cast<int64_t>(file.size());
    const Thrift data_page = Thrift().Int(1, rows, 5).Int(2, 0, 5).Int(3, 3, 5).Int(4, 3, 5);
    file += Thrift()
                .Int(1, 0, 5)
                .Int(2, static_cast<int64_t>(c.data.size()), 5)
                .Int(3, static_cast<int64_t>(packed.size()), 5)
                .Struct(5, data_page)
                .End() +
            packed;
    schema.push_back(Thrift().Int(1, c.type, 5).Int(3, 0, 5).Text(4, c.name));
    chunks.push_back(Thrift().Int(2, offset).Struct(3, Thrift()
                                                           .Int(1, c.type, 5)
                                                           .Texts(3, {c.name})
                                                           .Int(4, codec, 5)
                                                           .Int(5, rows)
                                                           .Int(7, static_cast<int64_t>(file.size()) - offset)
                                                           .Int(9, offset)));
  }
  const std::string footer =
      Thrift().Int(1, 1, 5).Structs(2, schema).Int(3, rows).Structs(4, {Thrift().Structs(1, chunks)}).End();
  return file + footer + Plain<uint32_t>({static_cast<uint32_t>(footer.size())}) + "PAR1";
}

std::vector<Written> Sample() {
  return {{"step", 2, Plain<int64_t>({7, -1, 1'000'000'000'000})},
          {"duration", 5, Plain<double>({0.5, -2, 1e9})},
          {"optype", 6, PlainTexts({"forward-compute", "gc", "gc"})}};
}

TEST(ColumnsTest, ReadsIntegersRealsAndTexts) {
  for (int codec : {kUncompressed, kGzip}) {
    const auto columns = ReadColumns(File(Sample(), 3, codec), {"step", "duration", "optype", "absent"});
    ASSERT_TRUE(columns.ok()) << codec << " " << columns.status();
    EXPECT_EQ(columns->size(), 3u);
    EXPECT_THAT(columns->at("step").integers, ElementsAre(7, -1, 1'000'000'000'000));
    EXPECT_THAT(columns->at("duration").reals, ElementsAre(0.5, -2, 1e9));
    EXPECT_EQ(columns->at("optype").TextAt(0), "forward-compute");
    EXPECT_EQ(columns->at("optype").TextAt(2), "gc");
  }
}

TEST(ColumnsTest, AFileThatIsCutAnywhereIsAnErrorAndNotACrash) {
  const std::string file = File(Sample(), 3);
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(ReadColumns(file.substr(0, size), {"step"}).ok()) << size;
  EXPECT_THAT(std::string(ReadColumns("PAR2xxxxxxxxPAR1", {"step"}).status().message()), HasSubstr("PAR1"));
}

TEST(ColumnsTest, ADamagedByteNeverReadsOutsideOfTheFile) {
  const std::string file = File(Sample(), 3);
  for (size_t at = 0; at < file.size(); ++at) {
    for (int bit : {0x01, 0x40, 0x80}) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ bit);
      const auto columns = ReadColumns(damaged, {"step", "duration", "optype"});  // asan looks on
      if (!columns.ok()) continue;
      for (const auto& [name, column] : *columns) {
        ASSERT_EQ(column.size(), columns->begin()->second.size()) << at << name;
        for (size_t row = 0; column.kind == Column::Kind::kText && row < column.size(); ++row)
          ASSERT_LT(static_cast<size_t>(column.integers[row]), column.texts.size()) << at;
      }
    }
  }
}

TEST(ColumnsTest, LimitsHoldBeforeMemoryIsTaken) {
  EXPECT_FALSE(ReadColumns(File(Sample(), 3), {"step"}, {.rows = 2}).ok());
  const std::vector<Written> bomb = {{"step", 2, std::string(1 << 20, '\0')}};
  EXPECT_FALSE(
      ReadColumns(File(bomb, 1 << 17, kGzip), {"step"}, {.rows = 1 << 20, .unpacked = 1 << 16}).ok());
}

TEST(ColumnsTest, AnEncodingThatIsNotKnownIsRefusedByName) {
  EXPECT_THAT(std::string(ReadColumns(File(Sample(), 3, 3), {"step"}).status().message()), HasSubstr("3"));
}

}  // namespace
}  // namespace rankle::parquet
