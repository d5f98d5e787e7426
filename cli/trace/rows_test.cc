#include "cli/trace/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "injector/api/api.h"
#include "injector/plan/action.h"

namespace rankle::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TraceRows, AnInjectionHasItsFaultAndTheNumberOfItsCall) {
  record::FlightRecord record;
  record::Event event;
  event.kind = record::Kind::kInjection;
  event.api = api::FindApi("ncclAllReduce")->id;
  event.result = static_cast<uint8_t>(plan::Action::kHang);
  event.count = 5;
  event.peer = 2;
  const Row row{.record = &record, .event = &event};
  EXPECT_THAT(RowText(row, 0), HasSubstr("INJECTED hang at ncclAllReduce call=5"));
  EXPECT_THAT(RowText(row, 0), HasSubstr("fault=2"));
  const nlohmann::json json = nlohmann::json::parse(RowJson(row));
  EXPECT_EQ(json["call"], 5);
  EXPECT_EQ(json["fault"], 2);
  EXPECT_FALSE(json.contains("count") || json.contains("peer"));
}

TEST(TraceRows, AnOperationHasACountAndAPeer) {
  record::FlightRecord record;
  record::Event event;
  event.kind = record::Kind::kOperation;
  event.api = api::FindApi("ncclSend")->id;
  event.count = 5;
  event.peer = 2;
  const Row row{.record = &record, .event = &event};
  EXPECT_THAT(RowText(row, 0), HasSubstr("count=5"));
  EXPECT_THAT(RowText(row, 0), Not(HasSubstr("call=")));
  const nlohmann::json json = nlohmann::json::parse(RowJson(row));
  EXPECT_EQ(json["count"], 5);
  EXPECT_EQ(json["peer"], 2);
  EXPECT_FALSE(json.contains("call") || json.contains("fault"));
}

}  // namespace
}  // namespace rankle::cli
