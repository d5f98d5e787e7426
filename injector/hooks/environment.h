// Reads what docs/run-environment.md promises: the one place where the hooks look at environment variables.
#pragma once

#include <cstdint>

namespace rankle::hooks {

struct Environment {
  const char* out = nullptr;
  const char* plan = nullptr;
  const char* control = nullptr;
  bool trace = true;
  bool device_times = true;
  uint32_t records = 65536;
  uint32_t sample = 0;  // every n-th operation
  uint64_t job_id = 0;
  int32_t rank = -1, world_size = -1, local_rank = -1, local_world_size = -1;
};

Environment ReadEnvironment();

// The command line with blanks between the arguments, cut to fit.
void ReadCommand(char* text, unsigned size);

}  // namespace rankle::hooks
