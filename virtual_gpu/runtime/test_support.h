// Shared by the tests of the virtual runtime: the environment they run in and a gate that host functions wait
// at.
#pragma once

#define __CUDA_API_VERSION_INTERNAL
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#define ASSERT_CUDA(call) ASSERT_EQ(cudaSuccess, (call))
#define EXPECT_CUDA(call) EXPECT_EQ(cudaSuccess, (call))

namespace rankle::vgpu {

// Before the engine reads its settings: four GPUs of 64 MiB, kernels named slow* take 20 ms.
struct TestEnvironment {
  TestEnvironment() {
    setenv("RANKLE_VIRTUAL_GPUS", "4", 1);
    setenv("RANKLE_VGPU_MEMORY", "64MiB", 1);
    setenv("RANKLE_VGPU_KERNEL_TIME", "slow*=20ms,*=0us", 1);
    unsetenv("CUDA_VISIBLE_DEVICES");
  }
};
inline const TestEnvironment kTestEnvironment;

// Typed pointers, as cuda_runtime.h offers them to C++.
template <typename T>
cudaError_t cudaMalloc(T** pointer, size_t bytes) {
  return ::cudaMalloc(reinterpret_cast<void**>(pointer), bytes);
}
template <typename T>
cudaError_t cudaMallocHost(T** pointer, size_t bytes) {
  return ::cudaMallocHost(reinterpret_cast<void**>(pointer), bytes);
}
template <typename T>
cudaError_t cudaMallocManaged(T** pointer, size_t bytes, unsigned flags) {
  return ::cudaMallocManaged(reinterpret_cast<void**>(pointer), bytes, flags);
}
template <typename T>
cudaError_t cudaMallocPitch(T** pointer, size_t* pitch, size_t width, size_t height) {
  return ::cudaMallocPitch(reinterpret_cast<void**>(pointer), pitch, width, height);
}

// A host function that holds its stream until the test opens the gate.
class Gate {
 public:
  static void Hold(void* gate) { static_cast<Gate*>(gate)->Wait(); }
  void Open() {
    std::unique_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Notes in which order host functions ran.
class Journal {
 public:
  struct Entry {
    Journal* journal;
    int number;
  };
  static void Note(void* entry) {
    auto* e = static_cast<Entry*>(entry);
    std::unique_lock lock(e->journal->mutex_);
    e->journal->numbers_.push_back(e->number);
  }
  std::vector<int> numbers() {
    std::unique_lock lock(mutex_);
    return numbers_;
  }

 private:
  std::mutex mutex_;
  std::vector<int> numbers_;
};

}  // namespace rankle::vgpu
