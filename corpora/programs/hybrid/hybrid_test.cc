// The pure parts of hybrid_train: layout, schedule, stage arithmetic.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "corpora/programs/common/gradient_check.h"
#include "corpora/programs/hybrid/layout.h"
#include "corpora/programs/hybrid/schedule.h"
#include "corpora/programs/hybrid/stage_model.h"

namespace rankle::programs {
namespace {

using Kind = PipelineAction::Kind;
using What = Transfer::What;

TEST(Layout, EveryRankHasItsOwnPlace) {
  std::set<std::vector<int>> places;
  for (int rank = 0; rank < 12; ++rank) {
    const Layout layout = *MakeLayout(12, rank, 2, 3, 2);
    places.insert({layout.tensor_rank, layout.pipeline_rank, layout.data_rank});
  }
  EXPECT_EQ(places.size(), 12u);
}

TEST(Layout, GroupsOfAColorDifferInOneCoordinateOnly) {
  std::map<int, std::set<std::pair<int, int>>> tensor, pipeline, data;
  for (int rank = 0; rank < 12; ++rank) {
    const Layout layout = *MakeLayout(12, rank, 2, 3, 2);
    tensor[layout.TensorColor()].insert({layout.pipeline_rank, layout.data_rank});
    pipeline[layout.PipelineColor()].insert({layout.tensor_rank, layout.data_rank});
    data[layout.DataColor()].insert({layout.tensor_rank, layout.pipeline_rank});
  }
  EXPECT_EQ(tensor.size(), 6u);
  EXPECT_EQ(pipeline.size(), 4u);
  EXPECT_EQ(data.size(), 6u);
  for (const auto& groups : {tensor, pipeline, data}) {
    for (const auto& [color, fixed] : groups) EXPECT_EQ(fixed.size(), 1u) << color;
  }
}

TEST(Layout, ChoosesSizesThatFitAndRefusesOthers) {
  for (const int world : {1, 2, 3, 4, 6, 8, 64}) EXPECT_TRUE(MakeLayout(world, 0, 0, 0, 0).ok()) << world;
  EXPECT_EQ(MakeLayout(8, 0, 0, 0, 0)->data, 2);
  EXPECT_EQ(MakeLayout(8, 0, 0, 4, 0)->data, 1);
  EXPECT_FALSE(MakeLayout(8, 0, 3, 0, 0).ok());
}

// Runs the stages with sends that block until received; false when nobody can go on.
class PipelineSimulator {
 public:
  PipelineSimulator(int stages, int microbatches) {
    for (int stage = 0; stage < stages; ++stage) {
      programs_.push_back(OneForwardOneBackward(stage, stages, microbatches));
      pending_.emplace_back();
      position_.push_back(0);
    }
  }

  bool Run() {
    while (true) {
      bool progress = false;
      for (size_t stage = 0; stage < programs_.size(); ++stage) progress |= Advance(stage);
      for (size_t stage = 0; stage + 1 < programs_.size(); ++stage) {
        progress |= Match(stage, What::kSendActivation, stage + 1, What::kReceiveActivation);
        progress |= Match(stage + 1, What::kSendGradient, stage, What::kReceiveGradient);
      }
      if (!progress) break;
    }
    for (size_t stage = 0; stage < programs_.size(); ++stage) {
      if (position_[stage] != programs_[stage].size()) return false;
    }
    return true;
  }

 private:
  bool Advance(size_t stage) {
    if (!pending_[stage].empty() || position_[stage] == programs_[stage].size()) return false;
    pending_[stage] = programs_[stage][position_[stage]].transfers;
    ++position_[stage];
    return true;
  }

  bool Match(size_t sender, What send, size_t receiver, What receive) {
    for (auto s = pending_[sender].begin(); s != pending_[sender].end(); ++s) {
      for (auto r = pending_[receiver].begin(); r != pending_[receiver].end(); ++r) {
        if (s->what != send || r->what != receive) continue;
        EXPECT_EQ(s->microbatch, r->microbatch);
        pending_[sender].erase(s);
        pending_[receiver].erase(r);
        return true;
      }
    }
    return false;
  }

