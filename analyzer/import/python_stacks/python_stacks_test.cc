// What faulthandler writes, read back: which line of the program a process stands at.
#include "analyzer/import/python_stacks/python_stacks.h"

#include <gtest/gtest.h>

namespace rankle::import {
namespace {

constexpr char kHeader[] =
    "{\"schema\": \"rankle.python-stacks/1\", \"pid\": 77, \"main_thread\": \"0x00007f00000000aa\", "
    "\"signal\": 39}\n";
constexpr char kLoader[] =
    "Thread 0x00007f00000000bb (most recent call first):\n"
    "  File \"/job/loader.py\", line 9 in fetch\n\n";

std::string PlaceIn(const std::string& text) {
  const absl::StatusOr<PythonStacks> stacks = ParsePythonStacks(text);
  return stacks.ok() ? PlaceOf(stacks->main_thread) : stacks.status().ToString();
}

TEST(PythonStacks, TheMainThreadTellsWhereTheProcessStands) {
  EXPECT_EQ(PlaceIn(std::string(kHeader) + kLoader +
                    "Current thread 0x00007f00000000aa (most recent call first):\n"
                    "  File \"/job/train.py\", line 42 in load\n"
                    "  File \"/job/train.py\", line 60 in <module>\n"),
            "train.py:42 in load");
}

TEST(PythonStacks, LinesOfTheFrameworkAreToldBesideTheProgramsOwn) {
  EXPECT_EQ(
      PlaceIn(
          std::string(kHeader) +
          "Thread 0x00007f00000000aa (most recent call first):\n"
          "  File \"/v/lib/python3.11/site-packages/torch/distributed/distributed_c10d.py\", line 3191 in "
          "all_reduce\n"
          "  File \"/job/train.py\", line 42 in step\n"),
      "train.py:42 in step, inside all_reduce (distributed_c10d.py:3191)");
}

TEST(PythonStacks, WhatRankleItselfRunsInAProcessIsNotThePrograms) {
  EXPECT_EQ(PlaceIn(std::string(kHeader) +
                    "Thread 0x00007f00000000aa (most recent call first):\n"
                    "  File \"/opt/rankle/lib/vgpu/python/rankle_virtual_values.py\", line 9 in _compute\n"
                    "  File \"/opt/rankle/lib/rankle-python/python_faults.py\", line 7 in asked_first\n"
                    "  File \"/job/train.py\", line 42 in step\n"),
            "train.py:42 in step, inside _compute (rankle_virtual_values.py:9)");
}

TEST(PythonStacks, OfSeveralTimesTheLastCounts) {
  EXPECT_EQ(
      PlaceIn(std::string(kHeader) +
              "Thread 0x00007f00000000aa (most recent call first):\n  File \"/job/a.py\", line 1 in f\n" +
              kLoader +
              "Thread 0x00007f00000000aa (most recent call first):\n  File \"/job/b.py\", line 2 in g\n" +
              kLoader),
      "b.py:2 in g");
}

TEST(PythonStacks, AProcessThatWasNeverAskedStandsNowhere) { EXPECT_EQ(PlaceIn(kHeader), ""); }

TEST(PythonStacks, ACutFileTellsWhatIsLeftOfIt) {
  EXPECT_EQ(PlaceIn(std::string(kHeader) + "Thread 0x00007f00000000aa (most recent call first):\n"
                                           "  File \"/job/train.py\", line 42 in load\n"
                                           "  File \"/job/tra"),
            "train.py:42 in load");
}

TEST(PythonStacks, OtherFilesAreNotTaken) {
  for (const char* text : {"", "{", "{}", "{\"schema\":\"rankle.run/1\",\"pid\":1}", "Thread 0x1\n"}) {
    EXPECT_FALSE(LooksLikePythonStacks(text)) << text;
    EXPECT_FALSE(ParsePythonStacks(text).ok()) << text;
  }
  EXPECT_TRUE(LooksLikePythonStacks(kHeader));
  EXPECT_FALSE(ParsePythonStacks("{\"schema\": \"rankle.python-stacks/1\", \"pid\": \"x\"}\n").ok());
}

}  // namespace
}  // namespace rankle::import
