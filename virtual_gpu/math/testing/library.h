// Shared by the tests of the virtual math libraries: the environment they run in, and functions of a library
// by name, as a program without its headers finds them.
#pragma once

#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace rankle::vgpu::math {

// Before the engine reads its settings. Two kernels take 20 ms, for the tests that measure them; computing is
// on.
struct TestEnvironment {
  TestEnvironment() {
    setenv("RANKLE_VIRTUAL_GPUS", "2", 1);
    setenv("RANKLE_VGPU_MATH", "compute", 1);
    setenv("RANKLE_VGPU_KERNEL_TIME", "cublasZgemm=20ms,cudnnConvolutionForward=20ms,*=0us", 1);
    unsetenv("CUDA_VISIBLE_DEVICES");
  }
};
inline const TestEnvironment kTestEnvironment;

class TestLibrary {
 public:
  explicit TestLibrary(const char* soname)
      : library_(dlopen((std::string(RANKLE_LIB_DIR "/") + soname).c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) ADD_FAILURE() << dlerror();
  }
  // Calls a function; every argument has the type that the function declares.
  template <typename... Arguments>
  int operator()(const char* name, Arguments... arguments) const {
    return Function<int(Arguments...)>(name)(arguments...);
  }
  template <typename Type>
  Type* Function(const char* name) const {
    void* const found = dlsym(library_, name);
    EXPECT_NE(found, nullptr) << name;
    return reinterpret_cast<Type*>(found);
  }

 private:
  void* library_;
};

// How long the default stream is busy with what `work` puts there, in milliseconds.
template <typename Work>
float DeviceTime(Work work) {
  cudaEvent_t before, after;
  float milliseconds = -1;
  EXPECT_EQ(cudaEventCreate(&before), cudaSuccess);
  EXPECT_EQ(cudaEventCreate(&after), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(before, nullptr), cudaSuccess);
  work();
  EXPECT_EQ(cudaEventRecord(after, nullptr), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(after), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, before, after), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(before), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(after), cudaSuccess);
  return milliseconds;
}

// An array in device memory.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) : size_(values.size()) {
    EXPECT_EQ(cudaMalloc(&memory_, size_ * sizeof(T)), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(memory_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { cudaFree(memory_); }

  T* get() const { return static_cast<T*>(memory_); }
  // After all work of the device.
  std::vector<T> Values() const {
    std::vector<T> values(size_);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(values.data(), memory_, size_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return values;
  }

 private:
  void* memory_ = nullptr;
  size_t size_;
};

}  // namespace rankle::vgpu::math
