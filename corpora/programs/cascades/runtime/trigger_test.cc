#include "corpora/programs/cascades/runtime/trigger.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace rankle::cascades {
namespace {

TEST(Trigger, ADelayCoversItsHitsOnly) {
  const auto trigger = ParseTrigger("ReadShard:read 6+2 delay 200");
  ASSERT_TRUE(trigger.ok()) << trigger.status();
  EXPECT_EQ(trigger->delay_milliseconds, 200);
  EXPECT_EQ(trigger->error, 0);
  EXPECT_FALSE(trigger->Covers("ReadShard", "read", 5));
  EXPECT_TRUE(trigger->Covers("ReadShard", "read", 6));
  EXPECT_TRUE(trigger->Covers("ReadShard", "read", 7));
  EXPECT_FALSE(trigger->Covers("ReadShard", "read", 8));
  EXPECT_FALSE(trigger->Covers("ReadShard", "write", 6));
  EXPECT_FALSE(trigger->Covers("ReadShar", "read", 6));
}

TEST(Trigger, AnErrorHasItsNumber) {
  const auto trigger = ParseTrigger("AwaitReply:recv 1+1 error ECONNRESET");
  ASSERT_TRUE(trigger.ok()) << trigger.status();
  EXPECT_EQ(trigger->error, ECONNRESET);
  EXPECT_EQ(ErrorName(trigger->error), "ECONNRESET");
}

TEST(Trigger, RefusesWhatItCannotRead) {
  for (const char* text : {"", "A:read", "A:read 1+1 delay", "A 1+1 delay 5", ":read 1+1 delay 5",
                           "A: 1+1 delay 5", "A:read 0+1 delay 5", "A:read 1+0 delay 5", "A:read 1 delay 5",
                           "A:read 1+1 delay 0", "A:read 1+1 delay x", "A:read 1+1 error OK",
                           "A:read 1+1 error EWHAT", "A:read 1+1 skip 5", "A:read 1+1 delay 5 more"}) {
    EXPECT_FALSE(ParseTrigger(text).ok()) << text;
  }
}

}  // namespace
}  // namespace rankle::cascades
