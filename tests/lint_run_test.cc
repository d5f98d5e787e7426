// `rankle lint` from outside: what it prints and writes, its exit codes, and what it remembers from run to
// run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/rankle_process.h"

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kBytes[] = R"(#include <nccl.h>
ncclResult_t Reduce(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(a, a, n * sizeof(float), ncclFloat, ncclSum, comm, stream);
}
)";

class Lint : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = scratch_.Path(name);
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  // One file with the mock headers, and a cache of this test's own.
  Finished Run(const std::string& file, std::vector<std::string> options = {}) {
    std::vector<std::string> arguments{"lint", file, "--cache", scratch_.Path("cache")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", "-std=c++17", "-isystem", MOCK_HEADERS});
    return RunRankle(arguments);
  }
  const ScratchDirectory scratch_;
};

TEST_F(Lint, PrintsLikeClangAndExitsWithOneWhereItFindsSomething) {
  const std::string file = Write("a.cc", kBytes);
  const Finished finished = Run(file);
  EXPECT_EQ(finished.exit_code, 1) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("a.cc:3:10: error: the count is in bytes"));
  EXPECT_THAT(finished.out, HasSubstr("[nccl-count-in-bytes]\n      return ncclAllReduce("));
  EXPECT_THAT(finished.out, HasSubstr("a.cc:3:34: note: the size enters here"));
  EXPECT_THAT(finished.err, HasSubstr("1 finding in 1 unit"));
}

TEST_F(Lint, IsSilentOnCleanCode) {
  const Finished finished = Run(Write("a.cc", "int main() { return 0; }\n"));
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.out, IsEmpty());
  EXPECT_THAT(finished.err, IsEmpty());
}

TEST_F(Lint, ChecksThatAreNotWantedAreNotReported) {
  const std::string file = Write("a.cc", kBytes);
  EXPECT_EQ(Run(file, {"--checks=-nccl-count-*"}).exit_code, 0);
  EXPECT_EQ(Run(file, {"--checks=-*,rankle-count-in-bytes"}).exit_code, 1);
  const Finished finished = Run(file, {"--checks=nccl-cuont-in-bytes"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("no check is called 'nccl-cuont-in-bytes'"));
}

TEST_F(Lint, FixesWhatItCanAndFindsNothingAfterwards) {
  const std::string file = Write("a.cc", kBytes);
  EXPECT_EQ(Run(file, {"--fix"}).exit_code, 0);
  EXPECT_THAT(ReadWhole(file), HasSubstr("ncclAllReduce(a, a, n, ncclFloat"));
  EXPECT_EQ(Run(file).exit_code, 0);
}

TEST_F(Lint, ABaselineAcceptsWhatWasThereAlsoWhenLinesShift) {
  const std::string file = Write("a.cc", kBytes), baseline = scratch_.Path("baseline.json");
  EXPECT_EQ(Run(file, {"--write-baseline", baseline}).exit_code, 0);
  Write("a.cc", "// new\n\n// lines\n" + std::string(kBytes));
  const Finished finished = Run(file, {"--baseline", baseline});
  EXPECT_EQ(finished.exit_code, 0) << finished.out;
  EXPECT_THAT(finished.err, HasSubstr("1 more in the baseline"));
  Write("a.cc", std::string(kBytes) + R"(
ncclResult_t More(float* a, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(a, a, sizeof(float), ncclFloat, ncclSum, comm, stream);
}
)");
  const Finished more = Run(file, {"--baseline", baseline});
  EXPECT_EQ(more.exit_code, 1);
  EXPECT_THAT(more.out, HasSubstr("a.cc:7:10"));
  EXPECT_THAT(more.out, Not(HasSubstr("a.cc:3:10")));
}

TEST_F(Lint, KnowsAUnitAgainUntilItOrAHeaderChanges) {
  Write("limits.h", "inline size_t Elements(size_t n) { return n; }\n");
  const std::string file = Write("a.cc", R"(#include <nccl.h>
#include "limits.h"
ncclResult_t Reduce(float* a, size_t n, ncclComm_t comm, cudaStream_t stream) {
  return ncclAllReduce(a, a, Elements(n), ncclFloat, ncclSum, comm, stream);
}
)");
  const auto cached = [&] {
    const Finished finished = Run(file, {"--format=json"});
    return std::make_pair(json::parse(finished.out)["units"][0]["cached"].get<bool>(), finished.exit_code);
  };
  EXPECT_EQ(cached(), std::make_pair(false, 0));
  EXPECT_EQ(cached(), std::make_pair(true, 0));
  Write("limits.h", "inline size_t Elements(size_t n) { return n * sizeof(float); }\n");
  EXPECT_EQ(cached(), std::make_pair(false, 1));
  EXPECT_EQ(cached(), std::make_pair(true, 1));
}

TEST_F(Lint, ChecksAgainWhenAMissingHeaderHasAppeared) {
  const std::string file = Write("a.cc", "#include \"late.h\"\n" + std::string(kBytes));
  EXPECT_THAT(Run(file).err, HasSubstr("'late.h' file not found"));
  Write("late.h", "");
  const Finished finished = Run(file);
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.err, Not(HasSubstr("not found")));
}

