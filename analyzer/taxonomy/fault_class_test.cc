// The table of fault classes: which row a fault meets, and that none is forgotten.
#include "analyzer/taxonomy/fault_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "analyzer/taxonomy/load.h"
#include "injector/api/api.h"
#include "injector/sites/calls.h"

namespace rankle::taxonomy {
namespace {

const Knowledge& BuiltIn() {
  static const auto* const knowledge = new Knowledge(*LoadBuiltIn());
  return *knowledge;
}

std::string IdOf(const InjectedFault& fault) {
  const FaultClass* found = ClassOf(fault, BuiltIn());
  return found == nullptr ? "none" : found->id;
}

TEST(FaultClass, DependsOnTheFunctionAndTheError) {
  EXPECT_EQ(IdOf({"error", "recv", "EAGAIN"}), "answer_late");
  EXPECT_EQ(IdOf({"error", "fork", "EAGAIN"}), "processes_run_out");
  EXPECT_EQ(IdOf({"error", "send", "ECONNRESET"}), "peer_gone");
  EXPECT_EQ(IdOf({"error", "write", "ENOSPC"}), "storage_full");
  EXPECT_EQ(IdOf({"error", "accept", "EMFILE"}), "descriptors_run_out");
  EXPECT_EQ(IdOf({"delay", "recv", ""}), "network_slow");
  EXPECT_EQ(IdOf({"delay", "read", ""}), "storage_slow");
  EXPECT_EQ(IdOf({"delay", "loop", ""}), "work_slow");
  EXPECT_EQ(IdOf({"error", "epoll_wait", "timeout"}), "wait_ended_late");
  EXPECT_EQ(IdOf({"error", "throw", ""}), "thrown");
  EXPECT_EQ(IdOf({"negation", "detector", ""}), "answer_wrong");
}

TEST(FaultClass, WhatIsUnknownIsOfTheBroadestClass) {
  EXPECT_EQ(IdOf({"error", "no_such_call", "EPERM"}), "other_error");
  EXPECT_EQ(IdOf({"delay", "no_such_call", ""}), "other_delay");
  EXPECT_EQ(IdOf({"surprise", "read", ""}), "none");
}

TEST(FaultClass, EveryErrorThatCampaignsInjectHasAClassOfItsOwn) {
  for (const sites::Call& call : sites::kCalls) {
    const std::vector<std::string> errors = absl::StrSplit(std::string(call.errors), ' ', absl::SkipEmpty());
    for (const std::string& error : errors) {
      const std::string_view function = api::ApiName(call.api);
      EXPECT_NE(IdOf({"error", function, error}), "other_error") << function << " " << error;
    }
  }
}

TEST(FaultClass, NamesOnlyWhatTheVocabularyAndThePlansKnow) {
  const char* const kPlaces[] = {"loop", "throw", "detector", "branch"};
  for (const FaultClass& row : BuiltIn().fault_classes) {
    EXPECT_FALSE(row.root_causes.empty() || row.symptoms.empty()) << row.id;
    for (const std::string& on : row.on) {
      EXPECT_TRUE(api::GroupByName(on) != 0 || api::FindApi(on) != nullptr ||
                  std::find(std::begin(kPlaces), std::end(kPlaces), on) != std::end(kPlaces))
          << row.id << ": " << on;
    }
  }
}

TEST(FaultClass, AWordOutsideTheVocabularyIsAMistake) {
  const auto error_of = [](const std::string& line) {
    return std::string(
        Load({{"x/symptoms.jsonl",
               R"({"name": "hang", "origin": "o", "definition": "d", "definition_origin": "ours"})"},
              {"x/root_causes.jsonl",
               R"({"name": "api_misuse", "origin": "o", "definition": "d", "definition_origin": "ours"})"},
              {"x/fault_classes.jsonl", line}})
            .status()
            .message());
  };
  EXPECT_EQ(
      error_of(
          R"({"id": "a", "fault": "delay", "root_causes": ["api_misuse"], "symptoms": ["hang"], "says": "s"})"),
      "");
  EXPECT_THAT(
      error_of(R"({"id": "a", "fault": "delay", "root_causes": ["api"], "symptoms": ["hang"], "says": "s"})"),
      ::testing::HasSubstr("x/fault_classes.jsonl:1: field \"root_causes\": \"api\" is not one of"));
  EXPECT_THAT(
      error_of(
          R"({"id": "a", "fault": "late", "root_causes": ["api_misuse"], "symptoms": ["hang"], "says": "s"})"),
      ::testing::HasSubstr("field \"fault\": \"late\" is not one of"));
}

}  // namespace
}  // namespace rankle::taxonomy
