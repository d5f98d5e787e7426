// The stand-in of cuDNN plays through its graph interface, and describes recurrent networks so that
// parameters fit together.
#include <gmock/gmock.h>

#include <set>

#include "virtual_gpu/math/testing/library.h"

namespace rankle::vgpu::math {
namespace {

using ::testing::ElementsAre;

constexpr int kNoHandle = 1001, kBadParameter = 2000, kNotFinalized = 2004;

const TestLibrary& Cudnn() {
  static const TestLibrary library("libcudnn.so.9");
  return library;
}

class CudnnTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(Cudnn()("cudnnCreate", &handle_), 0); }
  void TearDown() override { EXPECT_EQ(Cudnn()("cudnnDestroy", handle_), 0); }
  void* handle_ = nullptr;
};

// cudnnBackendDescriptorType_t, cudnnBackendAttributeName_t, cudnnBackendAttributeType_t.
enum { kEngineConfig = 3, kHeuristics = 4, kPlan = 5, kConvolution = 10, kGraph = 15, kVariantPack = 16 };
enum {
  kHeuristicGraph = 201,
  kHeuristicResults = 202,
  kPlanConfig = 401,
  kPlanWorkspace = 402,
  kGraphOperations = 801
};
enum { kInt64Type = 3, kDescriptorType = 15 };

class BackendDescriptor {
 public:
  explicit BackendDescriptor(int type) {
    EXPECT_EQ(Cudnn()("cudnnBackendCreateDescriptor", type, &descriptor_), 0);
  }
  BackendDescriptor(const BackendDescriptor&) = delete;
  BackendDescriptor& operator=(const BackendDescriptor&) = delete;
  ~BackendDescriptor() { EXPECT_EQ(Cudnn()("cudnnBackendDestroyDescriptor", descriptor_), 0); }

  void* get() const { return descriptor_; }
  int Hold(int attribute, const BackendDescriptor& other) {
    return Cudnn()("cudnnBackendSetAttribute", descriptor_, attribute, int{kDescriptorType}, int64_t{1},
                   static_cast<const void*>(&other.descriptor_));
  }
  int Finalize() { return Cudnn()("cudnnBackendFinalize", descriptor_); }
  int Get(int attribute, int type, int64_t requested, int64_t* count, void* values) {
    return Cudnn()("cudnnBackendGetAttribute", descriptor_, attribute, type, requested, count, values);
  }

 private:
  void* descriptor_ = nullptr;
};

TEST_F(CudnnTest, AGraphGetsAnEngineAndAPlanThatRuns) {
  BackendDescriptor operation(kConvolution), graph(kGraph), heuristics(kHeuristics), config(kEngineConfig),
      plan(kPlan), pack(kVariantPack);
  ASSERT_EQ(operation.Finalize(), 0);
  ASSERT_EQ(graph.Hold(kGraphOperations, operation), 0);
  ASSERT_EQ(graph.Finalize(), 0);
  ASSERT_EQ(heuristics.Hold(kHeuristicGraph, graph), 0);
  int64_t count = -1;
  EXPECT_EQ(heuristics.Get(kHeuristicResults, kDescriptorType, 0, &count, nullptr), kNotFinalized);
  ASSERT_EQ(heuristics.Finalize(), 0);
  ASSERT_EQ(heuristics.Get(kHeuristicResults, kDescriptorType, 0, &count, nullptr), 0);
  EXPECT_EQ(count, 1);
  void* results[] = {config.get()};
  ASSERT_EQ(heuristics.Get(kHeuristicResults, kDescriptorType, 1, &count, results), 0);
  EXPECT_EQ(plan.Finalize(), kBadParameter);  // no configuration
  ASSERT_EQ(plan.Hold(kPlanConfig, config), 0);
  const auto execute = [&](void* handle) {
    return Cudnn()("cudnnBackendExecute", handle, plan.get(), pack.get());
  };
  EXPECT_EQ(execute(handle_), kNotFinalized);
  ASSERT_EQ(plan.Finalize(), 0);
  ASSERT_EQ(pack.Finalize(), 0);
  int64_t workspace = -1;
  ASSERT_EQ(plan.Get(kPlanWorkspace, kInt64Type, 1, &count, &workspace), 0);
  EXPECT_EQ(workspace, 0);
  EXPECT_EQ(execute(nullptr), kNoHandle);
  // The plan knows through configuration, search and graph what it does: a convolution, which takes 20 ms
  // here.
  EXPECT_GE(DeviceTime([&] { EXPECT_EQ(execute(handle_), 0); }), 20);
  EXPECT_EQ(plan.Hold(kPlanConfig, config), kBadParameter);  // final
}

