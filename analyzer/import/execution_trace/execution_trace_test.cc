// Small made-up execution traces in the shapes that PyTorch and Chakra have written over the years.
#include "analyzer/import/execution_trace/execution_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/analyze.h"
#include "analyzer/import/execution_trace/chakra_node.h"
#include "analyzer/import/execution_trace/protobuf_fields.h"
#include "analyzer/import/importer.h"
#include "analyzer/localize/skew.h"
#include "analyzer/testing/execution_traces.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::ChakraMessage;
using rankle::testing::ChakraTrace;
using rankle::testing::EtCall;
using rankle::testing::PyTorchTrace;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ExecutionTraceTest : public ::testing::Test {
 protected:
  ExecutionTraceTest() : directory_(fs::path(::testing::TempDir()) / absl::StrCat("et-", getpid())) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~ExecutionTraceTest() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  store::Store Read() {
    auto store = ImportPaths({directory_.string()});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : store::Store{};
  }
  Report Diagnose() {
    auto report = Analyze({directory_.string()}, {});
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return {};
    EXPECT_THAT(report->problems, IsEmpty());
    return *std::move(report);
  }

  fs::path directory_;
};

// A step of a job of four: gradients in two sizes, an exchange, a barrier.
std::vector<EtCall> Step(int rank) {
  EtCall exchange{.name = "all_to_allv", .elements = 100 + rank};  // differs on purpose
  return {{.name = "allreduce", .elements = 64},
          {.name = "wait"},
          exchange,
          {.name = "allreduce", .elements = 32},
          {.name = "broadcast", .elements = 8, .rank = 0}};
}
std::vector<EtCall> Steps(int rank, int count) {
  std::vector<EtCall> calls;
  for (int i = 0; i < count; ++i) {
    for (EtCall& call : Step(rank)) calls.push_back(call.rank < 0 ? (call.rank = rank, call) : call);
  }
  return calls;
}

TEST_F(ExecutionTraceTest, CallsOfAllRanksAgreeInAHealthyJob) {
  for (const std::string version : {"1.0.1", "1.0.2-chakra.0.0.4", "1.1.0-chakra.0.0.4"}) {
    for (int rank = 0; rank < 4; ++rank)
      Write(absl::StrCat("trace", 9 - rank, ".json"),  // names say nothing
            PyTorchTrace(version, 4, Steps(rank, 3)));
    const store::Store store = Read();
    EXPECT_EQ(store.source, "execution-trace");
    ASSERT_EQ(store.ranks.size(), 4u) << version;
    ASSERT_EQ(store.communicators.size(), 1u) << version;
    EXPECT_EQ(store.operations.size(), 4u * 3 * 4) << version;  // without waits
    EXPECT_EQ(store.communicators[0].members.size(), 4u);
    EXPECT_THAT(store.quality.missing_ranks, IsEmpty());
    EXPECT_EQ(store.quality.certainty, 0.8) << version;
    // Rank 2's file is trace7.json: the calls tell, not the names.
    EXPECT_THAT(store.ProcessOf(2)->source, HasSubstr("trace7"));
    const Report report = Diagnose();
    EXPECT_EQ(report.verdict.anomaly, "healthy") << version;
    EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("what each rank called")));
  }
}

TEST_F(ExecutionTraceTest, AnotherSizeIsAMismatchOfThatRank) {
  for (int rank = 0; rank < 4; ++rank) {
    auto calls = Steps(rank, 3);
    if (rank == 2) calls[5].elements = 65;
    Write(absl::StrCat(rank, ".json"), PyTorchTrace("1.1.0-chakra.0.0.4", 4, calls));
  }
  const Report report = Diagnose();
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(2));
  EXPECT_THAT(report.verdict.summary, HasSubstr("AllReduce of 65 float32"));
}

