#include "corpora/programs/moe/moe_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "corpora/programs/common/gradient_check.h"

namespace rankle::programs {
namespace {

TEST(RouteToBest, PacksRowsByExpertInRowOrder) {
  const std::vector<float> probabilities = {0.1f, 0.2f, 0.7f, 0.6f, 0.3f, 0.1f,
                                            0.0f, 0.1f, 0.9f, 0.5f, 0.4f, 0.1f};
  const Routing routing = RouteToBest(probabilities, 3);
  EXPECT_THAT(routing.expert, testing::ElementsAre(2, 0, 2, 0));
  EXPECT_THAT(routing.gate, testing::ElementsAre(0.7f, 0.6f, 0.9f, 0.5f));
  EXPECT_THAT(routing.order, testing::ElementsAre(1, 3, 0, 2));
  EXPECT_THAT(routing.counts, testing::ElementsAre(2, 0, 2));
}

// All experts on one rank: packed rows are the rows the experts see.
struct Fixture {
  Dataset dataset = *Dataset::FromText("all happy families are alike; every unhappy family is unhappy.", 2);
  MoeShape shape;
  Batch batch;
  std::vector<float> dense, ddense, experts, dexperts, packed, results, dresults, drows;

  explicit Fixture(int balance_percent = 0) {
    shape.vocabulary = dataset.vocabulary();
    shape.context = 2;
    shape.embed = 2;
    shape.hidden = 3;
    shape.experts = shape.local_experts = 3;
    shape.rows = 6;
    shape.balance_percent = balance_percent;
    dataset.Fill(5, 1, 0, shape.rows, batch);
    const MoeModel sizes(shape, 6);
    dense.resize(sizes.dense_count());
    ddense.resize(sizes.dense_count());
    experts.resize(sizes.experts_count());
    dexperts.resize(sizes.experts_count());
    for (auto* array : {&packed, &results, &dresults, &drows}) array->resize(6 * 4);
    sizes.Initialize(5, dense, experts);
  }

  double Loss(MoeModel& model) {
    model.Route(dense, batch, packed);
    model.ExpertsForward(experts, model.routing().counts, packed, results);
    return model.Combine(dense, batch, results, dresults, ddense);
  }
  void Backward(MoeModel& model) {
    Loss(model);
    model.ExpertsBackward(experts, model.routing().counts, packed, dresults, drows, dexperts);
    model.Finish(batch, drows, ddense);
  }
};

TEST(MoeModel, GradientsMatchDifferences) {
  Fixture f;
  MoeModel model(f.shape, 6);
  f.Backward(model);
  const std::vector<float> ddense = f.ddense;
  ExpectGradient(f.experts, f.dexperts, [&] { return f.Loss(model); });
  ExpectGradient(f.dense, ddense, [&] { return f.Loss(model); });
}

TEST(MoeModel, RowsOfOneExpertMayComeFromSeveralRanks) {
  Fixture f;
  MoeModel model(f.shape, 6);
  // Two sources with 1 and 2 rows for expert 0, which is the same as 3 rows from one source.
  const std::vector<int32_t> split = {1, 0, 0, 2, 0, 0}, joined = {3, 0, 0};
  std::vector<float> rows(12), split_results(12), joined_results(12);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = 0.1f * static_cast<float>(i);
  model.ExpertsForward(f.experts, split, rows, split_results);
  model.ExpertsForward(f.experts, joined, rows, joined_results);
  EXPECT_EQ(split_results, joined_results);
  EXPECT_THAT(split_results, testing::Contains(testing::Ne(0.0f)));
}

TEST(MoeModel, BalanceLossPushesAgainstTheFullestExpert) {
  Fixture plain(0), balanced(100);
  MoeModel plain_model(plain.shape, 6), balanced_model(balanced.shape, 6);
  plain.Loss(plain_model);
  balanced.Loss(balanced_model);
  EXPECT_NE(plain.ddense, balanced.ddense);
}

}  // namespace
}  // namespace rankle::programs
