#include "corpora/programs/common/job_error.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <new>

namespace rankle::programs {
namespace {

using testing::ExitedWithCode;

class JobErrorDeathTest : public testing::Test {
 protected:
  JobErrorDeathTest() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    SetErrorContext("prog", 3);
    SetErrorStep(51);
  }
};

TEST_F(JobErrorDeathTest, EachKindOfErrorHasItsExitCodeAndNamesRankStepAndCall) {
  EXPECT_EXIT(Check(ncclRemoteError, "ncclAllReduce on dp0"), ExitedWithCode(10),
              "prog: rank 3 step 51: NCCL error in ncclAllReduce on dp0: ");
  EXPECT_EXIT(Check(cudaErrorIllegalAddress, "cudaStreamQuery"), ExitedWithCode(11),
              "prog: rank 3 step 51: CUDA error in cudaStreamQuery: cudaErrorIllegalAddress");
  EXPECT_EXIT(Check(cudaErrorMemoryAllocation, "cudaMalloc"), ExitedWithCode(12), "cudaMalloc");
  EXPECT_EXIT(Check(absl::DataLossError("checkpoint: gone")), ExitedWithCode(13),
              "step 51: checkpoint: gone");
}

TEST_F(JobErrorDeathTest, SuccessPasses) {
  Check(ncclSuccess, "");
  Check(cudaSuccess, "");
  Check(absl::OkStatus());
  EXPECT_EQ(CheckedValue(absl::StatusOr<int>(5)), 5);
}

TEST_F(JobErrorDeathTest, FailureHandlerRunsOnceEvenWhenItFailsItself) {
  SetFailureHandler([] {
    std::fputs("aborting;", stderr);
    Check(cudaErrorUnknown, "abort");
  });
  EXPECT_EXIT(Check(ncclSystemError, "x"), ExitedWithCode(11), "x: .*\naborting;prog: .*abort: [^;]*$");
}

TEST_F(JobErrorDeathTest, BeforeTheFirstStepIsSaid) {
  SetErrorStep(-1);
  EXPECT_EXIT(Fail(ExitCode::kOther, "no data"), ExitedWithCode(13),
              "prog: rank 3 before the first step: no data");
}

}  // namespace
}  // namespace rankle::programs
