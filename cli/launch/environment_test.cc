#include "cli/launch/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rankle::cli {
namespace {

using ::testing::ElementsAre;

std::string Value(const Environment& environment, std::string_view name) {
  const std::string* value = environment.Find(name);
  return value ? *value : "(unset)";
}

JobVariables VirtualJob() {
  JobVariables job;
  job.output_dir = "/out";
  job.hooks_library = "/p/lib/librankle.so";
  job.job_id = 0xabc;
  job.monotonic_start_ns = 5;
  job.virtual_gpus = 4;
  job.virtual_gpu_dir = "/p/lib/vgpu";
  job.audit_library = "/p/lib/librankle-vgpu-audit.so";
  return job;
}

TEST(Environment, KeepsValuesWithEqualSignsAndDropsMalformedEntries) {
  const char* entries[] = {"A=b=c", "broken", "=x", "EMPTY=", nullptr};
  EXPECT_THAT(Environment(entries).Entries(), ElementsAre("A=b=c", "EMPTY="));
}

TEST(Environment, PreloadsInFrontOfWhatTheUserPreloads) {
  const char* entries[] = {"LD_PRELOAD=/usr/lib/jemalloc.so", "LD_LIBRARY_PATH=", nullptr};
  Environment environment(entries);
  SetJobVariables(VirtualJob(), environment);
  EXPECT_EQ(Value(environment, "LD_PRELOAD"), "/p/lib/librankle.so:/usr/lib/jemalloc.so");
  EXPECT_EQ(Value(environment, "LD_LIBRARY_PATH"), "/p/lib/vgpu");
  EXPECT_EQ(Value(environment, "LD_AUDIT"), "/p/lib/librankle-vgpu-audit.so");
  EXPECT_EQ(Value(environment, "RANKLE_VIRTUAL_GPUS"), "4");
  EXPECT_EQ(Value(environment, "RANKLE_JOB_ID"), "0000000000000abc");
}

TEST(Environment, NvtxRangesComeToUsUnlessAProfilerWantsThem) {
  Environment environment;
  SetJobVariables(VirtualJob(), environment);
  EXPECT_EQ(Value(environment, "NVTX_INJECTION64_PATH"), "/p/lib/librankle.so");
  const char* entries[] = {"NVTX_INJECTION64_PATH=/opt/profiler.so", nullptr};
  Environment profiled(entries);
  SetJobVariables(VirtualJob(), profiled);
  EXPECT_EQ(Value(profiled, "NVTX_INJECTION64_PATH"), "/opt/profiler.so");
}

TEST(Environment, NcclReportsTransfersToUsUnlessTheUserHasAProfiler) {
  JobVariables job = VirtualJob();
  job.profiler_library = "/p/lib/librankle-nccl-profiler.so";
  Environment environment;
  SetJobVariables(job, environment);
  EXPECT_EQ(Value(environment, "NCCL_PROFILER_PLUGIN"), "/p/lib/librankle-nccl-profiler.so");
  const char* entries[] = {"NCCL_PROFILER_PLUGIN=none", nullptr};
  Environment own(entries);
  SetJobVariables(job, own);
  EXPECT_EQ(Value(own, "NCCL_PROFILER_PLUGIN"), "none");
  Environment untraced;
  SetJobVariables(VirtualJob(), untraced);
  EXPECT_EQ(Value(untraced, "NCCL_PROFILER_PLUGIN"), "(unset)");
}

TEST(Environment, CudaIsGivenALibraryOnlyWhereKernelTimesAreWanted) {
  JobVariables job = VirtualJob();
  Environment without;
  SetJobVariables(job, without);
  EXPECT_EQ(Value(without, "CUDA_INJECTION64_PATH"), "(unset)");
  const char* entries[] = {"CUDA_INJECTION64_PATH=/opt/profiler.so", nullptr};
  Environment own(entries);
  SetJobVariables(job, own);
  EXPECT_EQ(Value(own, "CUDA_INJECTION64_PATH"), "/opt/profiler.so");
  job.cupti_library = "/p/lib/librankle-cupti.so";
  Environment with;
  SetJobVariables(job, with);
  EXPECT_EQ(Value(with, "CUDA_INJECTION64_PATH"), "/p/lib/librankle-cupti.so");
}

TEST(Environment, CallSitesAreSeenInFrontOfTheOtherHooks) {
  JobVariables job = VirtualJob();
  Environment without;
  SetJobVariables(job, without);
  EXPECT_EQ(Value(without, "LD_PRELOAD"), "/p/lib/librankle.so");
  job.libc_library = "/p/lib/librankle-libc.so";
  const char* entries[] = {"LD_PRELOAD=/opt/other.so", nullptr};
  Environment with(entries);
  SetJobVariables(job, with);
  EXPECT_EQ(Value(with, "LD_PRELOAD"), "/p/lib/librankle-libc.so:/p/lib/librankle.so:/opt/other.so");
}

TEST(Environment, RealGpusLeaveTheLoaderAlone) {
  JobVariables job = VirtualJob();
  job.virtual_gpus = 0;
  Environment environment;
  SetJobVariables(job, environment);
  EXPECT_EQ(Value(environment, "LD_LIBRARY_PATH"), "(unset)");
  EXPECT_EQ(Value(environment, "LD_AUDIT"), "(unset)");
  EXPECT_EQ(Value(environment, "RANKLE_VIRTUAL_GPUS"), "(unset)");
}

TEST(Environment, APlanOfAnOuterRunDoesNotLeakIn) {
  const char* entries[] = {"RANKLE_PLAN=/old/plan.armed", "RANKLE_CONTROL=/old/control", "RANKLE_TRACE=0",
                           nullptr};
  Environment environment(entries);
  SetJobVariables(VirtualJob(), environment);
  EXPECT_EQ(Value(environment, "RANKLE_PLAN"), "(unset)");
  EXPECT_EQ(Value(environment, "RANKLE_CONTROL"), "(unset)");
  EXPECT_EQ(Value(environment, "RANKLE_TRACE"), "(unset)");
}

TEST(Environment, RanksAreToldWhatTorchrunTellsThem) {
  Environment environment;
  SetLocalRank({.rank = 3, .world_size = 8, .master_port = 12345}, environment);
  EXPECT_THAT(environment.Entries(),
              ElementsAre("LOCAL_RANK=3", "LOCAL_WORLD_SIZE=8", "MASTER_ADDR=127.0.0.1", "MASTER_PORT=12345",
                          "RANK=3", "WORLD_SIZE=8"));
}

}  // namespace
}  // namespace rankle::cli