  std::vector<std::vector<PipelineAction>> programs_;
  std::vector<std::vector<Transfer>> pending_;
  std::vector<size_t> position_;
};

TEST(Schedule, NeverDeadlocksWithBlockingSends) {
  for (const int stages : {1, 2, 3, 4, 8}) {
    for (const int microbatches : {1, 2, 3, 4, 7, 16}) {
      EXPECT_TRUE(PipelineSimulator(stages, microbatches).Run()) << stages << " stages, " << microbatches;
    }
  }
}

TEST(Schedule, EachMicrobatchGoesForwardThenBackwardAndFewAreInFlight) {
  constexpr int kStages = 4, kMicrobatches = 9;
  for (int stage = 0; stage < kStages; ++stage) {
    std::vector<int> forward, backward;
    for (const PipelineAction& action : OneForwardOneBackward(stage, kStages, kMicrobatches)) {
      if (action.kind == Kind::kForward) forward.push_back(action.microbatch);
      if (action.kind == Kind::kBackward) {
        backward.push_back(action.microbatch);
        EXPECT_LT(action.microbatch, static_cast<int>(forward.size()));
      }
      EXPECT_LE(forward.size() - backward.size(), static_cast<size_t>(kStages - stage));
    }
    EXPECT_EQ(forward.size(), static_cast<size_t>(kMicrobatches));
    EXPECT_EQ(forward, backward);
    EXPECT_TRUE(std::ranges::is_sorted(forward));
  }
}

StageShape SmallShape() {
  StageShape shape;
  shape.vocabulary = 5;
  shape.context = 2;
  shape.embed = 3;
  shape.hidden = 4;
  shape.layers = 1;
  return shape;
}

// One stage whose tensor ranks are summed here, as the all-reduce would.
class ShardedModel {
 public:
  explicit ShardedModel(int tensor) {
    for (int rank = 0; rank < tensor; ++rank) {
      StageShape shape = SmallShape();
      shape.tensor = tensor;
      shape.tensor_rank = rank;
      models_.emplace_back(shape);
      parameters_.emplace_back(models_.back().parameter_count());
      gradients_.emplace_back(models_.back().parameter_count());
      models_.back().Initialize(11, parameters_.back());
      activations_.emplace_back(kRows * static_cast<size_t>(shape.hidden_shard()));
    }
  }

  double Forward() {
    models_[0].Embed(parameters_[0], kInputs, x_);
    y_ = x_;
    for (size_t rank = 0; rank < models_.size(); ++rank) {
      models_[rank].BlockForward(parameters_[rank], 0, x_, activations_[rank], partial_);
      Add(partial_, y_);
    }
    return models_[0].Output(parameters_[0], y_, kTargets, logits_);
  }

  void Backward() {
    std::vector<float> dy(y_.size());
    for (size_t rank = 0; rank < models_.size(); ++rank) {
      models_[rank].OutputBackward(parameters_[rank], y_, logits_, dy, gradients_[rank]);
    }
    std::vector<float> dx = dy;
    for (size_t rank = 0; rank < models_.size(); ++rank) {
      std::vector<float> scratch(activations_[rank].size());
      models_[rank].BlockBackward(parameters_[rank], 0, x_, activations_[rank], dy, scratch, partial_,
                                  gradients_[rank]);
      Add(partial_, dx);
    }
    for (size_t rank = 0; rank < models_.size(); ++rank)
      models_[rank].EmbedBackward(kInputs, dx, gradients_[rank]);
  }

  std::vector<std::vector<float>> parameters_, gradients_;

 private:
  static constexpr size_t kRows = 2;
  const std::vector<int32_t> kInputs = {0, 4, 2, 2}, kTargets = {1, 3};
  std::vector<StageModel> models_;
  std::vector<std::vector<float>> activations_;
  std::vector<float> x_ = std::vector<float>(kRows * 6), y_ = x_, partial_ = x_,
                     logits_ = std::vector<float>(kRows * 5);
};

TEST(StageModel, GradientsMatchDifferences) {
  ShardedModel model(1);
  model.Forward();
  model.Backward();
  ExpectGradient(model.parameters_[0], model.gradients_[0], [&] { return model.Forward(); });
}

TEST(StageModel, TensorShardsComputeTheWholeModel) {
  ShardedModel whole(1), halves(2);
  EXPECT_NEAR(whole.Forward(), halves.Forward(), 1e-6);
  whole.Backward();
  halves.Backward();
  // The embedding comes first and sees everything above it.
  for (size_t i = 0; i < 15; ++i) EXPECT_NEAR(whole.gradients_[0][i], halves.gradients_[1][i], 1e-6);
}

}  // namespace
}  // namespace rankle::programs
