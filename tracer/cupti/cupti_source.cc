#include "tracer/cupti/cupti_source.h"

#include <stdio.h>
#include <string.h>

#include <cstddef>

#include "tracer/cupti/kernel_name.h"
#include "tracer/files/identity.h"

namespace rankle::cupti {
namespace {

// CUPTI extends its kernel record at the end only: what a CUPTI of 12.0 (version 8 of the record) to 13
// (version 10) writes is read as the oldest.
using KernelRecordOfCupti = CUpti_ActivityKernel8;
#define RANKLE_SAME_PLACE(field)                                                                   \
  static_assert(offsetof(CUpti_ActivityKernel8, field) == offsetof(CUpti_ActivityKernel9, field)); \
  static_assert(offsetof(CUpti_ActivityKernel8, field) == offsetof(CUpti_ActivityKernel10, field))
RANKLE_SAME_PLACE(start);
RANKLE_SAME_PLACE(end);
RANKLE_SAME_PLACE(deviceId);
RANKLE_SAME_PLACE(streamId);
RANKLE_SAME_PLACE(correlationId);
RANKLE_SAME_PLACE(name);
RANKLE_SAME_PLACE(graphId);
#undef RANKLE_SAME_PLACE

CuptiSource* g_source = nullptr;

// CUPTI wants somebody to call; no call of CUDA is subscribed to, so nobody is called.
void Ignore(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

}  // namespace

const char* CuptiSource::Explain(CUptiResult error) const {
  if (error == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED)
    return "another profiler (nsys, ncu, a debugger) is in this process, and CUDA allows one: leave one of "
           "them out";
  const char* text = nullptr;
  return cupti_.cuptiGetResultString(error, &text) == CUPTI_SUCCESS && text != nullptr ? text
                                                                                       : "CUPTI failed";
}

// The order is CUPTI's: subscribing tells whether another profiler is there, and the clock has to be set
// before anything is recorded.
const char* CuptiSource::Start(ActivitySink* sink) {
  if (g_source != nullptr) return "CUPTI is in use already";
  if (!buffers_.Reserve()) return "no memory for its buffers";
  if (const CUptiResult error = cupti_.cuptiSubscribe(&subscriber_, Ignore, nullptr); error != CUPTI_SUCCESS)
    return Explain(error);
  sink_ = sink, g_source = this;
  CUptiResult error = cupti_.cuptiActivityRegisterCallbacks(BufferRequested, BufferCompleted);
  if (error == CUPTI_SUCCESS) error = cupti_.cuptiActivityRegisterTimestampCallback(files::MonotonicNs);
  // Unlike CUPTI_ACTIVITY_KIND_KERNEL, this kind leaves kernels concurrent.
  if (error == CUPTI_SUCCESS) error = cupti_.cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
  if (error == CUPTI_SUCCESS) return nullptr;
  cupti_.cuptiUnsubscribe(subscriber_);
  g_source = nullptr;
  return Explain(error);
}

void CuptiSource::Flush(bool last) {
  cupti_.cuptiActivityFlushAll(last ? static_cast<uint32_t>(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED) : 0);
}

void CuptiSource::Stop() {
  if (g_source != this) return;
  cupti_.cuptiActivityDisable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
  cupti_.cuptiUnsubscribe(subscriber_);
  g_source = nullptr;
}

void CuptiSource::BufferRequested(uint8_t** buffer, size_t* size, size_t* max_records) {
  *buffer = g_source == nullptr ? nullptr : g_source->buffers_.Take();
  *size = *buffer == nullptr ? 0 : BufferPool::kBufferBytes;
  *max_records = 0;  // as many as fit
}

void CuptiSource::BufferCompleted(CUcontext context, uint32_t stream, uint8_t* buffer, size_t, size_t valid) {
  if (g_source == nullptr || buffer == nullptr) return;
  g_source->Read(context, stream, buffer, valid);
  g_source->buffers_.GiveBack(buffer);
}

void CuptiSource::Read(CUcontext context, uint32_t stream, uint8_t* buffer, size_t valid) {
  uint64_t lost = 0;
  CUpti_Activity* at = nullptr;
  while (valid != 0 && cupti_.cuptiActivityGetNextRecord(buffer, valid, &at) == CUPTI_SUCCESS) {
    if (at->kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL && at->kind != CUPTI_ACTIVITY_KIND_KERNEL) continue;
    const auto& record = *reinterpret_cast<const KernelRecordOfCupti*>(at);
    if (record.name == nullptr) continue;
    const std::string_view name = NcclKernelName(record.name);
    if (name.empty()) continue;
    // Not ended yet (a forced flush), or not timed for lack of device memory.
    if (record.start == 0 || record.end < record.start) {
      ++lost;
      continue;
    }
    char text[128];
    snprintf(text, sizeof(text), "%.*s", static_cast<int>(name.size()), name.data());
    sink_->OnKernel({.start_ns = record.start,
                     .end_ns = record.end,
                     .device = record.deviceId,
                     .stream = record.streamId,
                     .correlation = record.correlationId,
                     .graph = record.graphId,
                     .name = text});
  }
  size_t dropped = 0;
  if (cupti_.cuptiActivityGetNumDroppedRecords(context, stream, &dropped) == CUPTI_SUCCESS) lost += dropped;
  if (lost != 0) sink_->OnLost(lost);
}

}  // namespace rankle::cupti