TEST_F(Lint, FactsOfOneUnitAreKnownInTheNextRunOfAnother) {
  const std::string flush = Write("flush.cc", R"(#include <nccl.h>
void Flush(cudaStream_t stream) {
  if (cudaStreamSynchronize(stream) != cudaSuccess) __builtin_trap();
}
)");
  const std::string reduce = Write("reduce.cc", R"(#include <nccl.h>
void Flush(cudaStream_t stream);
bool Reduce(float* a, ncclComm_t comm, cudaStream_t stream) {
  bool ok = ncclGroupStart() == ncclSuccess;
  ok &= ncclAllReduce(a, a, 1, ncclFloat, ncclSum, comm, stream) == ncclSuccess;
  Flush(stream);
  ok &= ncclGroupEnd() == ncclSuccess;
  return ok;
}
)");
  const std::string known = scratch_.Path("known.sqlite");
  const std::vector<std::string> options{"--checks=-*,nccl-blocking-call-in-group", "--summaries", known};
  EXPECT_EQ(Run(reduce, options).exit_code, 0);
  EXPECT_EQ(Run(flush, options).exit_code, 0);
  const Finished finished = Run(reduce, options);
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.out, HasSubstr("reduce.cc:6:3: error: Flush keeps the host waiting"));
}

TEST_F(Lint, WritesSarif) {
  const Finished finished = Run(Write("a b.cc", kBytes), {"--format=sarif"});
  const json log = json::parse(finished.out);
  EXPECT_EQ(log["version"], "2.1.0");
  const json& run = log["runs"][0];
  const json& result = run["results"][0];
  EXPECT_EQ(result["ruleId"], "nccl-count-in-bytes");
  EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<int>()]["id"], "nccl-count-in-bytes");
  EXPECT_EQ(result["level"], "error");
  const json& place = result["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "a%20b.cc");
  EXPECT_EQ(place["region"]["startLine"], 3);
  EXPECT_EQ(place["region"]["startColumn"], 10);
  EXPECT_EQ(result["partialFingerprints"]["rankle/v1"].get<std::string>().size(), 16u);
  const json& replaced = result["fixes"][0]["artifactChanges"][0]["replacements"][0];
  EXPECT_EQ(replaced["insertedContent"]["text"], "n");
}

TEST_F(Lint, WritesADatabaseBesideOtherTables) {
  const std::string database = scratch_.Path("lint.sqlite");
  EXPECT_EQ(Run(Write("a.cc", kBytes), {"--sqlite", database}).exit_code, 1);
  EXPECT_EQ(ReadWhole(database).substr(0, 15), "SQLite format 3");
  for (const char* table : {"lint_findings", "lint_notes", "lint_checks", "lint_units"})
    EXPECT_THAT(ReadWhole(database), HasSubstr(table));
}

TEST_F(Lint, SaysWhatIsWrongWithTheInput) {
  const auto says = [&](const std::vector<std::string>& arguments, const std::string& text) {
    const Finished finished = RunRankle(arguments);
    EXPECT_EQ(finished.exit_code, 2) << text;
    EXPECT_THAT(finished.err, HasSubstr(text));
  };
  says({"lint", "-p", scratch_.Path("nowhere")}, "not a compile database");
  says({"lint", scratch_.Path("missing.cc"), "--", "-O2"}, "no such file");
  const std::string file = Write("a.cc", kBytes);
  says({"lint", file, "--baseline", Write("no.json", "{}"), "--", "-O2"}, "not a baseline");
  says({"lint", file, "--baseline", scratch_.Path("gone.json"), "--", "-O2"}, "gone.json");
  says({"lint", file, "--summaries", Write("no.sqlite", std::string(2000, 'x')), "--", "-O2"}, "no.sqlite");
}

TEST_F(Lint, GoesOnPastErrorsAndSaysHowMany) {
  const std::string file = Write("a.cc", "#include <no_such.h>\nUnknown x;\n" + std::string(kBytes));
  const Finished finished = Run(file);
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.err, HasSubstr("2 errors; what lies in reach was not checked"));
  EXPECT_THAT(finished.out, HasSubstr("[nccl-count-in-bytes]"));
}

TEST_F(Lint, ReadsCAndWhatIsNoText) {
  EXPECT_EQ(Run(Write("a.c",
                      "#include <mpi.h>\nvoid f(int* class) { MPI_Bcast(class, 1, MPI_INT, 0, "
                      "MPI_COMM_WORLD); }\n"))
                .exit_code,
            0);
  const Finished binary = Run(Write("b.cc", std::string("\xff\xfe\0\x01 garbage \xc3", 14)));
  EXPECT_EQ(binary.exit_code, 0);
  EXPECT_THAT(binary.err, HasSubstr("error"));
}

TEST_F(Lint, ListsItsChecks) {
  const Finished finished = RunRankle({"lint", "--list-checks"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.out, HasSubstr("nccl-group-unbalanced"));
}

}  // namespace
}  // namespace rankle::testing