TEST_F(ExecutionTraceTest, ACallLeftOutInTheMiddleIsAMismatchOfThatRank) {
  for (int rank = 0; rank < 4; ++rank) {
    auto calls = Steps(rank, 4);
    if (rank == 1) calls.erase(calls.begin() + 8);  // the second all-reduce of the second step
    Write(absl::StrCat(rank, ".json"), PyTorchTrace("1.1.0-chakra.0.0.4", 4, calls));
  }
  const Report report = Diagnose();
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(1));
  EXPECT_THAT(report.verdict.summary, HasSubstr("skipped"));
}

// All calls look alike: the count alone speaks, and somebody may have stopped the recorder earlier.
TEST_F(ExecutionTraceTest, FewerCallsAtTheEndAccuseNobody) {
  for (int rank = 0; rank < 4; ++rank) {
    std::vector<EtCall> calls(rank == 3 ? 9 : 10, {.name = "allreduce", .elements = 64, .rank = rank});
    Write(absl::StrCat(rank, ".json"), PyTorchTrace("1.1.0-chakra.0.0.4", 4, calls));
  }
  const Report report = Diagnose();
  EXPECT_EQ(report.verdict.anomaly, "unknown");
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
  EXPECT_THAT(report.verdict.summary, HasSubstr("the records of rank 3 end before #10"));
}

TEST_F(ExecutionTraceTest, FewerCallsBeforeSomethingSharedAreAMismatch) {
  for (int rank = 0; rank < 4; ++rank) {
    std::vector<EtCall> calls(rank == 3 ? 9 : 10, {.name = "allreduce", .elements = 64, .rank = rank});
    calls.push_back({.name = "allreduce", .elements = 1, .rank = rank, .group = "1"});
    Write(absl::StrCat(rank, ".json"), PyTorchTrace("1.1.0-chakra.0.0.4", 4, calls));
  }
  const Report report = Diagnose();
  EXPECT_EQ(report.verdict.anomaly, "hang.mismatch");
  EXPECT_THAT(report.verdict.ranks, ElementsAre(3));
  EXPECT_THAT(report.verdict.summary, HasSubstr("rank 3 left out #10"));
}

// Rank 1's recorder was started one call later, and stopped one call later.
TEST_F(ExecutionTraceTest, WindowsThatBeginAtDifferentCallsAreAligned) {
  for (int rank = 0; rank < 3; ++rank) {
    std::vector<EtCall> calls;
    for (int i = 0; i < 8; ++i) calls.push_back({.name = "allreduce", .elements = 10 + i % 3, .rank = rank});
    const int late = rank == 1 ? 1 : 0;
    calls.erase(calls.begin(), calls.begin() + late);
    calls.erase(calls.end() - (1 - late), calls.end());
    Write(absl::StrCat(rank, ".json"), PyTorchTrace("1.0.1", 3, calls, 100 + late));
  }
  const Report report = Diagnose();
  EXPECT_EQ(report.verdict.anomaly, "unknown");
  EXPECT_THAT(report.verdict.ranks, IsEmpty());
  EXPECT_THAT(report.data_quality.notes, Contains(HasSubstr("begin at different operations")));
}

// Numbers that count something else, too (sends, in the same group), do not shift what agrees without them.
TEST_F(ExecutionTraceTest, NumbersThatDoNotFitAreNotBelieved) {
  for (int rank = 0; rank < 2; ++rank)
    Write(absl::StrCat(rank, ".json"), PyTorchTrace("1.0.1", 2, Steps(rank, 2), 100 + 7 * rank));
  EXPECT_EQ(Diagnose().verdict.anomaly, "healthy");
}

TEST_F(ExecutionTraceTest, GroupsAreTheirNamesRanksAndStrides) {
  for (int rank = 0; rank < 4; ++rank) {
    EtCall world{.name = "allreduce", .elements = 64, .rank = rank};
    EtCall pair{
        .name = "_allgather_base", .elements = 8, .rank = rank / 2, .group = rank % 2 == 0 ? "1" : "2"};
    pair.first_rank = rank % 2, pair.stride = 2, pair.size = 2;
    Write(absl::StrCat(rank, ".json"), PyTorchTrace("1.1.0-chakra.0.0.4", 4, {world, pair, world}));
  }
  const store::Store store = Read();
  ASSERT_EQ(store.communicators.size(), 3u);
  for (const store::Communicator& c : store.communicators) {
    std::vector<int32_t> ranks;
    for (const store::Member& m : c.members) ranks.push_back(m.global);
    if (c.name == "group(1)") {
      EXPECT_THAT(ranks, ElementsAre(0, 2));
    } else if (c.name == "group(2)") {
      EXPECT_THAT(ranks, ElementsAre(1, 3));
    } else {
      EXPECT_EQ(c.name, "group(0)");
    }
  }
  EXPECT_EQ(Diagnose().verdict.anomaly, "healthy");
}

