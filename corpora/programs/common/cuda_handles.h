// RAII for CUDA streams, events and memory, and typed host functions on a stream.
//
// Contract: constructors fail the job (see job_error.h) instead of returning half an object. Destructors
// ignore errors: by then the job has either succeeded or is ending anyway.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_CUDA_HANDLES_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_CUDA_HANDLES_H_

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "corpora/programs/common/job_error.h"

namespace rankle::programs {

class Stream {
 public:
  Stream() { Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(stream_); }
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() { Check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags"); }
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&&) = delete;
  ~Event() {
    if (event_ != nullptr) cudaEventDestroy(event_);
  }
  void Record(cudaStream_t stream) { Check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  // Later work of `stream` starts after what was recorded.
  void MakeWait(cudaStream_t stream) { Check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent"); }

 private:
  cudaEvent_t event_ = nullptr;
};

// The same array twice: in pinned host memory, where host functions compute, and in device memory, which NCCL
// gets. On a real GPU the bytes that NCCL moves are therefore true device memory.
template <typename T>
class Mirrored {
 public:
  explicit Mirrored(size_t count) : count_(count) {
    const size_t bytes = std::max<size_t>(count, 1) * sizeof(T);
    Check(cudaHostAlloc(reinterpret_cast<void**>(&host_), bytes, cudaHostAllocMapped), "cudaHostAlloc");
    Check(cudaMalloc(reinterpret_cast<void**>(&device_), bytes), "cudaMalloc");
    std::fill_n(host_, count, T{});
  }
  Mirrored(Mirrored&& other) noexcept
      : count_(other.count_),
        host_(std::exchange(other.host_, nullptr)),
        device_(std::exchange(other.device_, nullptr)) {}
  Mirrored& operator=(Mirrored&&) = delete;
  ~Mirrored() {
    if (device_ != nullptr) cudaFree(device_);
    if (host_ != nullptr) cudaFreeHost(host_);
  }

  size_t size() const { return count_; }
  std::span<T> host() { return {host_, count_}; }
  std::span<const T> host() const { return {host_, count_}; }
  T* device(size_t offset = 0) { return device_ + offset; }

  void ToDevice(cudaStream_t stream, size_t offset, size_t count) {
    Copy(device_ + offset, host_ + offset, count, cudaMemcpyHostToDevice, stream);
  }
  void ToHost(cudaStream_t stream, size_t offset, size_t count) {
    Copy(host_ + offset, device_ + offset, count, cudaMemcpyDeviceToHost, stream);
  }
  void ToDevice(cudaStream_t stream) { ToDevice(stream, 0, count_); }
  void ToHost(cudaStream_t stream) { ToHost(stream, 0, count_); }

 private:
  void Copy(T* to, const T* from, size_t count, cudaMemcpyKind kind, cudaStream_t stream) {
    if (count > 0) Check(cudaMemcpyAsync(to, from, count * sizeof(T), kind, stream), "cudaMemcpyAsync");
  }

  size_t count_;
  T* host_ = nullptr;
  T* device_ = nullptr;
};

// Runs `work` in stream order on a thread of the CUDA runtime. It must not call CUDA or NCCL.
template <typename Work>
void EnqueueHost(cudaStream_t stream, Work work) {
  auto owned = std::make_unique<Work>(std::move(work));
  const auto run = [](void* data) { (*std::unique_ptr<Work>(static_cast<Work*>(data)))(); };
  Check(cudaLaunchHostFunc(stream, run, owned.get()), "cudaLaunchHostFunc");
  owned.release();
}

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_CUDA_HANDLES_H_
