// The text of each event, wherever the pieces of the file end.
#include "analyzer/import/json_objects/trace_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rankle::import {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Found {
  std::vector<std::string> events, keys, values;
  absl::Status status, end;
};

Found Scan(std::string_view text, size_t piece) {
  Found found;
  TraceScanner scanner({[&](std::string_view event) { found.events.emplace_back(event); },
                        [&](std::string_view key, std::string_view value) {
                          found.keys.emplace_back(key), found.values.emplace_back(value);
                        }});
  for (size_t at = 0; at < text.size() && found.status.ok(); at += piece)
    found.status = scanner.Feed(text.substr(at, piece));
  found.end = scanner.Finish();
  return found;
}

constexpr std::string_view kTrace =
    R"( {"schemaVersion": 1, "note": "a \"}] b\\", "nested": {"list": [1, {"x": "]"}]},
    "traceEvents": [ {"name": "brace } in \" text", "args": {"a": [1, 2]}},
      {"name": "second"} ], "base":17,"last": null} )";

TEST(TraceScannerTest, FindsEventsAndValuesWhereverThePiecesEnd) {
  for (size_t piece = 1; piece <= kTrace.size(); ++piece) {
    const Found found = Scan(kTrace, piece);
    ASSERT_TRUE(found.status.ok() && found.end.ok()) << piece << " " << found.status << found.end;
    EXPECT_THAT(found.events, ElementsAre(R"({"name": "brace } in \" text", "args": {"a": [1, 2]}})",
                                          R"({"name": "second"})"));
    EXPECT_THAT(found.keys, ElementsAre("schemaVersion", "note", "nested", "base", "last"));
    EXPECT_THAT(found.values,
                ElementsAre("1", R"("a \"}] b\\")", R"({"list": [1, {"x": "]"}]})", "17", "null"));
  }
}

TEST(TraceScannerTest, TakesABareListOfEvents) {
  EXPECT_THAT(Scan(R"([{"a":1},{"b":2}])", 3).events, ElementsAre(R"({"a":1})", R"({"b":2})"));
}

TEST(TraceScannerTest, TakesTheListsThatItIsTold) {
  std::vector<std::string> events, keys;
  TraceScanner scanner({[&](std::string_view event) { events.emplace_back(event); },
                        [&](std::string_view key, std::string_view) { keys.emplace_back(key); }},
                       {"nodes"});
  ASSERT_TRUE(scanner.Feed(R"({"traceEvents": [{"a":1}], "nodes": [{"b":2}]})").ok());
  EXPECT_TRUE(scanner.Finish().ok());
  EXPECT_THAT(events, ElementsAre(R"({"b":2})"));
  EXPECT_THAT(keys, ElementsAre("traceEvents"));
}

TEST(TraceScannerTest, SaysWhereAFileIsCutOrNoTrace) {
  const Found cut = Scan(kTrace.substr(0, kTrace.find("second")), 7);
  EXPECT_TRUE(cut.status.ok());
  EXPECT_EQ(cut.events.size(), 1u);
  EXPECT_THAT(std::string(cut.end.message()), HasSubstr("cut short after"));
  EXPECT_THAT(std::string(Scan("hello", 5).status.message()),
              HasSubstr("byte 0: neither an object nor a list"));
  EXPECT_THAT(std::string(Scan(R"({"traceEvents": [17]})", 4).status.message()),
              HasSubstr("byte 17: an event was expected"));
  EXPECT_THAT(std::string(Scan("{} x", 4).status.message()), HasSubstr("byte 3: something follows"));
}

TEST(TraceScannerTest, AnEndlessValueIsRefusedBeforeItFillsTheMemory) {
  TraceScanner scanner({});
  ASSERT_TRUE(scanner.Feed(R"({"traceEvents": [{"name": ")").ok());
  const std::string piece(8 << 20, 'x');
  absl::Status status;
  int pieces = 0;
  while (status.ok() && pieces++ < 100) status = scanner.Feed(piece);
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 64 MiB"));
  EXPECT_LE(pieces, 10);
}

}  // namespace
}  // namespace rankle::import
