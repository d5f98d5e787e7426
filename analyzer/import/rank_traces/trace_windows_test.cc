// Where the windows of ranks begin: what tells it, and when it is not believed.
#include "analyzer/import/rank_traces/trace_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::import {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

// Calls first..last of a job whose sizes repeat every three calls.
WindowOfCalls Window(int first, int last, bool numbered) {
  WindowOfCalls calls;
  for (int i = first; i <= last; ++i)
    calls.push_back(
        {1, numbered ? static_cast<uint64_t>(i) : 0, kNotTold, static_cast<uint64_t>(10 + i % 3)});
  return calls;
}

TEST(TraceWindows, NumbersTellWhereAWindowBegins) {
  EXPECT_THAT(WindowBegins({Window(5, 9, true), Window(7, 12, true), {}}), ElementsAre(0, 2, 0));
}

TEST(TraceWindows, TheCallsThemselvesTellWhereThereIsNothingElse) {
  EXPECT_THAT(WindowBegins({Window(5, 19, false), Window(4, 15, false), {}, Window(6, 19, false)}),
              ElementsAre(1, 0, 0, 2));
  // Left out in the middle: no shift makes them agree.
  WindowOfCalls odd = Window(5, 19, false);
  odd.erase(odd.begin() + 7);
  EXPECT_THAT(WindowBegins({Window(5, 19, false), odd}), Each(0));
  // Two common calls agree by chance.
  EXPECT_THAT(WindowBegins({Window(5, 7, false), Window(6, 8, false)}), Each(0));
}

TEST(TraceWindows, NumbersThatDoNotFitAreNotBelieved) {
  WindowOfCalls counts_sends_too = Window(5, 9, true);
  for (SharedOperation& call : counts_sends_too) call.id += 2;
  EXPECT_THAT(WindowBegins({Window(5, 9, true), counts_sends_too}), Each(0));
}

// A call that differs under every alignment is for the diagnosis to name.
TEST(TraceWindows, ADisagreementMovesNoWindow) {
  WindowOfCalls odd = Window(5, 9, false);
  odd[2].count = 99;
  EXPECT_THAT(WindowBegins({Window(5, 9, false), odd, Window(5, 9, false)}), Each(0));
  odd.erase(odd.begin() + 1);
  EXPECT_THAT(WindowBegins({Window(5, 9, false), odd, Window(5, 9, false)}), Each(0));
}

TEST(TraceWindows, NothingToCompareMovesNothing) {
  EXPECT_THAT(WindowBegins({}), ElementsAre());
  EXPECT_THAT(WindowBegins({{}, {}}), Each(0));
}

}  // namespace
}  // namespace rankle::import
