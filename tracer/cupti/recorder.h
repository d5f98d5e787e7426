// Writes one kernel record (format.h). After Create nothing here allocates, logs, throws or makes a system
// call; writers on several threads take turns (a lock that only the source's own threads share).
#pragma once

#include <pthread.h>

#include <cstdint>

#include "tracer/cupti/activity.h"
#include "tracer/cupti/format.h"
#include "tracer/files/identity.h"

namespace rankle::cupti {

class Recorder final : public ActivitySink {
 public:
  Recorder() = default;
  ~Recorder();  // unmaps; the file stays
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Creates the file at full size (blocks reserved) and maps it. Returns 0 or an errno value; on error the
  // recorder stays closed and drops what it is given. Not thread safe. `rows` is a power of two.
  int Create(const char* path, const files::Identity& identity, uint32_t rows = kRowCapacity);

  void OnKernel(const KernelActivity& kernel) override;
  void OnLost(uint64_t kernels) override;

 private:
  uint32_t NameIndex(const char* name);

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  FileHeader* header_ = nullptr;
  NameEntry* names_ = nullptr;
  KernelRow* rows_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t last_name_ = 0;  // most kernels have the name of the one before
};

}  // namespace rankle::cupti
