#include "injector/hooks/captures.h"

#include <pthread.h>
#include <stdlib.h>

#include "injector/hooks/cuda_calls.h"
#include "injector/hooks/pointer_map.h"
#include "injector/hooks/process.h"

namespace rankle::hooks {
namespace {

// A capture in progress. Lists are never freed: executable graphs share them, and programs make few.
struct OpenCapture {
  uint64_t id = 0;
  CapturedOperation* first = nullptr;
  CapturedOperation* last = nullptr;
};

constexpr int kMaxOpenCaptures = 32;
OpenCapture g_open[kMaxOpenCaptures];
pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;
PointerMap<CapturedOperation*, 4096> g_graphs;

class Lock {
 public:
  Lock() { pthread_mutex_lock(&g_mutex); }
  ~Lock() { pthread_mutex_unlock(&g_mutex); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

OpenCapture* FindOpen(uint64_t id) {
  for (OpenCapture& open : g_open) {
    if (open.id == id) return &open;
  }
  return nullptr;
}

}  // namespace

uint64_t CaptureOf(cudaStream_t stream) {
  if (TheProcess().captures.load(std::memory_order_relaxed) == 0 && !CudaCallsAreTheDrivers()) return 0;
  const CudaCalls& cuda = Cuda();
  int status = 0;
  if (cuda.is_capturing == nullptr || cuda.is_capturing(stream, &status) != 0 || status == 0) return 0;
  unsigned long long id = 0;
  if (cuda.capture_info == nullptr ||
      cuda.capture_info(stream, &status, &id, nullptr, nullptr, nullptr, nullptr) != 0) {
    return UINT64_MAX;
  }
  return id != 0 ? id : UINT64_MAX;
}

void AddCaptured(uint64_t capture, const CapturedOperation& operation) {
  auto* copy = static_cast<CapturedOperation*>(malloc(sizeof(CapturedOperation)));
  if (copy == nullptr) return;
  *copy = operation;
  copy->next = nullptr;
  const Lock lock;
  OpenCapture* open = FindOpen(capture);
  if (open == nullptr) open = FindOpen(0);
  if (open == nullptr) {
    free(copy);
    return;
  }
  open->id = capture;
  (open->last != nullptr ? open->last->next : open->first) = copy;
  open->last = copy;
}

void CaptureEnded(uint64_t capture, const void* graph) {
  const Lock lock;
  OpenCapture* open = capture != 0 ? FindOpen(capture) : nullptr;
  if (open == nullptr) return;
  if (graph != nullptr) g_graphs.Insert(graph, open->first);
  *open = OpenCapture{};
}

void GraphCopied(const void* from, const void* to) {
  CapturedOperation* operations = g_graphs.Find(from, nullptr);
  if (operations != nullptr) g_graphs.Insert(to, operations);
}

void GraphForgotten(const void* handle) { g_graphs.Erase(handle, nullptr); }

const CapturedOperation* OperationsOf(const void* handle) { return g_graphs.Find(handle, nullptr); }

void ResetCaptures() {
  pthread_mutex_init(&g_mutex, nullptr);  // a forked child: another thread may have held it
  for (OpenCapture& open : g_open) open = OpenCapture{};
  g_graphs.Clear();
}

}  // namespace rankle::hooks
