// Transport records join the job that flight records made: both sides of a link, global ranks, the job's
// axis.
#include "analyzer/import/transport/transfer_assembler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/store/sql.h"
#include "analyzer/testing/job_builder.h"

namespace rankle::import {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kNsPerS = 1'000'000'000;

// Global ranks 0-3; tp over (1, 3), so that places and global ranks differ.
store::Store Job() {
  testing::JobBuilder job(4);
  const int dp = job.Communicator("dp", {0, 1, 2, 3});
  job.Communicator("tp", {1, 3});
  job.Steps(dp, 1, 3);
  job.ObservedUntil(1);
  return job.Build();
}

// As the plugin of rank `rank` would have left it; `place` in a communicator of `size`, made at `created_s`.
transport::TransportRecord Record(const store::Store& store, int rank, int place, int size) {
  const store::Process& p = store.processes[rank];
  transport::TransportRecord record;
  record.pid = p.pid, record.host = p.host, record.job_id = p.job_id;
  transport::CommRecord comm;
  comm.rank = place, comm.nranks = size;
  for (const store::Communicator& c : store.communicators) {
    if (static_cast<int>(c.members.size()) == size)
      comm.init_ns = static_cast<uint64_t>(c.members[place].init_entered + 1 - p.clock_offset);
  }
  record.communicators.push_back(comm);
  return record;
}

void AddLink(transport::TransportRecord& record, uint32_t self, uint32_t peer, bool send, uint64_t posted,
             uint64_t moved) {
  transport::LinkRecord& link = record.links.emplace_back();
  link.key = {0, self, peer, 1, send};
  link.posted = posted, link.moved = moved;
}

TEST(TransferAssembler, BothSidesOfALinkBecomeOneRowWithGlobalRanks) {
  store::Store store = Job();
  auto source = Record(store, 1, 0, 2), destination = Record(store, 3, 1, 2);
  AddLink(source, 0, 1, true, 10, 9);
  source.links[0].bytes = 1000;
  source.links[0].last_posted_ns = static_cast<uint64_t>(kNsPerS / 2 - store.processes[1].clock_offset);
  source.links[0].times[0][transport::BucketOf(100'000)] = 9;
  AddLink(destination, 1, 0, false, 11, 8);
  destination.links[0].bytes = 1200;
  AddTransfers({source, destination}, store);
  ASSERT_THAT(store.transfers, SizeIs(1));
  const store::Transfer& t = store.transfers[0];
  EXPECT_EQ(store.communicators[t.communicator].name, "tp");
  EXPECT_EQ(store.GlobalRank(t.source), 1);
  EXPECT_EQ(store.GlobalRank(t.destination), 3);
  EXPECT_EQ(t.channel, 1);
  EXPECT_EQ(t.posted, 10u);
  EXPECT_EQ(t.sent, 9u);
  EXPECT_EQ(t.expected, 11u);
  EXPECT_EQ(t.received, 8u);
  EXPECT_EQ(t.bytes, 1200u);  // the destination saw more of them
  EXPECT_EQ(t.last_posted, static_cast<int64_t>(kNsPerS / 2));

  auto database = store::Database::Open();
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE(AddStoreTables(store, *database).ok());
  auto rows = database->Query(
      "SELECT source, destination, kind, steps, posted - sent, sent - received FROM transfers "
      "WHERE p50_s BETWEEN 0.000090 AND 0.000110 AND window_begin_s IS NULL");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_THAT(rows->rows, SizeIs(1));
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][0]), 1);
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][1]), 3);
  EXPECT_EQ(std::get<std::string>(rows->rows[0][2]), "step");
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][3]), 9);
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][4]), 1);
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][5]), 1);
}

TEST(TransferAssembler, StepsOnTheWayKnowTheirOperation) {
  store::Store store = Job();
  auto record = Record(store, 2, 2, 4);
  AddLink(record, 2, 3, true, 4, 3);
  const store::Operations& o = store.operations;
  uint32_t last = 0;
  for (uint32_t i = 0; i < o.size(); ++i) {
    if (o.rank[i] == 2) last = i;
  }
  const int64_t offset = store.processes[2].clock_offset;
  transport::OperationRecord operation;
  operation.number = 9, operation.function = "AllReduce", operation.count = o.count[last], operation.open = 1;
  operation.begun_ns = static_cast<uint64_t>(o.entered[last] + 1 - offset);
  operation.posted = {4, 4}, operation.moved = {3, 2};
  record.operations.push_back(operation);
  transport::OpenStep step;
  step.link = {0, 2, 3, 1, true};
  step.operation = 9, step.moving_ns = operation.begun_ns + 5;
  record.open_steps.push_back(step);
  AddTransfers({record}, store);
  ASSERT_THAT(store.transfers, SizeIs(1));
  EXPECT_EQ(store.transfers[0].moving, 1u);
  EXPECT_EQ(store.transfers[0].moving_operation, int64_t{last});

  auto database = store::Database::Open();
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE(AddStoreTables(store, *database).ok());
  auto rows = database->Query(
      "SELECT rank, seq, sends_posted - sends_done, receives_posted - receives_done, open_links "
      "FROM operation_progress WHERE op = 'AllReduce' AND communicator = 'dp'");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_THAT(rows->rows, SizeIs(1));
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][0]), 2);
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][1]), o.seq[last]);
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][2]), 1);
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][3]), 2);
  EXPECT_EQ(std::get<int64_t>(rows->rows[0][4]), 1);
}

TEST(TransferAssembler, ACommunicatorThatToldNothingIsFoundByItsTime) {
  store::Store store = Job();
  auto record = Record(store, 3, 3, 4);
  record.communicators[0].rank = -1, record.communicators[0].nranks = 0;  // plugin ABI before v4
  store.communicators[1].members[1].init_entered += kNsPerS;              // tp came later
  store.communicators[1].members[1].ready += kNsPerS;
  AddLink(record, 3, 0, true, 1, 1);
  AddTransfers({record}, store);
  ASSERT_THAT(store.transfers, SizeIs(1));
  EXPECT_EQ(store.communicators[store.transfers[0].communicator].name, "dp");
}

TEST(TransferAssembler, WhatMatchesNothingIsSaid) {
  store::Store store = Job();
  auto foreign = Record(store, 1, 0, 2);
  foreign.pid = 4711;
  AddLink(foreign, 0, 1, true, 1, 1);
  auto early = Record(store, 1, 0, 2);
  early.communicators[0].init_ns -= kNsPerS;
  AddLink(early, 0, 1, true, 1, 1);
  AddTransfers({foreign, early}, store);
  EXPECT_THAT(store.transfers, IsEmpty());
  ASSERT_FALSE(store.quality.notes.empty());
  EXPECT_THAT(store.quality.notes.back(), HasSubstr("2 links of transport records belong to no known"));
}

}  // namespace
}  // namespace rankle::import
