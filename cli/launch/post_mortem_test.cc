// What is switched on for the time after a failure, and what the user's word leaves alone.
#include "cli/launch/post_mortem.h"

#include <gtest/gtest.h>

namespace rankle::cli {
namespace {

std::string Value(const Environment& environment, std::string_view name) {
  const std::string* value = environment.Find(name);
  return value ? *value : "(unset)";
}

TEST(PostMortem, FrameworksWriteTheirRecordsBesideOurs) {
  Environment environment;
  SetPostMortemVariables("/out", environment);
  EXPECT_EQ(Value(environment, "TORCH_FR_DUMP_TEMP_FILE"), "/out/torch-fr-");
  EXPECT_EQ(Value(environment, "TORCH_NCCL_DUMP_ON_TIMEOUT"), "1");
  EXPECT_EQ(Value(environment, "PYTHONFAULTHANDLER"), "1");
  EXPECT_EQ(Value(environment, "NCCL_DEBUG_FILE"), "/out/nccl-%h-%p.log");
}

TEST(PostMortem, WhatTheUserHasSetStays) {
  const char* entries[] = {"TORCH_FR_DUMP_TEMP_FILE=/mine/fr", "TORCH_FR_BUFFER_SIZE=0",
                           "PYTHONFAULTHANDLER=", "NCCL_DEBUG=INFO", nullptr};
  Environment environment(entries);
  const Environment before = environment;
  SetPostMortemVariables("/out", environment);
  EXPECT_EQ(Value(environment, "TORCH_FR_DUMP_TEMP_FILE"), "/mine/fr");
  EXPECT_EQ(Value(environment, "TORCH_FR_BUFFER_SIZE"), "0");
  EXPECT_EQ(Value(environment, "PYTHONFAULTHANDLER"), "");
  EXPECT_EQ(Value(environment, "NCCL_DEBUG"), "INFO");
  EXPECT_EQ(Value(environment, "NCCL_DEBUG_FILE"), "(unset)")
      << "the user reads NCCL's lines on the terminal";
}

}  // namespace
}  // namespace rankle::cli
