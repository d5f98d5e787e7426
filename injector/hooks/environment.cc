#include "injector/hooks/environment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>

namespace rankle::hooks {
namespace {

// The first of the variables that holds a number.
int32_t Number(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* text = getenv(name);
    if (text == nullptr || *text == '\0') continue;
    char* end = nullptr;
    const long value = strtol(text, &end, 10);
    if (*end == '\0' && value >= 0 && value <= INT32_MAX) return static_cast<int32_t>(value);
  }
  return -1;
}

const char* Text(const char* name) {
  const char* text = getenv(name);
  return text != nullptr && *text != '\0' ? text : nullptr;
}

bool IsOn(const char* name) {
  const char* text = getenv(name);
  return text == nullptr || strcmp(text, "0") != 0;
}

}  // namespace

Environment ReadEnvironment() {
  Environment environment;
  environment.out = Text("RANKLE_OUT");
  environment.plan = Text("RANKLE_PLAN");
  environment.control = Text("RANKLE_CONTROL");
  environment.trace = IsOn("RANKLE_TRACE");
  environment.device_times = IsOn("RANKLE_DEVICE_TIMES");
  if (const int32_t records = Number({"RANKLE_RECORDS"}); records > 0)
    environment.records = static_cast<uint32_t>(records);
  if (const int32_t every = Number({"RANKLE_SAMPLE"}); every > 0)
    environment.sample = static_cast<uint32_t>(every);
  if (const char* job = Text("RANKLE_JOB_ID")) environment.job_id = strtoull(job, nullptr, 16);
  environment.rank = Number({"RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"});
  environment.world_size = Number({"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"});
  environment.local_rank =
      Number({"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"});
  environment.local_world_size =
      Number({"LOCAL_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"});
  return environment;
}

void ReadCommand(char* text, unsigned size) {
  text[0] = '\0';
  const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t length = read(fd, text, size - 1);
  close(fd);
  if (length <= 0) return;
  for (ssize_t i = 0; i + 1 < length; ++i) {
    if (text[i] == '\0') text[i] = ' ';
  }
  text[length] = '\0';
}

}  // namespace rankle::hooks