TEST_F(ExecutionTraceTest, TheListOfGroupsTellsIrregularOnes) {
  const std::string groups =
      R"([{\"pg_name\": \"0\", \"pg_desc\": \"default_pg\", \"ranks\": [], \"group_size\": 4}, {\"pg_name\": \"5\", \"pg_desc\": \"odd\", \"ranks\": [0, 1, 3], \"group_size\": 3}])";
  for (int rank : {0, 1, 3}) {
    EtCall call{.name = "allreduce", .elements = 64, .rank = rank == 3 ? 2 : rank, .group = "5"};
    call.first_rank = call.stride = -1, call.size = 3;
    Write(absl::StrCat("x", rank, ".json"), PyTorchTrace("1.1.0-chakra.0.0.4", 4, {call}, 1, groups));
  }
  const store::Store store = Read();
  ASSERT_EQ(store.communicators.size(), 1u);
  EXPECT_EQ(store.communicators[0].members.size(), 3u);
  EXPECT_EQ(store.ranks.back().global, 3);
  EXPECT_THAT(store.quality.missing_ranks, ElementsAre(2));
}

// The place of the rank holds the root or the peer there.
TEST_F(ExecutionTraceTest, RootsAndPeersAreNotTakenForTheRank) {
  Write("rank1.json", PyTorchTrace("1.1.0-chakra.0.0.4", 2,
                                   {{.name = "broadcast", .elements = 4, .rank = 0},
                                    {.name = "send", .elements = 4, .rank = 0},
                                    {.name = "allreduce", .elements = 4, .rank = 1}}));
  Write("rank0.json", PyTorchTrace("1.1.0-chakra.0.0.4", 2,
                                   {{.name = "broadcast", .elements = 4, .rank = 0},
                                    {.name = "recv", .elements = 4, .rank = 1},
                                    {.name = "allreduce", .elements = 4, .rank = 0}}));
  const store::Store store = Read();
  EXPECT_THAT(store.ProcessOf(1)->source, HasSubstr("rank1"));
  EXPECT_THAT(store.operations.p2p, ElementsAre(0, 1, 0, 0, 1, 0));
  EXPECT_EQ(store.operations.peer[1], 1);
  EXPECT_EQ(store.operations.peer[4], 0);
}

TEST_F(ExecutionTraceTest, ChakraMessagesTellCollectives) {
  for (int rank = 0; rank < 2; ++rank) {
    Write(absl::StrCat("chakra.", rank, ".et"),
          ChakraTrace({{.id = 1, .name = "c10d::allreduce_(0)", .type = 7, .cpu = 1},
                       {.id = 2, .name = "aten::add", .type = 4, .cpu = 1},
                       {.id = 3, .name = "ncclDevKernel_Generic", .type = 7, .collective = 0, .bytes = 512},
                       {.id = 4, .name = "x", .type = 7, .collective = 6, .bytes = 77 + rank}}));
  }
  const store::Store store = Read();
  ASSERT_EQ(store.operations.size(), 4u);  // kernels, not the calls that launched them
  EXPECT_EQ(store::OperationName(store.operations.api[0]), "AllReduce");
  EXPECT_EQ(store.operations.count[0], 512u);
  EXPECT_EQ(store::OperationName(store.operations.api[1]), "AlltoAll");
  EXPECT_EQ(store.quality.certainty, 0.5);
  EXPECT_FALSE(store.device_times);
  EXPECT_EQ(Diagnose().verdict.anomaly, "healthy");
}