TEST_F(CudnnTest, TensorDescriptorsGiveBackWhatTheyWereGiven) {
  void* tensor = nullptr;
  const int sizes[] = {2, 3, 4}, strides[] = {12, 4, 1}, negative[] = {2, -3, 4};
  ASSERT_EQ(Cudnn()("cudnnCreateTensorDescriptor", &tensor), 0);
  const auto set = [&](int type, const int* dimensions) {
    return Cudnn()("cudnnSetTensorNdDescriptor", tensor, type, 3, dimensions,
                   static_cast<const int*>(strides));
  };
  EXPECT_EQ(set(0, negative), kBadParameter);
  EXPECT_EQ(set(99, sizes), kBadParameter);
  ASSERT_EQ(set(2, sizes), 0);
  int type = -1, count = -1;
  std::vector<int> got_sizes(3), got_strides(3);
  ASSERT_EQ(
      Cudnn()("cudnnGetTensorNdDescriptor", tensor, 3, &type, &count, got_sizes.data(), got_strides.data()),
      0);
  EXPECT_EQ(type, 2);
  EXPECT_EQ(count, 3);
  EXPECT_THAT(got_sizes, ElementsAre(2, 3, 4));
  EXPECT_THAT(got_strides, ElementsAre(12, 4, 1));
  EXPECT_EQ(Cudnn()("cudnnDestroyTensorDescriptor", tensor), 0);
}

class RnnTest : public CudnnTest {
 protected:
  static constexpr int kInput = 5, kHidden = 7, kLayers = 2, kFloat = 0;
  static constexpr int kLstm = 2, kDoubleBias = 2;
  void SetUp() override {
    CudnnTest::SetUp();
    ASSERT_EQ(Cudnn()("cudnnCreateRNNDescriptor", &rnn_), 0);
    for (void** tensor : {&matrix_, &bias_}) ASSERT_EQ(Cudnn()("cudnnCreateTensorDescriptor", tensor), 0);
  }
  void TearDown() override {
    for (void* tensor : {matrix_, bias_}) EXPECT_EQ(Cudnn()("cudnnDestroyTensorDescriptor", tensor), 0);
    EXPECT_EQ(Cudnn()("cudnnDestroyRNNDescriptor", rnn_), 0);
    CudnnTest::TearDown();
  }
  int Describe(int bidirectional, int projection, int hidden = kHidden) {
    return Cudnn()("cudnnSetRNNDescriptor_v8", rnn_, 0, kLstm, kDoubleBias, bidirectional, 0, kFloat, kFloat,
                   0, int32_t{kInput}, int32_t{hidden}, int32_t{projection}, int32_t{kLayers},
                   static_cast<void*>(nullptr), uint32_t{0});
  }
  size_t SpaceBytes() {
    size_t bytes = 0;
    EXPECT_EQ(Cudnn()("cudnnGetRNNWeightSpaceSize", handle_, rnn_, &bytes), 0);
    return bytes;
  }
  int Elements(void* tensor) {
    int type, count, sizes[3], strides[3];
    EXPECT_EQ(Cudnn()("cudnnGetTensorNdDescriptor", tensor, 3, &type, &count, sizes, strides), 0);
    return sizes[0] * sizes[1] * sizes[2];
  }
  // Every element of the weight space belongs to exactly one matrix or bias.
  void ExpectACover(int pseudo_layers, int linear_layers) {
    std::vector<float> space(SpaceBytes() / sizeof(float));
    std::set<float*> covered;
    size_t total = 0;
    for (int layer = 0; layer < pseudo_layers; ++layer) {
      for (int linear = 0; linear < linear_layers; ++linear) {
        void *matrix_at = nullptr, *bias_at = nullptr;
        ASSERT_EQ(Cudnn()("cudnnGetRNNWeightParams", handle_, rnn_, int32_t{layer}, SpaceBytes(),
                          static_cast<const void*>(space.data()), int32_t{linear}, matrix_, &matrix_at, bias_,
                          &bias_at),
                  0);
        for (const auto& [at, tensor] : {std::pair{matrix_at, matrix_}, std::pair{bias_at, bias_}}) {
          const int elements = at == nullptr ? 0 : Elements(tensor);
          for (int i = 0; i < elements; ++i) covered.insert(static_cast<float*>(at) + i);
          total += static_cast<size_t>(elements);
        }
      }
    }
    EXPECT_EQ(total, space.size());
    EXPECT_EQ(covered.size(), space.size());
    EXPECT_EQ(*covered.begin(), space.data());
    EXPECT_EQ(*covered.rbegin(), &space.back());
  }
  void *rnn_ = nullptr, *matrix_ = nullptr, *bias_ = nullptr;
};

