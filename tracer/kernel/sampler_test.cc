// What many looks at sockets and processes add up to.
#include "tracer/kernel/sampler.h"

#include <gtest/gtest.h>

namespace rankle::kernel {
namespace {

TcpSocket Socket(uint16_t port, uint64_t acked, uint32_t unacked = 0) {
  TcpSocket socket;
  socket.source_port = port, socket.destination_port = 80;
  socket.bytes_acked = acked, socket.unacked = unacked;
  return socket;
}

void Look(LinkSums& sums, double now_s, const std::vector<LinkSums::Seen>& sockets) {
  sums.Look(now_s, sockets, sockets);
}

TEST(LinkSums, ALinkIsStuckWhileSomethingIsInFlightAndNothingIsAcknowledged) {
  LinkSums sums;
  Look(sums, 0, {{0, 1, Socket(1, 100, 2)}});
  Look(sums, 1, {{0, 1, Socket(1, 100, 2)}});
  Look(sums, 3, {{0, 1, Socket(1, 100, 2)}});
  EXPECT_DOUBLE_EQ(sums.Links()[0].stuck_s, 2);
  Look(sums, 4, {{0, 1, Socket(1, 150, 1)}});
  EXPECT_DOUBLE_EQ(sums.Links()[0].stuck_s, 0);
  Look(sums, 5, {{0, 1, Socket(1, 150, 0)}});  // idle is not stuck
  EXPECT_DOUBLE_EQ(sums.Links()[0].stuck_s, 0);
}

TEST(LinkSums, WhatHasArrivedIsNotStuckHoweverLongNobodyAcknowledgesIt) {
  LinkSums sums;
  TcpSocket sender = Socket(1, 50, 1), receiver = Socket(80, 0);
  receiver.destination_port = 1;
  sender.bytes_sent = 70, receiver.bytes_received = 70;
  for (const double now_s : {0, 1, 3}) Look(sums, now_s, {{0, 1, sender}, {1, 0, receiver}});
  EXPECT_DOUBLE_EQ(sums.Links()[0].stuck_s, 0);
  sender.bytes_sent = 170;
  for (const double now_s : {4, 7}) Look(sums, now_s, {{0, 1, sender}, {1, 0, receiver}});
  EXPECT_DOUBLE_EQ(sums.Links()[0].stuck_s, 3);
}

TEST(LinkSums, ClosedConnectionsStayInTheSums) {
  LinkSums sums;
  Look(sums, 0, {{0, 1, Socket(1, 100)}, {0, 1, Socket(2, 30)}});
  Look(sums, 1, {{0, 1, Socket(2, 50)}});
  ASSERT_EQ(sums.Links().size(), 1u);
  EXPECT_EQ(sums.Links()[0].bytes_acked, 150u);
  EXPECT_EQ(sums.Links()[0].looks, 2u);
}

TEST(LinkSums, WhatArrivedIsWhatTheOtherEndReceived) {
  LinkSums sums;
  TcpSocket back = Socket(80, 0);
  back.bytes_received = 70;
  Look(sums, 0, {{0, 1, Socket(1, 50, 1)}, {1, 0, back}});
  EXPECT_EQ(sums.Links()[0].bytes_received, 70u);
}

TEST(LinkSums, WhatWasSentAndHasNotArrivedIsUnderWay) {
  LinkSums sums;
  TcpSocket sender = Socket(1, 50, 1), late = Socket(80, 0), arrived = Socket(80, 0);
  sender.bytes_sent = 70, late.bytes_received = 50, arrived.bytes_received = 70;
  late.destination_port = arrived.destination_port = 1;
  sums.Look(0, {{0, 1, sender}, {1, 0, late}}, {{0, 1, sender}, {1, 0, arrived}});
  EXPECT_EQ(sums.Links()[0].under_way, 0u);
  sums.Look(1, {{0, 1, sender}, {1, 0, late}}, {{0, 1, sender}, {1, 0, late}});
  EXPECT_EQ(sums.Links()[0].under_way, 1u);
  EXPECT_EQ(sums.Links()[1].under_way, 0u);
}

TEST(LinkSums, WhatWasSentAndNotReceivedIsLostOnceNothingIsInFlight) {
  LinkSums sums;
  TcpSocket sender = Socket(1, 50, 1), receiver = Socket(80, 0);
  receiver.destination_port = 1;
  sender.packets_sent = 20, receiver.packets_received = 11;
  Look(sums, 0, {{0, 1, sender}, {1, 0, receiver}});
  EXPECT_EQ(sums.Links()[0].packets_lost, 0u);  // they may be under way
  sender.packets_sent = 22, sender.unacked = 0, receiver.packets_received = 15;
  Look(sums, 1, {{0, 1, sender}, {1, 0, receiver}});
  EXPECT_EQ(sums.Links()[0].packets_lost, 7u);
  EXPECT_EQ(sums.Links()[1].packets_lost, 0u);
  TcpSocket more = sender, got_more = receiver;  // between two looks: nothing can be said
  more.packets_sent = 30, got_more.packets_received = 23;
  sums.Look(1.5, {{0, 1, sender}, {1, 0, receiver}}, {{0, 1, more}, {1, 0, got_more}});
  EXPECT_EQ(sums.Links()[0].packets_lost, 7u);
  Look(sums, 2, {{0, 1, Socket(2, 0)}});  // another connection; the first has closed
  EXPECT_EQ(sums.Links()[0].packets_lost, 7u);
}

TEST(RankSums, CountersAreSinceTheFirstLookAndOutliveTheProcess) {
  RankSums sums;
  const ProcessCounters alive{
      .alive = true, .cpu_s = 1, .core_wait_s = 0.5, .in_disk_wait = false, .major_faults = 3};
  sums.Look(10, 2, alive, {.throttled_s = 4, .oom_kills = 1, .frozen = false});
  sums.Look(12, 2, alive, {.throttled_s = 5, .oom_kills = 1, .frozen = true});
  sums.Look(13, 2, {}, {.throttled_s = 5, .oom_kills = 2, .frozen = false});
  const RankPressure rank = sums.Ranks()[0];
  EXPECT_EQ(rank.oom_kills, 1u);
  EXPECT_DOUBLE_EQ(rank.throttled_s, 1);
  EXPECT_DOUBLE_EQ(rank.frozen_s, 2);
  EXPECT_DOUBLE_EQ(rank.seen_s, 2);
  EXPECT_TRUE(rank.frozen);  // as it was left
  EXPECT_EQ(rank.major_faults, 3u);
}

}  // namespace
}  // namespace rankle::kernel
