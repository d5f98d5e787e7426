#include "analyzer/testing/dump_writer.h"

#include <zlib.h>

#include <algorithm>
#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::testing {
namespace {

// The two notations behind one set of calls.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void BeginDict() = 0;
  virtual void EndDict() = 0;
  virtual void BeginList() = 0;
  virtual void EndList() = 0;
  virtual void BeginPair() = 0;  // a tuple of two, where there are such
  virtual void EndPair() = 0;
  virtual void Key(const std::string& key) = 0;
  virtual void Text(const std::string& text) = 0;
  virtual void Int(int64_t value) = 0;
  virtual void Bool(bool value) = 0;
  virtual void NoTime() = 0;
};

class PickleWriter : public Writer {
 public:
  PickleWriter() { out_ = "\x80\x02"; }
  void BeginDict() override { out_ += "}", Memoize(), out_ += "("; }
  void EndDict() override { out_ += "u"; }
  void BeginList() override { out_ += "]", Memoize(), out_ += "("; }
  void EndList() override { out_ += "e"; }
  void BeginPair() override {}
  void EndPair() override { out_ += "\x86", Memoize(); }
  void Key(const std::string& key) override { Text(key); }
  void Text(const std::string& text) override {
    if (const auto it = memo_.find(text); it != memo_.end()) {
      out_ += "j", Number(it->second, 4);
      return;
    }
    out_ += "X", Number(static_cast<int64_t>(text.size()), 4), out_ += text;
    memo_[text] = Memoize();
  }
  void Int(int64_t value) override {
    if (value >= INT32_MIN && value <= INT32_MAX) {
      out_ += "J", Number(value, 4);
    } else {
      out_ += "\x8a\x08", Number(value, 8);
    }
  }
  void Bool(bool value) override { out_ += value ? "\x88" : "\x89"; }
  void NoTime() override { out_ += "N"; }
  std::string Finish() { return out_ + "."; }

 private:
  int64_t Memoize() {
    out_ += "r", Number(next_, 4);
    return next_++;
  }
  void Number(int64_t value, int width) {
    for (int i = 0; i < width; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
  }
  std::string out_;
  std::map<std::string, int64_t> memo_;
  int64_t next_ = 0;
};

class JsonWriter : public Writer {
 public:
  void BeginDict() override { Value("{"), first_ = true; }
  void EndDict() override { out_ += "}", first_ = false; }
  void BeginList() override { Value("["), first_ = true; }
  void EndList() override { out_ += "]", first_ = false; }
  void BeginPair() override { BeginList(); }
  void EndPair() override { EndList(); }
  void Key(const std::string& key) override {
    Value(absl::StrCat("\"", key, "\":"));
    first_ = true;  // no comma before the value
  }
  void Text(const std::string& text) override { Value(absl::StrCat("\"", text, "\"")); }
  void Int(int64_t value) override { Value(absl::StrCat(value)); }
  void Bool(bool value) override { Value(value ? "true" : "false"); }
  void NoTime() override { Int(0); }
  const std::string& Finish() const { return out_; }

 private:
  void Value(const std::string& text) {
    if (!first_ && !out_.empty()) out_ += ",";
    out_ += text, first_ = false;
  }
  std::string out_;
  bool first_ = true;
};

class DumpSerializer {
 public:
  DumpSerializer(const DumpContent& dump, Writer& out, bool json) : dump_(dump), out_(out), json_(json) {}

  void Write() {
    out_.BeginDict();
    Field("version", [&] { out_.Text(dump_.version); });
    Field("nccl_version", [&] { out_.Text("2.27.3"); });
    Field("pg_config", [&] { WriteGroups(); });
    Field("pg_status", [&] { WriteStatuses(); });
    if (!json_ || !dump_.entries.empty()) {
      Field("entries", [&] {
        out_.BeginList();
        for (const DumpedEntry& entry : dump_.entries) WriteEntry(entry);
        out_.EndList();
      });
    }
    out_.EndDict();
  }

