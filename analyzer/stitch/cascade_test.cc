// From observations to cycles: a retry storm in a made-up job of a worker and a store, and the same job with
// its retries bounded. Observations go through their file format on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/stitch/allocate/allocate.h"
#include "analyzer/stitch/observation_json.h"
#include "analyzer/stitch/search/stitch.h"
#include "analyzer/stitch/testing/campaign.h"

namespace rankle::stitch {
namespace {

using ::testing::SizeIs;

constexpr SiteId kSend = 0xa1, kServe = 0xa2, kLog = 0xa3;
constexpr CallSiteId kFromStep = 0xc1, kFromLoop = 0xc2;
constexpr Signature kSent = 0xf0, kTimedOut = 0xf1, kServed = 0xf2;

// A worker sends a request each step; the store's loop serves them. A send that times out is sent again, up
// to `retries` times, so that one fault costs the store that many requests more. The store times out sends
// when it is delayed, or, which no single fault shows, when it has too much to do.
class Job {
 public:
  explicit Job(uint64_t retries) : retries_(retries) {}

  RunObservation Run(std::optional<Fault> fault, size_t number) const {
    const bool refused = fault && fault->site == kSend;
    const bool slow = fault && fault->site == kServe;
    const uint64_t again = refused || slow ? retries_ : 0;
    SiteObservation send = testing::At(kSend, 20 + again, {kSent}, kFromStep);
    if (refused || slow) send.signatures.push_back(kTimedOut);
    send.role = "worker";
    // A failed send reaches the store as well: its answer is what gets lost.
    SiteObservation serve = testing::At(kServe, 20 + again, {kServed}, kFromLoop);
    serve.role = "store";
    SiteObservation log = testing::At(kLog, 300 + (number * 37) % 23, {kServed}, kFromLoop);
    log.role = "store";
    RunObservation run;
    run.workload = "train";
    run.units = 20;
    run.fault = std::move(fault);
    run.rows = {send, serve, log};
    return run;
  }

 private:
  uint64_t retries_;
};

std::vector<Fault> Faults() {
  return {{kSend, FaultKind::kError, 110, 0, "worker"},
          {kServe, FaultKind::kDelay, 1'000'000'000, 0, "store"},
          {kLog, FaultKind::kDelay, 1'000'000'000, 0, "store"}};
}

Stitched CampaignOn(const Job& job) {
  testing::Campaign campaign;
  const auto add = [&](const std::optional<Fault>& fault, size_t runs) {
    for (size_t i = 0; i < runs; ++i) campaign.Runs(1, job.Run(fault, campaign.observations.runs.size()));
  };
  add({}, 20);
  Causes causes;
  std::set<Choice> made;
  for (size_t round = 0;; ++round) {
    const auto choices = NextExperiments({campaign.observations.runs, causes, made}, Faults(), round, 10);
    if (choices.empty()) break;
    for (const Choice& choice : choices) {
      made.insert(choice);
      add(choice.fault, 3);
    }
    const auto read = ReadObservations(WriteObservations(campaign.observations), "observations");
    EXPECT_TRUE(read.ok()) << read.status();
    causes = AnalyzeCauses(*read);
  }
  return Stitch(causes, campaign.observations.names);
}

TEST(Cascade, ARetryStormIsFoundFromSingleFaults) {
  const Stitched stitched = CampaignOn(Job(5));
  ASSERT_THAT(stitched.cycles, SizeIs(1));
  const Cycle& cycle = stitched.cycles[0];
  ASSERT_THAT(cycle.edges, SizeIs(2));
  EXPECT_EQ(cycle.edges[0].experiment.fault, Faults()[1]) << "role store comes before role worker";
  EXPECT_EQ(cycle.edges[1].experiment.fault, Faults()[0]);
  EXPECT_EQ(cycle.edges[1].edge.effect, Effect::kMoreWork);
}

TEST(Cascade, WithoutRetriesThereIsNone) { EXPECT_THAT(CampaignOn(Job(0)).cycles, SizeIs(0)); }

}  // namespace
}  // namespace rankle::stitch
