// A real CUDA program, built by nvcc against the real runtime: proves that the stand-ins take its place unchanged.
// Prints one line per fact that the test looks at.
#include <cuda_runtime.h>

#include <cstdio>

__device__ int device_counter = 7;
__managed__ int managed_value = 3;

template <typename T>
__global__ void saxpy(int n, T a, const T* x, T* y) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}

#define CHECK(call)                                                              \
  do {                                                                           \
    const cudaError_t error = (call);                                            \
    if (error != cudaSuccess) {                                                  \
      printf("%s: %s\n", #call, cudaGetErrorString(error));                      \
      return 1;                                                                  \
    }                                                                            \
  } while (0)

int main() {
  constexpr int kCount = 1 << 20;
  float *x, *y;
  int devices;
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceCount(&devices));
  CHECK(cudaGetDeviceProperties(&properties, 0));
  CHECK(cudaMalloc(&x, kCount * sizeof(float)));
  CHECK(cudaMalloc(&y, kCount * sizeof(float)));
  CHECK(cudaMemset(x, 0, kCount * sizeof(float)));
  cudaStream_t stream;
  cudaEvent_t begin, end;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  CHECK(cudaEventRecord(begin, stream));
  saxpy<<<kCount / 256, 256, 0, stream>>>(kCount, 2.0f, x, y);
  CHECK(cudaGetLastError());
  CHECK(cudaEventRecord(end, stream));
  CHECK(cudaStreamSynchronize(stream));
  float milliseconds;
  CHECK(cudaEventElapsedTime(&milliseconds, begin, end));
  saxpy<<<1, 4096>>>(kCount, 2.0f, x, y);
  printf("bad launch: %s\n", cudaGetErrorName(cudaGetLastError()));
  int counter = 41, back = 0;
  CHECK(cudaMemcpyToSymbol(device_counter, &counter, sizeof(int)));
  CHECK(cudaMemcpyFromSymbol(&back, device_counter, sizeof(int)));
  managed_value += 1;
  printf("devices %d\nname %s\nelapsed %.3f ms\nsymbol %d\n", devices, properties.name, milliseconds, back);
  return 0;
}