TEST_F(RnnTest, TheWeightSpaceHoldsAnLstmsParameters) {
  ASSERT_EQ(Describe(0, 0), 0);
  // Four gates: input and recurrent matrices and two biases in each layer; the second layer's input is the
  // first's output.
  const int first = 4 * (kHidden * kInput + kHidden * kHidden + 2 * kHidden);
  const int second = 4 * (2 * kHidden * kHidden + 2 * kHidden);
  EXPECT_EQ(SpaceBytes(), (first + second) * sizeof(float));
  ExpectACover(kLayers, 8);
}

TEST_F(RnnTest, DirectionsAndProjectionsHaveTheirPlaces) {
  ASSERT_EQ(Describe(1, 3), 0);
  ExpectACover(2 * kLayers, 9);
}

TEST_F(RnnTest, WhatDoesNotDescribeANetworkIsRefused) {
  EXPECT_EQ(Describe(0, 0, 0), kBadParameter);
  ASSERT_EQ(Describe(0, 0), 0);
  const auto params = [&](int layer, size_t bytes) {
    return Cudnn()("cudnnGetRNNWeightParams", handle_, rnn_, int32_t{layer}, bytes,
                   static_cast<const void*>(nullptr), int32_t{0}, matrix_, static_cast<void**>(nullptr),
                   bias_, static_cast<void**>(nullptr));
  };
  EXPECT_EQ(params(0, SpaceBytes()), 0);
  EXPECT_EQ(params(kLayers, SpaceBytes()), kBadParameter);
  EXPECT_EQ(params(0, SpaceBytes() - 1), kBadParameter);
}

TEST_F(CudnnTest, WorkspaceSizesAreWritten) {
  size_t bytes = 0;
  void* none = nullptr;
  EXPECT_EQ(Cudnn()("cudnnGetConvolutionForwardWorkspaceSize", handle_, none, none, none, none, 0, &bytes),
            0);
  EXPECT_GT(bytes, 0u);
  bytes = 0;
  EXPECT_EQ(Cudnn()("cudnnDropoutGetStatesSize", handle_, &bytes), 0);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(Cudnn()("cudnnDropoutGetStatesSize", none, &bytes), kNoHandle);
}

}  // namespace
}  // namespace rankle::vgpu::math
