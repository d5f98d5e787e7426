// `rankle points` and `rankle instrument` from outside: what they print and say, and that an overlay builds
// with g++ and clang++, does what the original does, records it, and fails where it is told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

// Of a shell command: its exit code as a shell gives it, and its standard output.
Finished Shell(const std::string& command) {
  Finished finished;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) finished.out.append(buffer, n);
  const int status = pclose(pipe);
  finished.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return finished;
}

void Write(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST(Points, PrintsCountsListsAndJson) {
  const std::string file = std::string(POINTS_SAMPLE) + "/link.cc";
  const Finished text = RunRankle({"points", "--list", file, "--", "-std=c++17"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("error_call"));
  EXPECT_THAT(text.out, HasSubstr("[io read] [retry]"));
  EXPECT_THAT(text.out, HasSubstr("s per 100,000 lines"));
  const Finished finished = RunRankle({"points", "--format", "json", file, "--", "-std=c++17"});
  const json list = json::parse(finished.out);
  EXPECT_EQ(list["schema"], "rankle.points/1");
  EXPECT_EQ(list["counts"]["throw"]["kept"], 3);
  EXPECT_TRUE(list["units_with_errors"].empty());
}

TEST(Points, WritesADatabaseWithWhatWasDroppedAndWhy) {
  const ScratchDirectory scratch;
  const std::string database = scratch.Path("points.db");
  const Finished finished = RunRankle(
      {"points", "--sqlite", database, std::string(POINTS_SAMPLE) + "/main.cc", "--", "-std=c++17"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(ReadWhole(database).substr(0, 15), "SQLite format 3");
}

TEST(Points, SaysWhatIsWrongWithTheInput) {
  const ScratchDirectory scratch;
  const auto says = [&](std::vector<std::string> arguments, int exit_code, const std::string& text) {
    arguments.insert(arguments.begin(), "points");
    const Finished finished = RunRankle(arguments);
    EXPECT_EQ(finished.exit_code, exit_code) << text;
    EXPECT_THAT(finished.err, HasSubstr(text));
  };
  says({"-p", scratch.Path("nowhere")}, 2, "not a compile database");
  says({scratch.Path("missing.cc"), "--", "-O2"}, 2, "no such file");
  says({"--", "-O2"}, 2, "name them before");
  Write(scratch.Path("compile_commands.json"), "[]");
  says({"-p", scratch.Path("")}, 2, "holds no command");
  Write(scratch.Path("broken.cc"), "#include <no_such_header.h>\nint F( {\n");
  says({scratch.Path("broken.cc"), "--", "-O2"}, 3, "'no_such_header.h' file not found");
  Write(scratch.Path("binary.cc"), std::string("\xff\xfe\0\x01garbage", 11));
  says({scratch.Path("binary.cc"), "--", "-O2"}, 3, "error");
  says({std::string(POINTS_SAMPLE) + "/link.cc", "--skip", "*", "--", "-O2"}, 2, "--skip");
}

class Overlay : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchDirectory;
    fs::copy(POINTS_SAMPLE, scratch_->Path("original"));
    const Finished finished = RunRankle({"instrument", "-o", scratch_->Path("overlay"), "--root",
                                         scratch_->Path("original"), scratch_->Path("original/main.cc"),
                                         scratch_->Path("original/link.cc"), "--", "-std=c++17"});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    summary_ = finished.out;
    Write(scratch_->Path("input"), "a small text");
  }
  static void TearDownTestSuite() { delete scratch_; }
  void SetUp() override {
    if (Shell(std::string("command -v ") + GetParam()).exit_code != 0)
      GTEST_SKIP() << GetParam() << " is not here";
    for (const char* tree : {"original", "overlay"}) {
      const std::string folder = scratch_->Path(tree);
      if (fs::exists(Program(tree))) continue;
      const Finished built =
          Shell(std::string(GetParam()) + " -std=c++17 -Wall -Wextra -Werror -pthread -o '" + Program(tree) +
                "' '" + folder + "/main.cc' '" + folder + "/link.cc' 2>&1");
      ASSERT_EQ(built.exit_code, 0) << built.out;
    }
  }
  static std::string Program(const std::string& tree) { return scratch_->Path(tree + "-" + GetParam()); }
  static Finished RunTree(const std::string& tree, const std::string& arguments,
                          const std::string& environment = "") {
    return Shell(environment + " '" + Program(tree) + "' " + arguments);
  }
  static std::string Input() { return "'" + scratch_->Path("input") + "'"; }
  // The id of the one instrumented point of this kind that says `what` in this function.
  static std::string Id(const std::string& kind, const std::string& what, const std::string& function) {
    const json list = json::parse(ReadWhole(scratch_->Path("overlay/rankle-points/points.json")));
    std::string found;
    for (const json& point : list["points"]) {
      const bool is_it = point["kind"] == kind && point["what"] == what && point["function"] == function &&
                         !point.contains("not_instrumented");
      if (is_it && found.empty()) found = point["id"];
    }
    EXPECT_FALSE(found.empty()) << kind << " " << what;
    return found;
  }
  static Finished RunArmed(const std::string& arm) {
    return RunTree("overlay", Input(), "RANKLE_POINTS_ARM='" + arm + "'");
  }
  static ScratchDirectory* scratch_;
  static std::string summary_;
};
ScratchDirectory* Overlay::scratch_ = nullptr;
std::string Overlay::summary_;

TEST_P(Overlay, DoesWhatTheOriginalDoes) {
  for (const std::string& arguments : {std::string(), Input(), std::string("/nowhere"), std::string("''")}) {
    const Finished original = RunTree("original", arguments), overlay = RunTree("overlay", arguments);
    EXPECT_EQ(overlay.exit_code, original.exit_code) << arguments;
    EXPECT_EQ(overlay.out, original.out) << arguments;
  }
  EXPECT_EQ(RunTree("original", Input()).out, "0: 6\n1: 14\n2: 4\n");
}

TEST_P(Overlay, LeavesTheOriginalAlone) {
  for (const char* name : {"main.cc", "link.cc", "link.h"}) {
    EXPECT_EQ(ReadWhole(scratch_->Path(std::string("original/") + name)),
              ReadWhole(std::string(POINTS_SAMPLE) + "/" + name));
  }
}

TEST_P(Overlay, SaysWhatItLeavesOut) { EXPECT_THAT(summary_, HasSubstr("because a loop made of goto")); }

TEST_P(Overlay, RecordsAlsoWhenTheProgramIsKilled) {
  const std::string out = scratch_->Path(std::string("record-") + GetParam());
  fs::create_directory(out);
  EXPECT_EQ(RunTree("overlay", Input() + " die", "RANKLE_POINTS_OUT='" + out + "'").exit_code, 128 + 9);
  const fs::path record = fs::directory_iterator(out)->path();
  const json dump = json::parse(Shell(std::string(POINTS_DUMP) + " '" + record.string() + "'").out);
  const std::string read = Id("error_call", "read", "sample::Link::Receive");
  uint64_t hits = 0;
  for (const json& site : dump["sites"]) {
    if (site["point"] == read) hits += site["hits"].get<uint64_t>();
  }
  EXPECT_EQ(hits, 4u);  // 12 bytes by 4, and the end
  EXPECT_FALSE(dump["signatures"].empty());
  const std::string broken = out + "/broken.rkp";
  Write(broken, "no record");
  const Finished several = Shell(std::string(POINTS_DUMP) + " '" + record.string() + "' '" + broken + "' '" +
                                 record.string() + "' 2>&1");
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_THAT(several.out, HasSubstr(broken));
  size_t documents = 0;
  for (size_t at = 0; (at = several.out.find("rankle.points_record/1", at)) != std::string::npos; ++at)
    ++documents;
  EXPECT_EQ(documents, 2u);
}

TEST_P(Overlay, AnErrorCallReturnsItsErrorAtTheHit) {
  const Finished finished = RunArmed("fail " + Id("error_call", "read", "sample::Link::Receive") + " hit=2");
  EXPECT_EQ(finished.out, "lost: read: Input/output error\n0: 6\n1: 14\n2: 4\n");
  EXPECT_EQ(finished.exit_code, 0);  // the program tries again
  const Finished always = RunArmed("fail " + Id("error_call", "open", "sample::Link::Link") + " times=0");
  EXPECT_EQ(always.out, "lost: open: Input/output error\nlost: open: Input/output error\n");
  EXPECT_EQ(always.exit_code, 3);
}

TEST_P(Overlay, AThrowPointThrowsItsOwnException) {
  EXPECT_EQ(RunArmed("throw " + Id("throw", "sample::LinkLost", "sample::Positive")).out.substr(0, 15),
            "lost: negative\n");
  const Finished check = RunArmed("throw " + Id("throw", "std::runtime_error", "sample::Open"));
  EXPECT_EQ(check.out, "error: no path\n");
  EXPECT_EQ(check.exit_code, 4);
}

TEST_P(Overlay, ADetectorAnswersTheOpposite) {
  EXPECT_EQ(RunArmed("negate " + Id("detector", "sample::Link::Alive", "sample::Link::Alive")).out,
            "lost: dead\n0: 6\n1: 14\n2: 4\n");
}

TEST_P(Overlay, ALoopIsDelayed) {
  const std::string loop = Id("loop", "for", "sample::Link::Receive");
  const auto begin = std::chrono::steady_clock::now();
  const Finished finished = RunArmed("delay " + loop + " ms=150 times=2");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(300));
  EXPECT_EQ(finished.out, "0: 6\n1: 14\n2: 4\n");
}

INSTANTIATE_TEST_SUITE_P(Compilers, Overlay, ::testing::Values("g++", "clang++"),
                         [](const auto& info) { return std::string(info.param) == "g++" ? "Gnu" : "Clang"; });

TEST(Instrument, CudaBuildsWithNvccWithHostCodeInstrumentedAndKernelsAsTheyWere) {
  if (Shell("command -v nvcc").exit_code != 0) GTEST_SKIP() << "nvcc is not here";
  const ScratchDirectory scratch;
  Write(scratch.Path("tree/a.cu"),
        "#include <stdexcept>\n"
        "__global__ void Scale(float* data, int n) {\n"
        "  for (int i = threadIdx.x; i < n; i += blockDim.x) if (data[i] > 0) data[i] = 0;\n"
        "}\n"
        "void Run(float* data, int n) {\n"
        "  while (n-- > 0) Scale<<<1, 32>>>(data, n);\n"
        "  if (cudaDeviceSynchronize() != cudaSuccess) throw std::runtime_error(\"lost\");\n"
        "}\n");
  const Finished finished = RunRankle({"instrument", "-o", scratch.Path("overlay"), "--root",
                                       scratch.Path("tree"), scratch.Path("tree/a.cu"), "--", "-std=c++17"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  const std::string text = ReadWhole(scratch.Path("overlay/a.cu"));
  EXPECT_THAT(text,
              HasSubstr("for (int i = threadIdx.x; i < n; i += blockDim.x) if (data[i] > 0) data[i] = 0;"));
  EXPECT_THAT(text, HasSubstr("? cudaErrorUnknown : cudaDeviceSynchronize())"));
  const Finished built = Shell("nvcc -std=c++17 -c -o '" + scratch.Path("a.o") + "' '" +
                               scratch.Path("overlay/a.cu") + "' 2>&1");
  EXPECT_EQ(built.exit_code, 0) << built.out;
}

TEST(Instrument, RefusesAPlaceThatHoldsSomethingElse) {
  const ScratchDirectory scratch;
  Write(scratch.Path("tree/a.cc"), "int main() {}\n");
  Write(scratch.Path("full/mine.txt"), "mine");
  const auto exit_code = [&](const std::string& overlay) {
    return RunRankle({"instrument", "-o", overlay, "--root", scratch.Path("tree"), scratch.Path("tree/a.cc"),
                      "--", "-O1"})
        .exit_code;
  };
  EXPECT_EQ(exit_code(scratch.Path("full")), 2);
  EXPECT_EQ(exit_code(scratch.Path("tree")), 2);
  EXPECT_EQ(exit_code(scratch.Path("")), 2);
  EXPECT_EQ(exit_code(scratch.Path("fresh")), 0);
  EXPECT_EQ(exit_code(scratch.Path("fresh")), 0);  // again: brought up to date
}

TEST(Instrument, OnlyReadsSourcesBehindLinks) {
  const ScratchDirectory scratch;
  const std::string unit =
      "#include <unistd.h>\nint Drain(int fd) { char c; while (read(fd, &c, 1) > 0) {} return 0; }\n";
  Write(scratch.Path("common/drain.cc"), unit);
  Write(scratch.Path("app/main.cc"), "int Drain(int);\nint main() { return Drain(0); }\n");
  fs::create_symlink("../common", scratch.Path("app/common"));
  fs::create_symlink("../common/drain.cc", scratch.Path("app/drain.cc"));
  fs::create_symlink("app", scratch.Path("name"));
  for (const char* root : {"app", "name"}) {
    for (const char* name : {"common/drain.cc", "drain.cc"}) {
      const std::string source = scratch.Path(std::string(root) + "/"), overlay = scratch.Path("app/overlay");
      const Finished finished = RunRankle({"instrument", "-o", overlay, "--root", source, source + "main.cc",
                                           source + name, "--", "-std=c++17"});
      EXPECT_EQ(finished.exit_code, 0) << finished.err;
      EXPECT_EQ(ReadWhole(scratch.Path("common/drain.cc")), unit) << name;
      EXPECT_THAT(ReadWhole(overlay + "/" + name), HasSubstr("rankle_points::Fails"));
      EXPECT_FALSE(fs::exists(overlay + "/overlay"));
      const Finished built = Shell("g++ -std=c++17 -o '" + scratch.Path("program") + "' '" + overlay +
                                   "/main.cc' '" + overlay + "/" + name + "' 2>&1");
      EXPECT_EQ(built.exit_code, 0) << built.out;
    }
  }
}

TEST(Instrument, UnitsBuildWhateverTheyBeginWithAndWhereverTheOverlayLies) {
  const ScratchDirectory scratch;
  const std::string rest =
      "#include <unistd.h>\n#include <string>\n#if _GLIBCXX_USE_CXX11_ABI\n#error late\n#endif\n"
      "int main() { char c; while (read(0, &c, 1) > 0) {} return __LINE__; }\n";
  Write(scratch.Path("tree/main.cc"), "\xef\xbb\xbf#define _GLIBCXX_USE_CXX11_ABI 0\n" + rest);
  Write(scratch.Path("tree/other.cc"), "#include \"other.h\"\nint Other(int fd) { return Drain(fd); }\n");
  Write(scratch.Path("tree/other.h"),
        "#include <unistd.h>\ninline int Drain(int fd) { char c; return read(fd, &c, 1) < 0; }\n");
  const auto instrument = [&](const std::string& overlay) {
    return RunRankle({"instrument", "-o", overlay, "--root", scratch.Path("tree"),
                      scratch.Path("tree/main.cc"), scratch.Path("tree/other.cc"), "--", "-std=c++17"});
  };
  const std::string overlay = scratch.Path("it's here; & there");
  EXPECT_EQ(instrument(overlay).exit_code, 0);
  Write(overlay + "/late.cc", "#include \"other.h\"\nint main() { return Drain(0); }\n");
  const std::string shown = "\"" + overlay;
  const Finished built =
      Shell("g++ -std=c++17 -o '" + scratch.Path("program") + "' " + shown + "/main.cc\" 2>&1");
  EXPECT_EQ(built.exit_code, 0) << built.out;
  EXPECT_EQ(Shell("'" + scratch.Path("program") + "' </dev/null").exit_code, 7);
  const Finished launched = Shell(shown + "/rankle-points/launcher\" g++ -std=c++17 -o '" +
                                  scratch.Path("late") + "' " + shown + "/late.cc\" 2>&1");
  EXPECT_EQ(launched.exit_code, 0) << launched.out;
  const Finished quoted = instrument(scratch.Path("a\"b"));
  EXPECT_EQ(quoted.exit_code, 2);
  EXPECT_THAT(quoted.err, HasSubstr("no #include can name"));
  EXPECT_FALSE(fs::exists(scratch.Path("a\"b")));
}

}  // namespace
}  // namespace rankle::testing
