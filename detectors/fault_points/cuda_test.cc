// CUDA units are read as the host compiles them; needs the CUDA headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detectors/fault_points/extract_testing.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::points {
namespace {

TEST(Cuda, KernelsAndLaunchesAreReadAndOnlyHostCodeIsInstrumented) {
  if (tooling::FindParserFiles().cuda_include.empty()) GTEST_SKIP() << "no CUDA headers";
  const Facts facts = FactsOf({{"case.cu", R"(
#include <stdexcept>
__global__ void Scale(float* data, int n) {
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    data[i] = __shfl_xor_sync(~0u, data[i], 1) > 0 ? data[i] : 0;
    __syncthreads();
  }
}
__device__ bool Alive(const int* flag) { return *flag != 0; }
void Run(int n) {
  float* data = nullptr;
  if (cudaMalloc(reinterpret_cast<void**>(&data), n * sizeof(float)) != cudaSuccess) throw std::runtime_error("memory");
  Scale<<<1, 32>>>(data, n);
  const cudaError_t done = cudaDeviceSynchronize();
  if (done != cudaSuccess) throw std::runtime_error(cudaGetErrorString(done));
}
)"}});
  EXPECT_EQ(facts.errors, 0) << facts.first_error;
  const std::vector<Point> calls = Kept(facts, Kind::kErrorCall);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].value, "cudaErrorMemoryAllocation");
  EXPECT_EQ(Kept(facts, Kind::kThrow).size(), 2u);
  for (const Point& point : facts.points) {
    EXPECT_NE(point.function_name, "Scale");  // a kernel is no place for faults of the host
    EXPECT_EQ(point.not_instrumented, point.function_name == "Run" ? "" : "device code") << point.text;
  }
}

}  // namespace
}  // namespace rankle::points
