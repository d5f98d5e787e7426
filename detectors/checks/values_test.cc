// The parts of the checks that are plain values: the API table, globs, comments that silence, identities.
#include <gtest/gtest.h>

#include "detectors/checks/api_table.h"
#include "detectors/checks/check_globs.h"
#include "detectors/checks/finding.h"
#include "detectors/checks/rank_names.h"
#include "detectors/checks/suppression.h"
#include "injector/api/api.h"

namespace rankle::lint {
namespace {

// The injector's table is made from the headers: where it knows an argument, this one must agree.
TEST(ApiTable, AgreesWithTheHeadersOnEveryArgumentOfNccl) {
  int compared = 0;
  for (const api::ApiInfo& known : api::AllApis()) {
    if (known.library != api::Library::kNccl) continue;
    const Api* api = FindApi(known.name);
    ASSERT_NE(api, nullptr) << known.name << " is not in the table of the checks";
    if (!IsCommunication(*api)) continue;
    ++compared;
    EXPECT_EQ(api->at.count, known.args.count) << known.name;
    EXPECT_EQ(api->at.type, known.args.dtype) << known.name;
    EXPECT_EQ(api->at.op, known.args.redop) << known.name;
    EXPECT_EQ(api->at.root, known.args.root) << known.name;
    EXPECT_EQ(api->at.peer, known.args.peer) << known.name;
    EXPECT_EQ(api->at.comm, known.args.comm) << known.name;
    EXPECT_EQ(api->at.stream, known.args.stream) << known.name;
    EXPECT_EQ(IsP2p(*api), known.groups == api::kP2p) << known.name;
  }
  EXPECT_GE(compared, 10);
}

TEST(ApiTable, KnowsOtherNamesOfTheSameCall) {
  EXPECT_EQ(FindApi("pncclSend"), FindApi("ncclSend"));
  EXPECT_EQ(FindApi("PMPI_Bcast"), FindApi("MPI_Bcast"));
  EXPECT_EQ(FindApi("hipStreamSynchronize"), FindApi("cudaStreamSynchronize"));
  EXPECT_EQ(FindApi("cuStreamDestroy_v2"), FindApi("cuStreamDestroy"));
  EXPECT_EQ(FindApi("ncclNoSuchCall"), nullptr);
  EXPECT_EQ(FindApi("hipster"), nullptr);
}

TEST(Names, OfDevicesByTheirWords) {
  for (const char* name : {"gpu", "by_device", "deviceComms", "ranks"})
    EXPECT_TRUE(NamesDevice(name)) << name;
  for (const char* name : {"dimension", "development", "groups", "comms"})
    EXPECT_FALSE(NamesDevice(name)) << name;
}

TEST(CheckGlobs, TheLastOneThatMatchesWins) {
  const CheckGlobs globs("-*, nccl-group-*, -rankle-group-unbalanced");
  EXPECT_FALSE(globs.Wants("nccl-count-in-bytes", true));
  EXPECT_TRUE(globs.Wants("nccl-group-other", false));
  EXPECT_FALSE(globs.Wants("nccl-group-unbalanced", true));
}

TEST(CheckGlobs, WithoutAGlobTheDefaultStays) {
  EXPECT_TRUE(CheckGlobs("").Wants("nccl-a", true));
  EXPECT_FALSE(CheckGlobs("nccl-b").Wants("nccl-a", false));
}

TEST(CheckGlobs, NamesAGlobThatNoCheckHas) {
  EXPECT_EQ(CheckGlobs("nccl-a,nccl-typo").Unused({"nccl-a"}), std::vector<std::string>{"nccl-typo"});
}

bool SilencedAt(const std::string& text, const std::string& at) {
  return Suppressions(text).Silence(text.find(at), "nccl-count-in-bytes");
}

TEST(Suppression, OnTheLineForNamedChecksOnly) {
  EXPECT_TRUE(SilencedAt("a;\ncall;  // NOLINT\n", "call"));
  EXPECT_TRUE(SilencedAt("call;  // NOLINT(rankle-count-in-bytes)", "call"));
  EXPECT_TRUE(SilencedAt("call;  // NOLINT(other, nccl-count-*)", "call"));
  EXPECT_FALSE(SilencedAt("call;  // NOLINT(nccl-group-unbalanced)", "call"));
  EXPECT_FALSE(SilencedAt("a;  // NOLINT\ncall;\n", "call"));
}

TEST(Suppression, OfTheNextLineAndOfARegion) {
  EXPECT_TRUE(SilencedAt("// NOLINTNEXTLINE(rankle-*)\ncall;\n", "call"));
  EXPECT_FALSE(SilencedAt("call;  // NOLINTNEXTLINE\nb;\n", "call"));
  EXPECT_TRUE(SilencedAt("// NOLINTBEGIN(nccl-*)\na;\ncall;\n// NOLINTEND(nccl-*)\n", "call"));
  EXPECT_FALSE(SilencedAt("// NOLINTBEGIN\na;\n// NOLINTEND\ncall;\n", "call"));
  EXPECT_FALSE(SilencedAt("call;\n// NOLINTBEGIN\n", "call"));
  EXPECT_TRUE(SilencedAt("// NOLINTBEGIN\ncall;", "call"));
  EXPECT_FALSE(SilencedAt("call;  // NOLINTS(", "call"));
}

Finding At(int line, const std::string& function) {
  Finding finding;
  finding.check = "nccl-a";
  finding.function = function;
  finding.place = {"/src/a.cc", line, 1};
  return finding;
}

TEST(Identity, StaysWhenLinesShiftAndDiffersAmongEqualWords) {
  std::vector<Finding> before{At(3, "f"), At(9, "f"), At(20, "g")},
      after{At(13, "f"), At(21, "f"), At(40, "g")};
  Identify(before, {"call ( a )", "call ( a )", "call ( a )"});
  Identify(after, {"call ( a )", "call ( a )", "call ( a )"});
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i].identity, after[i].identity);
  EXPECT_NE(before[0].identity, before[1].identity);
  EXPECT_NE(before[0].identity, before[2].identity);
}

TEST(Findings, OfAHeaderCountOnceHoweverManyUnitsReportThem) {
  std::vector<Finding> findings{At(9, "f"), At(3, "f"), At(9, "f")};
  SortAndMerge(findings);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].place.line, 3);
}

}  // namespace
}  // namespace rankle::lint
