// The place in a program from which on point-to-point operations are counted.
#include "tracer/ebpf/p2p_anchor.h"

#include <gtest/gtest.h>

namespace rankle::ebpf {
namespace {

constexpr uint64_t kWorld = 7, kOther = 8;

TEST(P2pAnchor, IsACollectiveThatNoRankHasReached) {
  P2pAnchor anchor;
  anchor.Reached(kWorld, 2, 0, 100);
  anchor.Reached(kWorld, 2, 1, 103);
  EXPECT_FALSE(anchor.IsAt(kWorld, 200)) << "nothing is decided yet";
  anchor.Decide();
  EXPECT_FALSE(anchor.IsAt(kWorld, 103));
  EXPECT_TRUE(anchor.IsAt(kWorld, 104));
  EXPECT_TRUE(anchor.IsAt(kWorld, 105)) << "a rank may have lost the very one";
  EXPECT_FALSE(anchor.IsAt(kOther, 104));
}

TEST(P2pAnchor, IsNotChosenWhileARankHasNotTold) {
  P2pAnchor anchor;
  anchor.Reached(kWorld, 3, 0, 100);
  anchor.Reached(kWorld, 3, 1, 100);
  anchor.Decide();
  EXPECT_FALSE(anchor.IsAt(kWorld, 1000));
  anchor.Reached(kWorld, 3, 2, 90);
  anchor.Decide();
  EXPECT_TRUE(anchor.IsAt(kWorld, 101));
}

TEST(P2pAnchor, StaysWhereItIs) {
  P2pAnchor anchor;
  anchor.Reached(kWorld, 1, 0, 5);
  anchor.Decide();
  anchor.Reached(kWorld, 1, 0, 50);
  anchor.Decide();
  EXPECT_TRUE(anchor.IsAt(kWorld, 6));
}

}  // namespace
}  // namespace rankle::ebpf
