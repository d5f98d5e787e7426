// Site records of several processes become fault points: put together by site, with names for what came back.
#include "cli/trace/sites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "injector/api/api.h"
#include "tracer/sites/recorder.h"

namespace rankle::cli {
namespace {

using sites::Outcome;
using sites::OutcomeKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

uint16_t Api(std::string_view name) { return api::FindApi(name)->id; }

class SitesTest : public testing::Test {
 protected:
  SitesTest() {
    char name[] = "/tmp/rankle-trace-sites-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~SitesTest() override { std::filesystem::remove_all(folder_); }

  // A process that called connect at one place and read at another.
  void WriteProcess(int rank, uint64_t base, const std::vector<Outcome>& connects) const {
    files::Identity identity;
    identity.pid = 100 + rank, identity.rank = rank, identity.host = "node1";
    identity.realtime_ns = 1'000'000'000u + static_cast<uint64_t>(rank), identity.monotonic_ns = 500;
    sites::Recorder recorder;
    const std::string path = folder_ + "/sites-" + std::to_string(identity.pid) + "-1.rks";
    ASSERT_EQ(recorder.Create(path.c_str(), identity, "train"), 0);
    sites::Module module;
    module.base = base, module.path = "/no/such/train";
    const auto add = [&](const char* function, uint64_t offset) {
      return recorder.Add({Api(function), base + offset, base + 0x900}, {base + offset, module},
                          {base + 0x900, module});
    };
    sites::SiteEntry* const connect = add("connect", 0x100);
    for (const Outcome outcome : connects) {
      recorder.Entered(connect, 1'000'000'500);
      sites::Recorder::Returned(connect, outcome, 2'000'000, 0);
    }
    sites::SiteEntry* const thrown = add("__cxa_throw", 0x200);
    recorder.Entered(thrown, 600);
    sites::Recorder::Returned(thrown, {OutcomeKind::kType, recorder.NameSlot("St13runtime_error")}, 1, 0);
    recorder.Entered(add("read", 0x300), 700);  // has not returned
    recorder.Injected(connect, {.at_ns = 5,
                                .site = connect->id,
                                .call = 2,
                                .value = ECONNREFUSED,
                                .api = Api("connect"),
                                .fault = 1,
                                .action = 3});
  }

  std::string folder_;
};

TEST_F(SitesTest, ProcessesArePutTogetherBySite) {
  WriteProcess(0, 0x10000, {{OutcomeKind::kOk, 0}, {OutcomeKind::kError, ECONNREFUSED}});
  WriteProcess(1, 0x70000, {{OutcomeKind::kOk, 0}});
  const auto run = ReadSites(folder_);
  ASSERT_TRUE(run.ok()) << run.status();
  Symbols symbols;
  const std::vector<FaultPoint> points = FaultPoints(run->records, symbols);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0].api, Api("connect"));
  EXPECT_EQ(points[0].Hits(), 3u);
  EXPECT_EQ(points[0].Injected(), 2u);
  EXPECT_THAT(points[0].Ranks(), ElementsAre(0, 1));
  EXPECT_THAT(points[0].AllOutcomes(), ElementsAre(Pair("ECONNREFUSED", 1), Pair("ok", 2)));
  EXPECT_EQ(points[1].api, Api("read"));
  EXPECT_EQ(points[1].processes[0].unreturned, 1u);
  EXPECT_THAT(points[2].AllOutcomes(), ElementsAre(Pair("std::runtime_error", 2)));
  // On the axis of the run: both processes called 1 s after their start.
  EXPECT_NEAR(points[0].processes[1].first_s, 1.0, 1e-6);
  EXPECT_NEAR(points[0].processes[0].time_s, 0.004, 1e-9);
}

TEST_F(SitesTest, TextAndJsonSayTheSame) {
  WriteProcess(0, 0x10000, {{OutcomeKind::kError, ETIMEDOUT}});
  const auto run = ReadSites(folder_);
  ASSERT_TRUE(run.ok()) << run.status();
  Symbols symbols;
  const FaultPoint point = FaultPoints(run->records, symbols).at(0);
  EXPECT_THAT(FaultPointText(point), HasSubstr("connect"));
  EXPECT_THAT(FaultPointText(point), HasSubstr("1 call, 0.002 s: ETIMEDOUT 1, injected 1  [ranks 0]"));
  EXPECT_THAT(FaultPointText(point), HasSubstr("at +0x100 in train"));
  const auto json = nlohmann::json::parse(FaultPointJson(point));
  EXPECT_EQ(json["site"], sites::SiteIdText(point.id));
  EXPECT_EQ(json["place"]["offset"], 0x100);
  EXPECT_EQ(json["place"]["function"], nullptr);
  EXPECT_EQ(json["outcomes"]["ETIMEDOUT"], 1);
  EXPECT_THAT(json["errors"], testing::Contains("ECONNREFUSED"));
  EXPECT_EQ(json["can_be_short"], false);
  EXPECT_EQ(json["processes"][0]["pid"], 100);
  const auto injection = nlohmann::json::parse(InjectionsJson(run->records[0]));
  EXPECT_EQ(injection["injection"], "fail");
  EXPECT_EQ(injection["value"], ECONNREFUSED);
  EXPECT_EQ(injection["call"], 2);
}

TEST_F(SitesTest, WhatCannotBeReadIsAProblemAndNothingReadableAnError) {
  EXPECT_THAT(std::string(ReadSites(folder_).status().message()), HasSubstr("--sites"));
  std::ofstream(folder_ + "/sites-9-9.rks") << "no record";
  EXPECT_THAT(std::string(ReadSites(folder_).status().message()), HasSubstr("not a site record"));
  WriteProcess(0, 0x10000, {});
  const auto run = ReadSites(folder_);
  ASSERT_TRUE(run.ok());
  EXPECT_THAT(run->problems, ElementsAre(HasSubstr("not a site record")));
}

TEST(OutcomeName, UsesTheWordsOfEachLibrary) {
  const sites::SiteRecord record;
  EXPECT_EQ(OutcomeName(record, Api("read"), {OutcomeKind::kOk, 0}), "ok");
  EXPECT_EQ(OutcomeName(record, Api("read"), {OutcomeKind::kEnd, 0}), "end");
  EXPECT_EQ(OutcomeName(record, Api("getaddrinfo"), {OutcomeKind::kError, static_cast<uint32_t>(-3)}),
            "EAI_AGAIN");
  EXPECT_EQ(OutcomeName(record, Api("ncclAllReduce"), {OutcomeKind::kResult, 6}), "ncclRemoteError");
  EXPECT_EQ(OutcomeName(record, Api("cudaMalloc"), {OutcomeKind::kResult, 2}),
            "cudaErrorMemoryAllocation (2)");
  EXPECT_EQ(OutcomeName(record, Api("__cxa_throw"), {OutcomeKind::kType, 7}), "(type not kept)");
}

// ---- symbols

[[gnu::noinline]] uint64_t ReturnAddress() { return reinterpret_cast<uint64_t>(__builtin_return_address(0)); }
[[gnu::noinline]] uint64_t CallsFromHere() { return ReturnAddress() + 0; }

uint64_t BaseOfThisProgram() {
  uint64_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* found) {
        *static_cast<uint64_t*>(found) = info->dlpi_addr;
        return 1;  // the program comes first
      },
      &base);
  return base;
}

TEST(Symbols, NameTheFunctionAndLineOfACall) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const uint64_t offset = CallsFromHere() - BaseOfThisProgram();
  Symbols symbols;
  const SourcePlace place = symbols.CallBefore(program, "", offset);
  EXPECT_THAT(place.function, HasSubstr("CallsFromHere"));
  EXPECT_EQ(symbols.CallBefore(program, "another build", offset).function, "");
  EXPECT_EQ(symbols.CallBefore("/no/such/file", "", offset).function, "");
}

TEST(Demangled, LeavesOtherTextsAlone) {
  EXPECT_EQ(Demangled("St13runtime_error"), "std::runtime_error");
  EXPECT_EQ(Demangled("main"), "main");
}

}  // namespace
}  // namespace rankle::cli
