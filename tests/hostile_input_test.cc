// What people give to `rankle analyze` by mistake or on purpose: it ends soon, in bounded memory, with one
// clear line and exit code 2, or with an analysis of what is usable beside it.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kUnusable = 2;
// One dump may be 512 MiB unpacked (docs/importers.md), and everything else is small beside it.
constexpr int64_t kMostMib = 700;

class HostileInput : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(directory_.Path(name), std::ios::binary) << bytes;
  }
  // `begin`, then `unit` over and over up to `bytes`, gunzipped: small on disk.
  void WriteEndless(const std::string& name, const std::string& begin, const std::string& unit,
                    uint64_t bytes) const {
    gzFile file = gzopen(directory_.Path(name).c_str(), "wb1");
    ASSERT_NE(file, nullptr);
    gzwrite(file, begin.data(), static_cast<unsigned>(begin.size()));
    std::string block;
    while (block.size() < 1u << 20) block += unit;
    for (uint64_t written = 0; written < bytes; written += block.size())
      gzwrite(file, block.data(), static_cast<unsigned>(block.size()));
    gzclose(file);
  }
  Finished Analyze(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"analyze", directory_.Path("")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RankleProcess(arguments).Wait(120);
  }
  void ExpectRefusedWith(const std::string& words) const {
    const Finished run = Analyze();
    EXPECT_EQ(run.exit_code, kUnusable) << run.out << run.err;
    EXPECT_NE(run.err.find(words), std::string::npos) << run.err;
    EXPECT_LE(run.peak_mib, kMostMib);
  }
  ScratchDirectory directory_;
};

TEST_F(HostileInput, HundredThousandFilesOfNoKnownKind) {
  for (int i = 0; i < 100'000; ++i) Write("f" + std::to_string(i), "x");
  ExpectRefusedWith("100000 files looked at");
}

TEST_F(HostileInput, ASparseFileOfTenGigabytes) {
  Write("zeros", "");
  fs::resize_file(directory_.Path("zeros"), uint64_t{10} << 30);
  Write("dump_rank_0", R"({"version": "2.9", "pg_config": {}, "entries": [)");
  fs::resize_file(directory_.Path("dump_rank_0"), uint64_t{10} << 30);
  ExpectRefusedWith("dump_rank_0");
}

TEST_F(HostileInput, AnEndlessDump) {
  WriteEndless("dump_0", R"({"version": "2.9", "pg_config": {}, "entries": [)", R"({"record_id": 1}, )",
               1u << 30);
  ExpectRefusedWith("dump_0");
}

TEST_F(HostileInput, EndlessTraceOfTheProfiler) {
  WriteEndless("trace.json", R"({"schemaVersion": 1, "deviceProperties": [], "traceEvents": [)",
               R"({"ph": "X", "cat": "kernel", "name": "gemm", "ts": 1, "dur": 1, "args": {}}, )", 1u << 30);
  ExpectRefusedWith("trace.json");
}

TEST_F(HostileInput, JsonNestedWithoutEnd) {
  Write("dump_0", R"({"version": "2.9", "pg_config": {}, "entries": )" + std::string(10'000'000, '['));
  Write("trace",
        R"({"schemaVersion": 1, "deviceProperties": [], "traceEvents": )" + std::string(10'000'000, '['));
  const Finished run = Analyze();
  EXPECT_EQ(run.exit_code, kUnusable) << run.out << run.err;
  EXPECT_LE(run.peak_mib, kMostMib);
}

TEST_F(HostileInput, APickleThatWouldRunCode) {
  // GLOBAL 'os system', a text, REDUCE: what pickle.load would execute.
  const std::string mark = directory_.Path("executed");
  Write("dump_0",
        std::string("\x80\x02}(X\x09\0\0\0pg_config", 18) + "cos\nsystem\n(S'touch " + mark + "'\ntRu.");
  ExpectRefusedWith("os.system");
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(HostileInput, OtherEncodings) {
  std::string utf16 = "\xff\xfe";
  for (const char c : std::string(R"({"version": "2.9", "entries": []})")) utf16 += {c, '\0'};
  Write("utf16", utf16);
  Write("latin1.log", "rank 0: caf\xe9 \xff\xfe\x80\n");
  const Finished run = Analyze({"--format", "json"});
  EXPECT_EQ(run.exit_code, kUnusable) << run.out << run.err;
}

TEST_F(HostileInput, ALinkToItselfAndAPipe) {
  fs::create_symlink(directory_.Path("loop"), directory_.Path("loop"));
  ASSERT_EQ(mkfifo(directory_.Path("pipe").c_str(), 0600), 0);
  ExpectRefusedWith("no flight records");
}

}  // namespace
}  // namespace rankle::testing
