// Which of the links of a job are slow, from what the kernel counted.
#include "analyzer/localize/connections.h"

#include <gtest/gtest.h>

#include <functional>

namespace rankle::localize {
namespace {

// All links between `ranks` ranks, 100 looks each, data under way at 2 of them.
std::vector<store::KernelLink> Mesh(int ranks, const std::function<void(store::KernelLink&)>& change) {
  std::vector<store::KernelLink> links;
  for (int source = 0; source < ranks; ++source) {
    for (int destination = 0; destination < ranks; ++destination) {
      if (source == destination) continue;
      store::KernelLink link;
      link.source = source, link.destination = destination;
      link.looks = 100, link.under_way = 2, link.segments = 1000, link.min_rtt_us = 20;
      change(link);
      links.push_back(link);
    }
  }
  return links;
}

TEST(SlowConnections, AMeshOfEqualLinksHasNone) {
  EXPECT_TRUE(FindSlowConnections(Mesh(4, [](store::KernelLink&) {})).empty());
  EXPECT_TRUE(FindSlowConnections(Mesh(4, [](store::KernelLink& l) { l.under_way = 60; })).empty());
  EXPECT_TRUE(FindSlowConnections({}).empty());
}

TEST(SlowConnections, OneDirectionOfOneLinkIsNamedWithItsCause) {
  const auto found = FindSlowConnections(Mesh(4, [](store::KernelLink& l) {
    if (l.source == 2 && l.destination == 0) l.under_way = 50, l.retransmits = 40;
  }));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].part, SlowPart::kCell);
  EXPECT_EQ(found[0].source, 2);
  EXPECT_EQ(found[0].destination, 0);
  EXPECT_EQ(found[0].cause, ConnectionCause::kLoss);
}

TEST(SlowConnections, ARankOfWhichAllIsSlowIsNamedAndNotItsLinks) {
  const auto sends = FindSlowConnections(Mesh(4, [](store::KernelLink& l) {
    if (l.source == 3) l.under_way = 40, l.queued = 40;
  }));
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].part, SlowPart::kRow);
  EXPECT_EQ(sends[0].source, 3);
  EXPECT_EQ(sends[0].cause, ConnectionCause::kQueue);
  const auto receives = FindSlowConnections(Mesh(4, [](store::KernelLink& l) {
    if (l.destination == 1) l.under_way = 40;
  }));
  ASSERT_EQ(receives.size(), 1u);
  EXPECT_EQ(receives[0].part, SlowPart::kColumn);
  EXPECT_EQ(receives[0].destination, 1);
  EXPECT_EQ(receives[0].cause, ConnectionCause::kOnTheWay);
}

TEST(SlowConnections, TheWayBackOfASlowLinkIsNamedWhenItLosesPacketsItself) {
  const auto links_of = [](int64_t lost_back) {
    std::vector<std::pair<int32_t, int32_t>> links;
    for (const SlowConnection& slow : FindSlowConnections(Mesh(4, [&](store::KernelLink& l) {
           if (l.source == 1 && l.destination == 2) l.under_way = 50, l.retransmits = 5, l.packets_lost = 9;
           if (l.source == 2 && l.destination == 1)
             l.in_flight = 50, l.retransmits = 7, l.packets_lost = lost_back;
           if (l.source == 0) l.packets_lost = 2;  // handshakes
         }))) {
      EXPECT_EQ(slow.cause, ConnectionCause::kLoss);
      links.emplace_back(slow.source, slow.destination);
    }
    return links;
  };
  using Ends = std::vector<std::pair<int32_t, int32_t>>;
  EXPECT_EQ(links_of(8), (Ends{{1, 2}, {2, 1}}));
  EXPECT_EQ(links_of(0), (Ends{{1, 2}}));  // it sent again because the acknowledgements went astray
}

TEST(SlowConnections, ALinkThatCarriesLittleBelongsToItsRankWhenItIsSlightlySlow) {
  const auto found_with = [](int64_t under_way) {
    return FindSlowConnections(Mesh(4, [&](store::KernelLink& l) {
      l.looks = 500, l.under_way = l.destination == 2 ? (l.source == 1 ? under_way : 240) : 0;
    }));
  };
  const auto rank = found_with(27);
  ASSERT_EQ(rank.size(), 1u);
  EXPECT_EQ(rank[0].part, SlowPart::kColumn);
  EXPECT_EQ(rank[0].destination, 2);
  EXPECT_EQ(rank[0].links, 3);
  const auto links = found_with(3);
  ASSERT_EQ(links.size(), 2u);  // that one is in order
  EXPECT_EQ(links[0].part, SlowPart::kCell);
}

TEST(SlowConnections, FewLooksSayNothing) {
  EXPECT_TRUE(FindSlowConnections(Mesh(3, [](store::KernelLink& l) {
                l.looks = 5, l.under_way = l.source == 0 ? 5 : 0;
              })).empty());
}

}  // namespace
}  // namespace rankle::localize