TEST_F(ExecutionTraceTest, TimesOfChakraNodesTellWhoCameLast) {
  for (int rank = 0; rank < 3; ++rank) {
    const uint64_t late = rank == 1 ? 40 : 0;
    Write(absl::StrCat("chakra.", rank, ".et"),
          ChakraTrace({{.id = 2, .type = 7, .collective = 0, .bytes = 8, .start = 2000, .duration = 10},
                       {.id = 3,
                        .type = 7,
                        .collective = 0,
                        .bytes = 8,
                        .start = 1000 + late,
                        .duration = 90 - late}}));
  }
  const store::Store store = Read();
  EXPECT_TRUE(store.device_times);
  const auto skews = localize::FindSkews(store);
  ASSERT_EQ(skews.size(), 2u);
  EXPECT_EQ(store.GlobalRank(skews[0].last_rank), 1);
  EXPECT_EQ(skews[0].last - skews[0].first, 40'000);
  EXPECT_EQ(skews[0].EndsApart(), 0);
}

TEST_F(ExecutionTraceTest, ChakraJsonIsReadWhateverItsKeysAreCalled) {
  const auto document = [](const std::string& nodes) {
    return absl::StrCat(R"({"workload_graph": [)", nodes, R"(], "workload_name": "w", "ngpus": 2})");
  };
  Write("a.0.json", document(R"j({"Id": 4, "Name": "x", "NodeType": 4, "ctrlDeps": [3], "runtime": 3},
          {"Id": 6, "Name": "ncclKernel_AllReduce_RING_LL_Sum_float(ncclDevComm*)", "NodeType": 7, "is_cpu_op": false,
           "comm_size": 9},
          {"Id": 5, "Name": "c10d::broadcast_(1)", "NodeType": 7, "is_cpu_op": true})j"));
  Write("a.1.json", document(R"j({"id": 6, "name": "kernel", "node_type": 7, "attr": [
          {"name": "is_cpu_op", "bool_val": false}, {"name": "comm_type", "int64_val": 0},
          {"name": "comm_size", "int64_val": 9}]})j"));
  const store::Store store = Read();
  ASSERT_EQ(store.operations.size(), 2u);
  EXPECT_EQ(store::OperationName(store.operations.api[0]), "AllReduce");
  EXPECT_EQ(store.operations.api[0], store.operations.api[1]);
  EXPECT_EQ(store.operations.count[1], 9u);
}

TEST_F(ExecutionTraceTest, DamagedFilesAreAccountedFor) {
  const std::string whole = PyTorchTrace("1.1.0-chakra.0.0.4", 4, Steps(0, 3));
  Write("a.json", whole);
  Write("b.json", PyTorchTrace("1.1.0-chakra.0.0.4", 4, Steps(1, 3)).substr(0, whole.size() - 300));
  Write("c.json", PyTorchTrace("1.1.0-chakra.0.0.4", 4, Steps(2, 3)) + "trailing");
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 2u);
  EXPECT_EQ(store.quality.cut_files, 1u);
  EXPECT_EQ(store.quality.unreadable_files, 1u);
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("something follows the end")));
}

TEST_F(ExecutionTraceTest, CutMessagesKeepWhatCameBefore) {
  std::string bytes =
      ChakraTrace({{.id = 1, .type = 7, .collective = 0}, {.id = 2, .type = 7, .collective = 0}});
  Write("rank0.et", bytes);
  Write("rank1.et", bytes.substr(0, bytes.size() - 3));
  const store::Store store = Read();
  EXPECT_EQ(store.operations.size(), 3u);
  EXPECT_EQ(store.quality.cut_files, 1u);
}