 private:
  void Field(const std::string& key, const std::function<void()>& value) {
    if (std::find(dump_.omit.begin(), dump_.omit.end(), key) != dump_.omit.end()) return;
    out_.Key(key);
    value();
  }
  void WriteGroups() {
    out_.BeginDict();
    for (const DumpedGroup& group : dump_.groups) {
      out_.Key(group.name);
      out_.BeginDict();
      Field("name", [&] { out_.Text(group.name); });
      Field("desc", [&] { out_.Text(group.description); });
      Field("ranks", [&] { out_.Text(absl::StrCat("[", absl::StrJoin(group.ranks, ", "), "]")); });
      out_.EndDict();
    }
    out_.EndDict();
  }
  void WriteStatuses() {
    out_.BeginDict();
    for (const DumpedStatus& status : dump_.statuses) {
      out_.Key(absl::StrCat(status.pg_id));
      out_.BeginDict();
      for (const auto& [key, value] : {std::pair("last_enqueued_collective", status.enqueued),
                                       std::pair("last_started_collective", status.started),
                                       std::pair("last_completed_collective", status.completed)}) {
        Field(key, [&, v = value] { json_ ? out_.Text(absl::StrCat(v)) : out_.Int(v); });
      }
      out_.EndDict();
    }
    out_.EndDict();
  }
  void WriteSizes(const DumpedEntry& entry) {
    out_.BeginList();
    out_.BeginList();
    for (const int64_t size : entry.size) out_.Int(size);
    out_.EndList();
    out_.EndList();
  }
  void WriteEntry(const DumpedEntry& e) {
    out_.BeginDict();
    const auto time = [&](int64_t t) { t == 0 ? out_.NoTime() : out_.Int(t); };
    Field("record_id", [&] { out_.Int(e.record); });
    Field("pg_id", [&] { out_.Int(e.pg_id); });
    Field("process_group",
          [&] { out_.BeginPair(), out_.Text(e.group.first), out_.Text(e.group.second), out_.EndPair(); });
    Field("collective_seq_id", [&] { out_.Int(e.collective_seq); });
    Field("p2p_seq_id", [&] { out_.Int(e.p2p_seq); });
    Field("op_id", [&] { out_.Int(e.op); });
    Field("profiling_name", [&] { out_.Text(e.name); });
    Field("time_created_ns", [&] { out_.Int(e.created); });
    Field("input_sizes", [&] { WriteSizes(e); });
    Field("input_dtypes", [&] { out_.BeginList(), out_.Text(e.dtype), out_.EndList(); });
    Field("output_sizes", [&] { WriteSizes(e); });
    Field("output_dtypes", [&] { out_.BeginList(), out_.Text(e.dtype), out_.EndList(); });
    Field("state", [&] { out_.Text(e.state); });
    Field("time_discovered_started_ns", [&] { time(e.started); });
    Field("time_discovered_completed_ns", [&] { time(e.completed); });
    Field("retired", [&] { out_.Bool(e.retired); });
    Field("timeout_ms", [&] { out_.Int(600000); });
    Field("is_p2p", [&] { out_.Bool(e.p2p); });
    if (!e.file.empty() && !json_) Field("frames", [&] { WriteFrames(e); });
    out_.EndDict();
  }
  void WriteFrames(const DumpedEntry& e) {
    out_.BeginList();
    WriteFrame("all_reduce", "/usr/lib/python3/site-packages/torch/distributed/distributed_c10d.py", 2501);
    WriteFrame(e.function, e.file, e.line);
    out_.EndList();
  }
  void WriteFrame(const std::string& name, const std::string& file, int line) {
    out_.BeginDict();
    out_.Key("name"), out_.Text(name);
    out_.Key("filename"), out_.Text(file);
    out_.Key("line"), out_.Int(line);
    out_.EndDict();
  }

  const DumpContent& dump_;
  Writer& out_;
  const bool json_;
};

}  // namespace

std::string ToPickle(const DumpContent& dump) {
  PickleWriter writer;
  DumpSerializer(dump, writer, false).Write();
  return writer.Finish();
}

std::string ToJson(const DumpContent& dump) {
  JsonWriter writer;
  DumpSerializer(dump, writer, true).Write();
  return writer.Finish();
}

std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);  // 16: with a gzip header
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data()), stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace rankle::testing
