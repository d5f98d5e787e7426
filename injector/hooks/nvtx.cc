// NVTX ranges named step* mark training steps: `NVTX_INJECTION64_PATH=librankle.so` makes NVTX ask us for its
// callbacks.
//
// The numbers below are NVTX's injection interface (nvtxTypes.h, stable since version 2): module CORE, its
// callback table, and in it the range functions that a program uses for steps.
#include <cstddef>
#include <cstdint>

#include "injector/hooks/export.h"
#include "injector/hooks/steps.h"

namespace {

constexpr uint32_t kCallbacksTable = 1;  // NVTX_ETID_CALLBACKS
constexpr int kCoreModule = 1;           // NVTX_CB_MODULE_CORE
enum : unsigned { kRangePushEx = 8, kRangePushA = 9 };

struct ExportTableCallbacks {
  size_t struct_size;
  int (*get_module_function_table)(int module, void**** table, unsigned* size);
};

// The beginning of nvtxEventAttributes_t.
struct EventAttributes {
  uint16_t version, size;
  uint32_t category;
  int32_t color_type;
  uint32_t color;
  int32_t payload_type;
  int32_t reserved;
  uint64_t payload;
  int32_t message_type;
  const char* message;
};
constexpr int32_t kMessageAscii = 1;

int PushA(const char* message) {
  rankle::hooks::MarkRange(message, __builtin_return_address(0));
  return 0;
}

int PushEx(const EventAttributes* attributes) {
  if (attributes != nullptr && attributes->message_type == kMessageAscii) {
    rankle::hooks::MarkRange(attributes->message, __builtin_return_address(0));
  }
  return 0;
}

}  // namespace

extern "C" RANKLE_EXPORT int InitializeInjectionNvtx2(const void* (*get_export_table)(uint32_t)) {
  const auto* callbacks = static_cast<const ExportTableCallbacks*>(get_export_table(kCallbacksTable));
  void*** table = nullptr;
  unsigned size = 0;
  if (callbacks == nullptr || !callbacks->get_module_function_table(kCoreModule, &table, &size)) return 0;
  if (size > kRangePushA) {
    *table[kRangePushEx] = reinterpret_cast<void*>(&PushEx);
    *table[kRangePushA] = reinterpret_cast<void*>(&PushA);
  }
  return 1;
}
