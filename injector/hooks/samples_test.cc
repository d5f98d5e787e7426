// Which operations are sampled, at what moment, and what the record says.
#include "injector/hooks/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "injector/hooks/content.h"
#include "injector/hooks/testing/fake_process.h"

namespace rankle::hooks {
namespace {

using record::Event;
using record::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Event> Samples(const FakeProcess& process, bool input) {
  DrainSamples();
  std::vector<Event> samples;
  for (const Event& event : process.Events(Kind::kSample)) {
    if (((event.flags & record::kFlagInput) != 0) == input) samples.push_back(event);
  }
  return samples;
}

TEST(Samples, AreOffUntilAskedFor) {
  FakeProcess process;
  process.AllReduce();
  DrainSamples();
  EXPECT_THAT(process.Events(Kind::kSample), IsEmpty());
}

TEST(Samples, EveryNthOperationIsTaken) {
  FakeProcess process({}, 3);
  for (int i = 0; i < 7; ++i) process.AllReduce();
  std::vector<uint32_t> seqs;
  for (const Event& sample : Samples(process, false)) seqs.push_back(sample.seq);
  EXPECT_THAT(seqs, ElementsAre(3, 6));
}

TEST(Samples, TheSendBufferIsTakenBeforeAndTheReceiveBufferAfterTheOperation) {
  FakeProcess process({}, 1);
  process.send[2] = 5;
  process.real = [&] {
    process.send[2] = 7;  // too late to be seen
    process.receive[0] = NAN, process.receive[1] = -3;
    return ncclSuccess;
  };
  process.AllReduce();
  const std::vector<Event> inputs = Samples(process, true), outputs = Samples(process, false);
  ASSERT_THAT(inputs, SizeIs(1));
  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_EQ(std::bit_cast<float>(inputs[0].site), 5);
  EXPECT_EQ(inputs[0].peer, 0);
  EXPECT_EQ(std::bit_cast<float>(outputs[0].site), 3);
  EXPECT_EQ(outputs[0].peer, 1);
  EXPECT_EQ(outputs[0].stream, sizeof(process.receive));
  EXPECT_EQ(outputs[0].count, Summarise(process.receive, sizeof(process.receive), ncclFloat32).hash);
}

// What the program sees is what is compared.
TEST(Samples, AFaultThatCorruptsTheResultIsSeen) {
  FakeProcess process({"corrupt ncclAllReduce buffer=recv bits=1"}, 1);
  process.AllReduce();
  const std::vector<Event> outputs = Samples(process, false);
  ASSERT_THAT(outputs, SizeIs(1));
  const float clean[16] = {};
  EXPECT_NE(outputs[0].count, Summarise(clean, sizeof(clean), ncclFloat32).hash);
}

TEST(Samples, AFailedOperationHasNoResult) {
  FakeProcess process({}, 1);
  process.real = [] { return ncclSystemError; };
  process.AllReduce();
  EXPECT_THAT(Samples(process, false), IsEmpty());
}

TEST(Samples, WithoutAFreeSlotTheOperationGoesOnUnsampled) {
  FakeProcess process({}, 1);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(process.AllReduce(), ncclSuccess);  // nobody drains
  EXPECT_THAT(process.Operations(), SizeIs(200));
  EXPECT_THAT(Samples(process, false), SizeIs(64));  // of 128 slots, half for what was sent
}

TEST(Samples, AMarkedReplicaCarriesItsNameAndCount) {
  FakeProcess process({}, 2);
  const float parameters[4] = {1, 2, 3, 4};
  for (int i = 0; i < 4; ++i) SampleReplica("model", parameters, sizeof(parameters), nullptr);
  SampleReplica("other", parameters, sizeof(parameters), nullptr);
  DrainSamples();
  const std::vector<Event> samples = process.Events(Kind::kSample);
  ASSERT_THAT(samples, SizeIs(2));
  EXPECT_EQ(samples[0].text, "model");
  EXPECT_EQ(samples[0].seq, 2u);
  EXPECT_EQ(samples[1].seq, 4u);
  EXPECT_EQ(samples[0].count, samples[1].count);
}

}  // namespace
}  // namespace rankle::hooks
