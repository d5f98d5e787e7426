// What the kernel side tells of calls becomes the flight record that the hooks would have written.
#include "tracer/ebpf/process_recorder.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "injector/api/table.h"
#include "tracer/record/reader.h"

namespace rankle::ebpf {
namespace {

using record::Kind;
using record::State;

constexpr uint64_t kComm = 0x7f0000001000, kStream = 0x7f0000002000;
constexpr uint64_t kHash = 0x1234567890abcdefull;
constexpr size_t kPlace = 640, kCounterAt = 128;

class Recorder : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/rankle-recorder-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    ASSERT_EQ(writer_.Create((directory_ + "/flight.rkl").c_str(), {}, {}), 0);
    recorder_ = std::make_unique<ProcessRecorder>(
        writer_, knowledge_,
        ProcessAccess{.read = [this](uint64_t address, size_t bytes) { return Memory(address, bytes); },
                      .now = [this] { return now_; },
                      .place_of = [](uint64_t) { return std::nullopt; }},
        /*world_rank=*/3, /*world_size=*/8);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // The communicator that was there before: rank 3 of 8, with so many collectives behind it.
  std::string Memory(uint64_t address, size_t bytes) const {
    std::string communicator(8192, '\0');
    const auto put = [&](size_t at, auto value) {
      std::memcpy(communicator.data() + at, &value, sizeof(value));
    };
    put(kPlace, kHash), put(kPlace + 8, int32_t{3}), put(kPlace + 12, int32_t{8}),
        put(kPlace + 16, int32_t{3});
    put(kPlace + kCounterAt, counter_);
    if (address < kComm || address - kComm >= communicator.size()) return "";
    return communicator.substr(address - kComm, bytes);
  }

  void Enter(const char* function, const std::vector<uint64_t>& registers = {}, uint64_t stack = 0,
             uint32_t thread = 1) {
    rankle_enter_event event = {};
    event.event.thread = thread, event.event.time_ns = ++now_;
    for (size_t i = 0; i < registers.size(); ++i) event.registers[i] = registers[i];
    event.stack[0] = stack;
    recorder_->OnEnter(Call(*api::FindApi(function), event), now_);
  }
  void Return(const char* function, uint64_t result = 0, uint64_t out = 0, uint64_t first = 0,
              uint64_t second = 0, uint32_t thread = 1) {
    rankle_return_event event = {};
    event.event.thread = thread, event.event.time_ns = ++now_, event.event.value = result;
    event.entered_ns = now_ - 1, event.out = out, event.arguments[0] = first, event.arguments[1] = second;
    recorder_->OnReturn(*api::FindApi(function), event);
  }
  void AllReduce(uint64_t result = 0) {
    Enter("ncclAllReduce", {0x10, 0x20, 256, 7, 0, kComm}, kStream);
    Return("ncclAllReduce", result);
    counter_ += result == 0;
  }
  // A communicator that is made while we watch: rank 1 of 2.
  void MakeCommunicator() {
    recorder_->OnName(1, "dp0");
    Enter("ncclCommInitRankConfig", {0x100, 2, 1, 0});
    Return("ncclCommInitRankConfig", 0, kComm);
  }
  record::FlightRecord Record() const { return *record::ReadFlightRecord(directory_ + "/flight.rkl"); }
  std::vector<record::Event> Of(Kind kind) const {
    std::vector<record::Event> events;
    for (const record::Event& event : Record().events) {
      if (event.kind == kind) events.push_back(event);
    }
    return events;
  }

