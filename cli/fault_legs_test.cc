// The end of `rankle faults list`: every action with its ways, every closed way with its reason.
#include "cli/fault_legs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "injector/plan/catalogue.h"

namespace rankle::cli {
namespace {

using testing::HasSubstr;

TEST(FaultLegs, AReasonIsToldBelowItsActionOrOnceAtTheEndWhereSeveralShareIt) {
  const std::string text = DescribeLegs({{"delay", {{"preload", ""}, {"host", "acts on calls"}}},
                                         {"hang", {{"preload", ""}, {"host", "acts on calls"}}},
                                         {"freeze", {{"preload", "acts outside"}, {"host", ""}}}});
  EXPECT_EQ(text,
            "delay        preload: yes     host:    no (1)\n"
            "hang         preload: yes     host:    no (1)\n"
            "freeze       preload: no      host:    yes\n"
            "    preload: acts outside\n"
            "(1) acts on calls\n");
}

// Whatever this machine can do: what a leg is for does not depend on it.
TEST(FaultLegs, EveryActionHasAllLegsAndNoActionIsOnBothSides) {
  const std::vector<ActionLegs> actions = LegsHere();
  ASSERT_EQ(actions.size(), plan::Catalogue().size());
  for (size_t i = 0; i < actions.size(); ++i) {
    const plan::ActionInfo& info = plan::Catalogue()[i];
    SCOPED_TRACE(std::string(info.name));
    ASSERT_EQ(actions[i].legs.size(), 3u);
    const bool on_calls = info.place.empty() && info.unavailable.empty();
    if (on_calls) {
      EXPECT_THAT(actions[i].legs[2].why_not, HasSubstr("acts on calls"));
    }
    if (!info.place.empty()) {
      EXPECT_THAT(actions[i].legs[0].why_not, HasSubstr("not on calls"));
    }
    if (!info.unavailable.empty()) {
      EXPECT_EQ(actions[i].legs[0].why_not, info.unavailable);
    }
  }
}

}  // namespace
}  // namespace rankle::cli
