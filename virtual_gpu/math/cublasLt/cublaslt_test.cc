// The stand-in of cuBLASLt finds an algorithm for every product, and computes those of float with their
// epilogue when asked.
#include <gmock/gmock.h>

#include "virtual_gpu/math/testing/library.h"

namespace rankle::vgpu::math {
namespace {

using ::testing::ElementsAre;

constexpr int kNoHandle = 1, kInvalidValue = 7;
constexpr int kFloat = 0, kCompute32F = 68;
constexpr int kEpilogueAttribute = 7, kBiasAttribute = 8;
constexpr uint32_t kReluBias = 6;

struct Heuristic {  // cublasLtMatmulHeuristicResult_t
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

const TestLibrary& Lt() {
  static const TestLibrary library("libcublasLt.so.13");
  return library;
}

class CublasLtTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(Lt()("cublasLtCreate", &handle_), 0);
    ASSERT_EQ(Lt()("cublasLtMatmulDescCreate", &descriptor_, kCompute32F, kFloat), 0);
    ASSERT_EQ(Lt()("cublasLtMatrixLayoutCreate", &layout_, kFloat, uint64_t{2}, uint64_t{2}, int64_t{2}), 0);
    ASSERT_EQ(Lt()("cublasLtMatmulPreferenceCreate", &preference_), 0);
  }
  void TearDown() override {
    EXPECT_EQ(Lt()("cublasLtMatmulPreferenceDestroy", preference_), 0);
    EXPECT_EQ(Lt()("cublasLtMatrixLayoutDestroy", layout_), 0);
    EXPECT_EQ(Lt()("cublasLtMatmulDescDestroy", descriptor_), 0);
    EXPECT_EQ(Lt()("cublasLtDestroy", handle_), 0);
  }
  // Of 2x2 matrices.
  int Matmul(const float* alpha, const float* a, const float* b, const float* beta, const float* c,
             float* d) {
    const auto plain = [](const auto* at) { return static_cast<const void*>(at); };
    return Lt()("cublasLtMatmul", handle_, descriptor_, plain(alpha), plain(a), layout_, plain(b), layout_,
                plain(beta), plain(c), layout_, static_cast<void*>(d), layout_, plain(d),
                static_cast<void*>(nullptr), size_t{0}, static_cast<void*>(nullptr));
  }
  int Search(void* handle, void* layout, int requested, Heuristic* results, int* returned) {
    return Lt()("cublasLtMatmulAlgoGetHeuristic", handle, descriptor_, layout, layout, layout, layout,
                preference_, requested, results, returned);
  }

  void *handle_ = nullptr, *descriptor_ = nullptr, *layout_ = nullptr, *preference_ = nullptr;
  const float one_ = 1, two_ = 2, zero_ = 0;
};

TEST_F(CublasLtTest, TheSearchFindsOneAlgorithmWithoutWorkspace) {
  Heuristic result{};
  result.state = -1, result.workspace = 1;
  int returned = 0;
  ASSERT_EQ(Search(handle_, layout_, 4, &result, &returned), 0);
  EXPECT_EQ(returned, 1);
  EXPECT_EQ(result.state, 0);
  EXPECT_EQ(result.workspace, 0u);
  EXPECT_EQ(Search(nullptr, layout_, 4, &result, &returned), kNoHandle);
  EXPECT_EQ(Search(handle_, descriptor_, 4, &result, &returned), kInvalidValue);  // not a layout
  EXPECT_EQ(Search(handle_, layout_, 0, &result, &returned), kInvalidValue);
}

// Columns first: A = [1 3; 2 4], B = [1 0; 0 -1].
TEST_F(CublasLtTest, BiasAndReluFollowTheProduct) {
  const DeviceArray<float> a({1, 2, 3, 4}), b({1, 0, 0, -1}), c({1, 1, 1, 1}), d({0, 0, 0, 0}),
      bias({10, -20});
  const void* bias_at = bias.get();
  ASSERT_EQ(Matmul(&two_, a.get(), b.get(), &one_, c.get(), d.get()), 0);
  EXPECT_THAT(d.Values(), ElementsAre(2 * 1 + 1, 2 * 2 + 1, -2 * 3 + 1, -2 * 4 + 1));
  EXPECT_THAT(c.Values(), ElementsAre(1, 1, 1, 1));
  ASSERT_EQ(Lt()("cublasLtMatmulDescSetAttribute", descriptor_, kEpilogueAttribute,
                 static_cast<const void*>(&kReluBias), sizeof(kReluBias)),
            0);
  EXPECT_EQ(Matmul(&one_, a.get(), b.get(), &zero_, c.get(), d.get()), kInvalidValue);  // no bias yet
  ASSERT_EQ(Lt()("cublasLtMatmulDescSetAttribute", descriptor_, kBiasAttribute,
                 static_cast<const void*>(&bias_at), sizeof(bias_at)),
            0);
  ASSERT_EQ(Matmul(&one_, a.get(), b.get(), &zero_, c.get(), d.get()), 0);
  EXPECT_THAT(d.Values(), ElementsAre(1 + 10, 0, -3 + 10, 0));
}

TEST_F(CublasLtTest, ShapesThatDoNotFitAreRefused) {
  const DeviceArray<float> a({1, 2, 3, 4});
  void* wide = nullptr;
  ASSERT_EQ(Lt()("cublasLtMatrixLayoutCreate", &wide, kFloat, uint64_t{2}, uint64_t{3}, int64_t{2}), 0);
  std::swap(wide, layout_);  // all four are 2x3: the inner sizes differ
  EXPECT_EQ(Matmul(&one_, a.get(), a.get(), &zero_, a.get(), a.get()), kInvalidValue);
  std::swap(wide, layout_);
  EXPECT_EQ(Matmul(nullptr, a.get(), a.get(), &zero_, a.get(), a.get()), kInvalidValue);
  EXPECT_EQ(Lt()("cublasLtMatrixLayoutDestroy", wide), 0);
}

}  // namespace
}  // namespace rankle::vgpu::math