  std::string directory_;
  record::Writer writer_;
  LibraryKnowledge knowledge_;
  std::unique_ptr<ProcessRecorder> recorder_;
  uint64_t now_ = 1'000'000;
  uint64_t counter_ = 500;
};

TEST_F(Recorder, OperationsOfACommunicatorCountFromOne) {
  MakeCommunicator();
  AllReduce();
  AllReduce(/*result=*/3);  // failed: its number goes to the next
  AllReduce();
  const record::FlightRecord record = Record();
  ASSERT_EQ(record.communicators.size(), 1u);
  EXPECT_EQ(record.communicators[0].name, "dp0");
  EXPECT_EQ(record.communicators[0].rank, 1);
  EXPECT_EQ(record.communicators[0].nranks, 2);
  EXPECT_EQ(record.communicators[0].state, record::CommState::kReady);
  const auto operations = Of(Kind::kOperation);
  ASSERT_EQ(operations.size(), 3u);
  EXPECT_EQ(operations[0].seq, 1u);
  EXPECT_EQ(operations[0].count, 256u);
  EXPECT_EQ(operations[0].dtype, 7);
  EXPECT_EQ(operations[0].stream, 1u);
  EXPECT_EQ(operations[1].state, State::kFailed);
  EXPECT_EQ(operations[1].result, 3u);
  EXPECT_EQ(operations[2].seq, 2u);
  EXPECT_EQ(record.communicators[0].last_seq, 2u);
}

TEST_F(Recorder, ACallThatDoesNotReturnIsInFlight) {
  MakeCommunicator();
  Enter("cudaStreamSynchronize", {kStream});
  const auto calls = Of(Kind::kCall);
  EXPECT_EQ(calls.back().api, api::IdOf("cudaStreamSynchronize"));
  EXPECT_EQ(calls.back().state, State::kEntered);
}

TEST_F(Recorder, ACallThatAnExceptionLeftIsOver) {
  Enter("cudaMalloc", {0x10, 64});
  Enter("cudaFree", {0x10});
  EXPECT_EQ(Of(Kind::kCall)[0].state, State::kDone);
}

TEST_F(Recorder, OperationsOfAGroupStayEnteredUntilItEnds) {
  MakeCommunicator();
  Enter("ncclGroupStart"), Return("ncclGroupStart");
  Enter("ncclSend", {0x10, 64, 7, 0, kComm, kStream}), Return("ncclSend");
  Enter("ncclRecv", {0x20, 64, 7, 0, kComm, kStream}), Return("ncclRecv");
  EXPECT_EQ(Of(Kind::kOperation)[1].state, State::kEntered);
  EXPECT_NE(Of(Kind::kOperation)[1].group, 0);
  Enter("ncclGroupEnd"), Return("ncclGroupEnd");
  const auto operations = Of(Kind::kOperation);
  EXPECT_EQ(operations[0].state, State::kUntracked);
  EXPECT_EQ(operations[0].seq, 1u);
  EXPECT_EQ(operations[1].seq, 2u) << "point-to-point operations have a numbering of their own";
  EXPECT_EQ(operations[1].peer, 0);
}

TEST_F(Recorder, OperationsOfAnEarlierCommunicatorWaitForTheirNumbers) {
  AllReduce();
  recorder_->Tick();
  EXPECT_TRUE(Of(Kind::kOperation).empty()) << "nobody knows yet which number it has";
  EXPECT_EQ(recorder_->left_out(), 1u);
  knowledge_.final = true;
  for (int i = 0; i < 6; ++i) recorder_->Tick(), AllReduce();
  recorder_->Tick(), recorder_->Tick();
  const record::FlightRecord record = Record();
  ASSERT_EQ(record.communicators.size(), 1u);
  EXPECT_EQ(record.communicators[0].id, kHash);
  EXPECT_EQ(record.communicators[0].rank, 3);
  const auto operations = Of(Kind::kOperation);
  ASSERT_EQ(operations.size(), 7u);
  EXPECT_EQ(operations.front().seq, 501u);
  EXPECT_EQ(operations.back().seq, 507u);
  EXPECT_EQ(recorder_->left_out(), 0u);
}

TEST_F(Recorder, PointToPointOperationsOfAnEarlierCommunicatorAreLeftOutAndCounted) {
  Enter("ncclSend", {0x10, 64, 7, 0, kComm, kStream}), Return("ncclSend");
  EXPECT_TRUE(Of(Kind::kOperation).empty());
  EXPECT_EQ(recorder_->left_out(), 1u);
}

TEST_F(Recorder, PointToPointOperationsOfAnEarlierCommunicatorCountFromThePlaceThatAllRanksAgreeOn) {
  const auto send = [&] { Enter("ncclSend", {0x10, 64, 7, 0, kComm, kStream}), Return("ncclSend"); };
  const auto sends = [&] {
    std::vector<uint32_t> numbers;
    for (const record::Event& operation : Of(Kind::kOperation)) {
      if (operation.api == api::IdOf("ncclSend")) numbers.push_back(operation.seq);
    }
    return numbers;
  };
  knowledge_.final = true;
  for (int i = 0; i < 7; ++i) recorder_->Tick(), AllReduce();
  recorder_->Tick(), recorder_->Tick();
  ASSERT_EQ(Of(Kind::kOperation).back().seq, 507u);
  // The other seven are further on.
  for (const int32_t rank : {0, 1, 2, 4, 5, 6, 7}) knowledge_.p2p_anchor.Reached(kHash, 8, rank, 508);
  recorder_->Tick();
  send();
  AllReduce();
  send();
  EXPECT_TRUE(sends().empty());
  EXPECT_EQ(recorder_->left_out(), 2u);
  AllReduce();  // number 509: nobody had been there
  send();
  send();
  EXPECT_EQ(sends(), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(recorder_->left_out(), 2u);
}

TEST_F(Recorder, WhatTheProgramFindsDoneIsDoneAndTheRestIsNot) {
  MakeCommunicator();
  AllReduce();
  EXPECT_EQ(Of(Kind::kOperation)[0].state, State::kUntracked) << "it never asked about the stream";
  Return("cudaStreamQuery", 0, 0, kStream);
  AllReduce();
  EXPECT_EQ(Of(Kind::kOperation)[1].state, State::kEnqueued);
  Return("cudaEventRecord", 0, 0, /*event=*/0x77, kStream);
  AllReduce();
  Return("cudaEventQuery", 0, 0, /*event=*/0x77);
  EXPECT_EQ(Of(Kind::kOperation)[1].state, State::kUntracked) << "the event lies behind it";
  EXPECT_EQ(Of(Kind::kOperation)[2].state, State::kEnqueued) << "and before this one";
}

TEST_F(Recorder, AStreamThatIsNotAskedAboutAnyMoreIsGivenUp) {
  MakeCommunicator();
  Return("cudaStreamQuery", 0, 0, kStream);
  for (int i = 0; i < 400; ++i) AllReduce();
  for (const record::Event& operation : Of(Kind::kOperation)) EXPECT_EQ(operation.state, State::kUntracked);
}

TEST_F(Recorder, TheFirstAsynchronousErrorIsRecordedOnce) {
  MakeCommunicator();
  Return("ncclCommGetAsyncError", 0, /*error=*/6, kComm);
  Return("ncclCommGetAsyncError", 0, /*error=*/6, kComm);
  ASSERT_EQ(Of(Kind::kAsyncError).size(), 1u);
  EXPECT_EQ(Of(Kind::kAsyncError)[0].result, 6u);
  EXPECT_EQ(Record().communicators[0].async_error, 6u);
}

TEST_F(Recorder, AnAbortedCommunicatorIsGone) {
  MakeCommunicator();
  Enter("ncclCommAbort", {kComm}), Return("ncclCommAbort");
  EXPECT_EQ(Record().communicators[0].state, record::CommState::kAborted);
  EXPECT_NE(Record().communicators[0].gone_ns, 0u);
}

}  // namespace
}  // namespace rankle::ebpf
