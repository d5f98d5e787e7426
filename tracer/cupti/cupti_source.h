// CUPTI's activity API as a source of kernel times. It costs device memory, time per launch and the place of
// the one profiler that CUDA allows in a process: docs/cupti.md. One a process: CUPTI's callbacks carry no
// context.
#pragma once

#include "tracer/cupti/activity.h"
#include "tracer/cupti/buffer_pool.h"
#include "tracer/cupti/cupti_functions.h"

namespace rankle::cupti {

class CuptiSource final : public ActivitySource {
 public:
  // `functions`: from LoadCupti, or a test's own.
  explicit CuptiSource(const CuptiFunctions& functions) : cupti_(functions) {}

  const char* Start(ActivitySink* sink) override;
  void Flush(bool last) override;
  void Stop() override;

 private:
  static void BufferRequested(uint8_t** buffer, size_t* size, size_t* max_records);
  static void BufferCompleted(CUcontext context, uint32_t stream, uint8_t* buffer, size_t size, size_t valid);
  void Read(CUcontext context, uint32_t stream, uint8_t* buffer, size_t valid);
  const char* Explain(CUptiResult error) const;

  CuptiFunctions cupti_;
  BufferPool buffers_;
  ActivitySink* sink_ = nullptr;
  CUpti_SubscriberHandle subscriber_ = nullptr;
};

}  // namespace rankle::cupti
