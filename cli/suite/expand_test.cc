#include "cli/suite/expand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/suite/suite.h"

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<std::vector<SuiteCase>> Parse(std::string_view cases) {
  return ParseSuite("version: 1\ncases:\n" + std::string(cases), "s.yaml");
}

TEST(Expand, ARowIsACase) {
  const auto cases = Parse(R"(
  - name: "{program} / ranks {who} hang"
    each:
      columns: [program, size, args, who]
      rows:
        - [ddp, 4, [--steps, "9"], [0, 3]]
        - [zero, 8, [], [1]]
    ranks: "{size}"
    command: ["bin/{program}_train", "{args}", -q]
    faults: [ "hang ncclAllReduce rank={who}" ]
    expect: { verdict: { class: hang.not_entered, ranks: "{who}" } }
)");
  ASSERT_TRUE(cases.ok()) << cases.status();
  ASSERT_EQ(cases->size(), 2u);
  EXPECT_EQ(cases->front().name, "ddp / ranks 0,3 hang");
  EXPECT_EQ(cases->front().ranks, 4);
  EXPECT_THAT(cases->front().command, ElementsAre("bin/ddp_train", "--steps", "9", "-q"));
  EXPECT_THAT(cases->front().faults_short, ElementsAre("hang ncclAllReduce rank=0,3"));
  EXPECT_THAT(*cases->front().expect.verdict->ranks, ElementsAre(0, 3));
  EXPECT_EQ(cases->back().ranks, 8);
  EXPECT_THAT(cases->back().command, ElementsAre("bin/zero_train", "-q"));
}

TEST(Expand, WhatOnlyLooksLikeAColumnStays) {
  const auto cases = Parse(R"(
  - name: "{n}"
    each: { columns: [n], rows: [[a]] }
    command: ["${HOME}/x"]
    expect: { log: "o{2}" }
)");
  ASSERT_TRUE(cases.ok()) << cases.status();
  EXPECT_EQ(cases->front().name, "a");
  EXPECT_THAT(cases->front().command, ElementsAre("${HOME}/x"));
  EXPECT_EQ(cases->front().expect.log, "o{2}");
}

TEST(Expand, FaultMapsTakeRowsToo) {
  const auto cases = Parse(R"(
  - name: "ranks {who}"
    each: { columns: [who], rows: [[[2, 5]]] }
    command: [x]
    faults: [ { do: hang, on: ncclAllReduce, where: { rank: "{who}" } } ]
)");
  ASSERT_TRUE(cases.ok()) << cases.status();
  EXPECT_THAT(cases->front().faults_yaml, HasSubstr(R"("2", "5"])"));
}

TEST(Expand, EveryMistakeNamesItsLine) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"- {name: a, command: [x], each: {rows: [[1]]}}", "s.yaml:3: 'each' is {"},
      {"- {name: a, command: [x], each: {columns: [n], rows: []}}", "s.yaml:3: 'each' is {"},
      {"- name: a{n}\n  command: [x]\n  each: {columns: [n],\n    rows: [[1],\n    [1, 2]]}",
       "s.yaml:7: a row of 'each' has 1 values, this one 2"},
      {"- name: a{n}\n  command: ['{m}']\n  each: {columns: [n], rows: [[1]]}",
       "s.yaml:4: '{m}' names no column"},
      {"- name: a\n  command: [x]\n  each: {columns: [n], rows: [[1]]}", "s.yaml:5: column 'n'"},
      {"- name: 'a{n}'\n  command: [x]\n  each: {columns: [n], rows: [[{b: c}]]}",
       "s.yaml:3: '{n}' is no plain"},
      {"- name: a\n  command: ['x{n}']\n  each: {columns: [n], rows: [[1], [2]]}", "s.yaml:3: a second case"},
  };
  for (const auto& [text, said] : mistakes) {
    EXPECT_THAT(std::string(Parse(text).status().message()), HasSubstr(said)) << text;
  }
}

}  // namespace
}  // namespace rankle::cli
