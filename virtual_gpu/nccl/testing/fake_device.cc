#include "virtual_gpu/nccl/testing/fake_device.h"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "virtual_gpu/engine/device_work.h"

namespace rankle::virtual_nccl::testing {
namespace {

struct WorkItem {
  void (*run)(void*);
  void (*release)(void*);
  void* argument;
};

class FakeStream {
 public:
  FakeStream() : worker_([this] { Run(); }) {}
  ~FakeStream() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    worker_.join();
  }
  void Push(WorkItem item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (capturing_) {
      captured_.push_back(item);
      return;
    }
    items_.push_back(item);
    ++unfinished_;
    changed_.notify_all();
  }
  void Synchronize() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return unfinished_ == 0; });
  }
  bool Idle() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return unfinished_ == 0;
  }
  bool capturing() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return capturing_;
  }
  void BeginCapture() {
    const std::lock_guard<std::mutex> lock(mutex_);
    capturing_ = true;
  }
  std::vector<WorkItem> EndCapture() {
    const std::lock_guard<std::mutex> lock(mutex_);
    capturing_ = false;
    return std::move(captured_);
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return closing_ || !items_.empty(); });
      if (items_.empty()) return;
      const WorkItem item = items_.front();
      items_.pop_front();
      lock.unlock();
      item.run(item.argument);
      item.release(item.argument);
      lock.lock();
      --unfinished_;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WorkItem> items_;
  std::vector<WorkItem> captured_;
  int unfinished_ = 0;
  bool closing_ = false;
  bool capturing_ = false;
  std::thread worker_;
};

thread_local int current_device = 0;
std::atomic<int> failures{0};
std::atomic<int> failure_error{0};

FakeStream& Resolve(cudaStream_t stream) {
  static auto* mutex = new std::mutex;
  static auto* defaults = new std::map<int, FakeStream*>;
  if (stream != nullptr) return *reinterpret_cast<FakeStream*>(stream);
  const std::lock_guard<std::mutex> lock(*mutex);
  FakeStream*& found = (*defaults)[current_device];
  if (found == nullptr) found = new FakeStream;
  return *found;
}

}  // namespace

void FailEnqueue(int count, cudaError_t error) {
  failure_error = error;
  failures = count;
}

void BeginCapture(cudaStream_t stream) { Resolve(stream).BeginCapture(); }

void ReplayCapture(cudaStream_t stream, int times) {
  const std::vector<WorkItem> items = Resolve(stream).EndCapture();
  for (int i = 0; i < times; ++i) {
    for (const WorkItem& item : items) Resolve(stream).Push({item.run, [](void*) {}, item.argument});
  }
  Resolve(stream).Synchronize();
  for (const WorkItem& item : items) item.release(item.argument);
}

}  // namespace rankle::virtual_nccl::testing

namespace fake = rankle::virtual_nccl::testing;

extern "C" {

int rankleVgpuEnqueue(void* stream, const char*, void (*run)(void*), void (*release)(void*), void* argument) {
  if (fake::failures > 0) {
    --fake::failures;
    return fake::failure_error;
  }
  fake::Resolve(static_cast<cudaStream_t>(stream)).Push({run, release, argument});
  return cudaSuccess;
}
int rankleVgpuIsDeviceAccessible(const void* pointer, unsigned long) {
  return reinterpret_cast<uintptr_t>(pointer) > 4096 ? 1 : 0;
}

cudaError_t cudaGetDevice(int* device) {
  *device = fake::current_device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  fake::current_device = device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = fake::kFakeDevices;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int size, int device) {
  std::snprintf(text, static_cast<size_t>(size), "0000:%02x:00.0", device + 1);
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t) { return "fake error"; }
cudaError_t cudaMalloc(void** pointer, size_t size) {
  *pointer = std::malloc(size);
  return *pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaFree(void* pointer) {
  std::free(pointer);
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = reinterpret_cast<cudaStream_t>(new fake::FakeStream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete reinterpret_cast<fake::FakeStream*>(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  fake::Resolve(stream).Synchronize();
  return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return fake::Resolve(stream).Idle() ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus* status) {
  *status = fake::Resolve(stream).capturing() ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

}  // extern "C"