TEST_F(ExecutionTraceTest, OfTwoJobsInOneDirectoryTheLargerIsAnalyzed) {
  for (const auto& [name, ranks] : {std::pair("a", 2), std::pair("b", 4)}) {
    const std::string groups = absl::StrCat(
        R"([{\"pg_name\": \"0\", \"pg_desc\": \"default_pg\", \"ranks\": [], \"group_size\": )", ranks, "}]");
    for (int rank = 0; rank < ranks; ++rank)
      Write(absl::StrCat(name, rank, ".json"),
            PyTorchTrace("1.1.0-chakra.0.0.4", ranks, Steps(rank, 3), 1, groups));
  }
  const store::Store store = Read();
  EXPECT_EQ(store.ranks.size(), 4u);
  EXPECT_EQ(store.world_size, 4);
  EXPECT_THAT(store.quality.notes, Contains(HasSubstr("2 profiles of different jobs")));
  EXPECT_EQ(Diagnose().verdict.anomaly, "healthy");
}

TEST_F(ExecutionTraceTest, AnAbsurdLengthIsRefusedAtOnce) {
  Write("a.et", ChakraTrace({{.id = 1, .name = "n", .type = 7}}) + "\xff\xff\xff\xff\x0f");
  const auto store = ImportPaths({directory_.string()});
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("a message of more than 64 MiB"));
}

TEST_F(ExecutionTraceTest, ATraceWithoutCommunicationIsAClearError) {
  Write("a.json", PyTorchTrace("1.1.0-chakra.0.0.4", 1, {}));
  const auto store = ImportPaths({directory_.string()});
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("no communication in the execution traces"));
}

TEST(ExecutionTraceForms, AreRecognisedByContent) {
  const std::string messages = ChakraTrace({{.id = 7, .name = "aten::add", .type = 4}});
  EXPECT_EQ(FormOfExecutionTrace(messages), ExecutionTraceForm::kChakraMessages);
  EXPECT_EQ(FormOfExecutionTrace(PyTorchTrace("1.0.1", 1, {})), ExecutionTraceForm::kPyTorch);
  EXPECT_EQ(FormOfExecutionTrace(R"({"workload_graph": [)"), ExecutionTraceForm::kChakraJson);
  for (const std::string other : {R"({"schemaVersion": 1, "traceEvents": []})", "", "text",
                                  "\n\n\x08\x01\x12\x01x", "\x01\x08\x02\x08\x01"})
    EXPECT_EQ(FormOfExecutionTrace(other), std::nullopt) << other;
}

TEST(ProtobufFieldsTest, EndsAtDamageAndSaysSo) {
  ProtobufFields good(std::string_view("\x08\x96\x01\x1a\x02hi\x25\x01\x00\x00\x00", 12));
  EXPECT_EQ(good.Next()->value, 150u);
  EXPECT_EQ(good.Next()->bytes, "hi");
  EXPECT_EQ(good.Next()->value, 1u);
  EXPECT_FALSE(good.Next().has_value());
  EXPECT_FALSE(good.damaged());
  for (const std::string_view bad :
       {"\x1a\x05hi", "\x08\xff", "\x0b", "\x25\x01", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"}) {
    ProtobufFields fields(bad);
    EXPECT_FALSE(fields.Next().has_value());
    EXPECT_TRUE(fields.damaged());
  }
}

TEST(ExecutionTraceReaderTest, PiecesMayEndAnywhere) {
  const std::string json = PyTorchTrace("1.1.0-chakra.0.0.4", 2, Steps(1, 2));
  const std::string messages = ChakraTrace(
      {{.id = 1, .name = std::string(300, 'n'), .type = 7, .collective = 0}, {.id = 2, .type = 7}});
  for (const auto& [form, bytes, operations] :
       {std::tuple(ExecutionTraceForm::kPyTorch, json, 8u),
        std::tuple(ExecutionTraceForm::kChakraMessages, messages, 2u)}) {
    for (size_t piece : {1, 2, 3, 7, 64}) {
      ExecutionTraceReader reader(form);
      for (size_t at = 0; at < bytes.size(); at += piece)
        ASSERT_TRUE(reader.Feed(std::string_view(bytes).substr(at, piece)).ok());
      const RankTrace trace = reader.Finish("f");
      EXPECT_EQ(trace.operations.size(), operations) << piece;
      EXPECT_FALSE(trace.cut);
    }
  }
}

}  // namespace
}  // namespace rankle::import
