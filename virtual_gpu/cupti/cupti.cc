// The part of CUPTI's activity API that tells when kernels ran, for virtual GPUs: records in the client's
// buffers, handed back when full or flushed, dropped and counted where the client gives no buffer; one
// subscriber; CLOCK_REALTIME unless the client brings a clock. Kernels without modelled time do not show.
#include <cuda.h>
#include <cupti.h>
#include <time.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>
#include <string>

#include "virtual_gpu/engine/kernel_observer.h"

namespace {

uint64_t Read(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}
uint64_t RealTime() { return Read(CLOCK_REALTIME); }

using KernelRecord = CUpti_ActivityKernel10;
static_assert(sizeof(KernelRecord) % 8 == 0);

struct Cupti {
  std::mutex mutex;
  CUpti_BuffersCallbackRequestFunc requested = nullptr;
  CUpti_BuffersCallbackCompleteFunc completed = nullptr;
  CUpti_TimestampCallbackFunc clock = RealTime;
  bool subscribed = false;
  uint8_t* buffer = nullptr;  // being filled
  size_t size = 0, used = 0;
  size_t dropped = 0;
  uint32_t correlation = 0;
  std::set<std::string> names;  // records share them, for ever

  static Cupti& Get() {
    static auto* cupti = new Cupti;  // never destroyed: streams may outlive every static object
    return *cupti;
  }
};

// A full or flushed buffer on its way to the client, handed over without the lock: the client may ask for
// what was dropped meanwhile.
struct Completed {
  CUpti_BuffersCallbackCompleteFunc completed = nullptr;
  uint8_t* buffer = nullptr;
  size_t size = 0, used = 0;
  void HandOver() const {
    if (buffer != nullptr) completed(nullptr, 0, buffer, size, used);
  }
};

Completed TakeBuffer(Cupti& cupti) {
  const Completed taken{cupti.completed, cupti.buffer, cupti.size, cupti.used};
  cupti.buffer = nullptr, cupti.size = cupti.used = 0;
  return taken;
}

void OnKernel(const RankleVgpuKernelRun* run) {
  Cupti& cupti = Cupti::Get();
  Completed full;
  {
    const std::lock_guard lock(cupti.mutex);
    if (cupti.requested == nullptr) return;
    if (cupti.buffer != nullptr && cupti.used + sizeof(KernelRecord) > cupti.size) full = TakeBuffer(cupti);
    if (cupti.buffer == nullptr) {
      size_t most = 0;
      cupti.requested(&cupti.buffer, &cupti.size, &most);
      cupti.used = 0;
      if (cupti.buffer == nullptr || cupti.size < sizeof(KernelRecord)) {
        ++cupti.dropped;
        cupti.buffer = nullptr;
      }
    }
    if (cupti.buffer != nullptr) {
      KernelRecord record{};
      record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
      const uint64_t ahead = cupti.clock() - Read(CLOCK_MONOTONIC);  // of the client's clock; may wrap
      record.start = run->start_ns + ahead, record.end = run->end_ns + ahead;
      record.deviceId = static_cast<uint32_t>(run->device), record.contextId = record.deviceId + 1;
      record.streamId = static_cast<uint32_t>(run->stream);
      record.correlationId = ++cupti.correlation;
      record.name = cupti.names.insert(run->name).first->c_str();
      std::memcpy(cupti.buffer + cupti.used, &record, sizeof(record));
      cupti.used += sizeof(record);
    }
  }
  full.HandOver();
}

}  // namespace

CUptiResult cuptiSubscribe(CUpti_SubscriberHandle* subscriber, CUpti_CallbackFunc, void*) {
  Cupti& cupti = Cupti::Get();
  const std::lock_guard lock(cupti.mutex);
  if (subscriber == nullptr) return CUPTI_ERROR_INVALID_PARAMETER;
  if (cupti.subscribed) return CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
  cupti.subscribed = true;
  *subscriber = reinterpret_cast<CUpti_SubscriberHandle>(&cupti);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiUnsubscribe(CUpti_SubscriberHandle) {
  const std::lock_guard lock(Cupti::Get().mutex);
  Cupti::Get().subscribed = false;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc requested,
                                           CUpti_BuffersCallbackCompleteFunc completed) {
  if (requested == nullptr || completed == nullptr) return CUPTI_ERROR_INVALID_PARAMETER;
  const std::lock_guard lock(Cupti::Get().mutex);
  Cupti::Get().requested = requested, Cupti::Get().completed = completed;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityRegisterTimestampCallback(CUpti_TimestampCallbackFunc clock) {
  if (clock == nullptr) return CUPTI_ERROR_INVALID_PARAMETER;
  const std::lock_guard lock(Cupti::Get().mutex);
  Cupti::Get().clock = clock;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityEnable(CUpti_ActivityKind kind) {
  if (kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) return CUPTI_ERROR_INVALID_KIND;
  rankleVgpuObserveKernels(OnKernel);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityDisable(CUpti_ActivityKind kind) {
  if (kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) return CUPTI_ERROR_INVALID_KIND;
  rankleVgpuObserveKernels(nullptr);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityFlushAll(uint32_t) {
  Completed taken;
  {
    const std::lock_guard lock(Cupti::Get().mutex);
    if (Cupti::Get().completed == nullptr) return CUPTI_ERROR_INVALID_OPERATION;
    taken = TakeBuffer(Cupti::Get());
  }
  taken.HandOver();
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityGetNextRecord(uint8_t* buffer, size_t valid, CUpti_Activity** record) {
  if (buffer == nullptr || record == nullptr) return CUPTI_ERROR_INVALID_PARAMETER;
  uint8_t* const next =
      *record == nullptr ? buffer : reinterpret_cast<uint8_t*>(*record) + sizeof(KernelRecord);
  if (next + sizeof(KernelRecord) > buffer + valid) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(next);
  return CUPTI_SUCCESS;
}

CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext, uint32_t, size_t* dropped) {
  if (dropped == nullptr) return CUPTI_ERROR_INVALID_PARAMETER;
  const std::lock_guard lock(Cupti::Get().mutex);
  *dropped = Cupti::Get().dropped;
  Cupti::Get().dropped = 0;
  return CUPTI_SUCCESS;
}

CUptiResult cuptiGetResultString(CUptiResult result, const char** text) {
  if (text == nullptr) return CUPTI_ERROR_INVALID_PARAMETER;
  *text = result == CUPTI_SUCCESS ? "CUPTI_SUCCESS" : "an error of the virtual CUPTI";
  return CUPTI_SUCCESS;
}
