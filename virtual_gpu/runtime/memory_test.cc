#include <algorithm>
#include <cstring>
#include <numeric>

#include "virtual_gpu/engine/device_work.h"
#include "virtual_gpu/runtime/test_support.h"

namespace rankle::vgpu {
namespace {

constexpr size_t kMiB = 1 << 20;

TEST(MemoryTest, OutOfMemoryComesAtTheLimit) {
  size_t free, total;
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_EQ(64 * kMiB, total);
  ASSERT_EQ(total, free);
  void *first, *second;
  ASSERT_CUDA(cudaMalloc(&first, 40 * kMiB));
  EXPECT_EQ(cudaErrorMemoryAllocation, cudaMalloc(&second, 25 * kMiB));
  EXPECT_EQ(nullptr, second);
  EXPECT_EQ(cudaErrorMemoryAllocation, cudaGetLastError());
  ASSERT_CUDA(cudaMalloc(&second, 24 * kMiB));
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_EQ(0u, free);
  ASSERT_CUDA(cudaFree(first));
  ASSERT_CUDA(cudaFree(second));
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_EQ(total, free);
}

// Free space that lies in pieces is still free space, as on a GPU.
TEST(MemoryTest, FragmentationIsNotOutOfMemory) {
  std::vector<void*> blocks(64);
  for (void*& block : blocks) ASSERT_CUDA(cudaMalloc(&block, kMiB));
  for (size_t i = 0; i < blocks.size(); i += 2) ASSERT_CUDA(cudaFree(blocks[i]));
  void* large;
  EXPECT_CUDA(cudaMalloc(&large, 32 * kMiB));
  EXPECT_CUDA(cudaFree(large));
  for (size_t i = 1; i < blocks.size(); i += 2) EXPECT_CUDA(cudaFree(blocks[i]));
}

TEST(MemoryTest, FreeRefusesWhatItDidNotGive) {
  int on_stack;
  char* block;
  EXPECT_CUDA(cudaFree(nullptr));
  EXPECT_EQ(cudaErrorInvalidValue, cudaFree(&on_stack));
  ASSERT_CUDA(cudaMalloc(&block, 1024));
  EXPECT_EQ(cudaErrorInvalidValue, cudaFree(block + 512));
  EXPECT_EQ(cudaErrorInvalidValue, cudaFreeHost(block));
  EXPECT_CUDA(cudaFree(block));
  EXPECT_EQ(cudaErrorInvalidValue, cudaFree(block));
}

class CopyTest : public testing::TestWithParam<size_t> {};

// Small copies run in place, large ones on the worker: both must move every byte.
TEST_P(CopyTest, EveryDirectionMovesEveryByte) {
  const size_t bytes = GetParam();
  std::vector<char> source(bytes), back(bytes);
  std::iota(source.begin(), source.end(), 1);
  char *a, *b, *peer, *pinned;
  ASSERT_CUDA(cudaMalloc(&a, bytes));
  ASSERT_CUDA(cudaMalloc(&b, bytes));
  ASSERT_CUDA(cudaMallocHost(&pinned, bytes));
  ASSERT_CUDA(cudaSetDevice(1));
  ASSERT_CUDA(cudaMalloc(&peer, bytes));
  ASSERT_CUDA(cudaSetDevice(0));
  cudaStream_t stream;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaMemcpyAsync(a, source.data(), bytes, cudaMemcpyHostToDevice, stream));
  std::vector<char> expected = source;
  std::fill(source.begin(), source.end(), 0);  // pageable: the call has read it
  ASSERT_CUDA(cudaMemcpyAsync(b, a, bytes, cudaMemcpyDeviceToDevice, stream));
  ASSERT_CUDA(cudaMemcpyPeerAsync(peer, 1, b, 0, bytes, stream));
  ASSERT_CUDA(cudaMemcpyAsync(pinned, peer, bytes, cudaMemcpyDeviceToHost, stream));
  ASSERT_CUDA(cudaMemcpyAsync(back.data(), pinned, bytes, cudaMemcpyHostToHost, stream));
  EXPECT_EQ(expected, back);  // to pageable memory: the call returns when done
  std::fill(back.begin(), back.end(), 0);
  ASSERT_CUDA(cudaMemcpy(back.data(), b, bytes, cudaMemcpyDefault));
  EXPECT_EQ(expected, back);
  EXPECT_CUDA(cudaStreamDestroy(stream));
  EXPECT_CUDA(cudaFree(a));
  EXPECT_CUDA(cudaFree(b));
  EXPECT_CUDA(cudaFree(peer));
  EXPECT_CUDA(cudaFreeHost(pinned));
}

INSTANTIATE_TEST_SUITE_P(Sizes, CopyTest, testing::Values(1, 4095, 64 * 1024, 64 * 1024 + 1, 3 * kMiB + 7));

TEST(MemoryTest, CopyOutsideTheAllocationIsRefused) {
  char* device;
  std::vector<char> host(8192);
  ASSERT_CUDA(cudaMalloc(&device, 4096));
  EXPECT_EQ(cudaErrorInvalidValue, cudaMemcpy(device, host.data(), 4097, cudaMemcpyHostToDevice));
  EXPECT_EQ(cudaErrorInvalidValue, cudaMemcpy(device + 1, host.data(), 4096, cudaMemcpyHostToDevice));
  EXPECT_EQ(cudaErrorInvalidValue, cudaMemcpy(host.data(), host.data(), 8, cudaMemcpyDeviceToHost));
  EXPECT_EQ(cudaErrorInvalidMemcpyDirection,
            cudaMemcpy(device, host.data(), 8, static_cast<cudaMemcpyKind>(5)));
  EXPECT_EQ(cudaErrorInvalidValue, cudaMemset(device, 0, 4097));
  EXPECT_EQ(1, rankleVgpuIsDeviceAccessible(device, 4096));
  EXPECT_EQ(0, rankleVgpuIsDeviceAccessible(device, 4097));
  EXPECT_EQ(0, rankleVgpuIsDeviceAccessible(host.data(), 1));
  EXPECT_CUDA(cudaFree(device));
}

TEST(MemoryTest, PitchedCopyAndFillRespectRows) {
  char* device;
  size_t pitch;
  ASSERT_CUDA(cudaMallocPitch(&device, &pitch, 100, 3));
  EXPECT_EQ(512u, pitch);
  ASSERT_CUDA(cudaMemset2D(device, pitch, 7, 512, 3));
  std::vector<char> source(3 * 10, 1), back(3 * 512);
  ASSERT_CUDA(cudaMemcpy2D(device, pitch, source.data(), 10, 10, 3, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaMemcpy(back.data(), device, 3 * 512, cudaMemcpyDeviceToHost));
  for (size_t row = 0; row < 3; ++row) {
    EXPECT_EQ(1, back[row * 512 + 9]);
    EXPECT_EQ(7, back[row * 512 + 10]);
  }
  EXPECT_EQ(cudaErrorInvalidPitchValue,
            cudaMemcpy2D(device, pitch, source.data(), 5, 10, 3, cudaMemcpyHostToDevice));
  EXPECT_CUDA(cudaFree(device));
}

TEST(MemoryTest, ThreeDimensionalCopyRespectsSlices) {
  const cudaExtent extent = {4, 3, 2};
  cudaPitchedPtr device;
  ASSERT_CUDA(cudaMalloc3D(&device, extent));
  std::vector<char> source(24), back(24, 0);
  std::iota(source.begin(), source.end(), 0);
  cudaMemcpy3DParms in = {}, out = {};
  in.srcPtr = {source.data(), 4, 4, 3};
  in.dstPtr = device;
  in.extent = extent;
  in.kind = cudaMemcpyHostToDevice;
  ASSERT_CUDA(cudaMemcpy3D(&in));
  out.srcPtr = device;
  out.dstPtr = {back.data(), 4, 4, 3};
  out.extent = extent;
  out.kind = cudaMemcpyDeviceToHost;
  ASSERT_CUDA(cudaMemcpy3D(&out));
  EXPECT_EQ(source, back);
  EXPECT_CUDA(cudaFree(device.ptr));
}

TEST(MemoryTest, PointersTellWhatTheyAre) {
  char *device, *managed, *pinned;
  std::vector<char> registered(4096);
  int on_stack;
  ASSERT_CUDA(cudaSetDevice(2));
  ASSERT_CUDA(cudaMalloc(&device, 16));
  ASSERT_CUDA(cudaMallocManaged(&managed, 16, cudaMemAttachGlobal));
  ASSERT_CUDA(cudaMallocHost(&pinned, 16));
  ASSERT_CUDA(cudaHostRegister(registered.data(), registered.size(), 0));
  EXPECT_EQ(cudaErrorHostMemoryAlreadyRegistered, cudaHostRegister(registered.data() + 8, 8, 0));
  const std::pair<const void*, cudaMemoryType> expected[] = {{device + 3, cudaMemoryTypeDevice},
                                                             {managed, cudaMemoryTypeManaged},
                                                             {pinned + 15, cudaMemoryTypeHost},
                                                             {registered.data() + 9, cudaMemoryTypeHost},
                                                             {&on_stack, cudaMemoryTypeUnregistered}};
  for (const auto& [pointer, type] : expected) {
    cudaPointerAttributes attributes;
    ASSERT_CUDA(cudaPointerGetAttributes(&attributes, pointer));
    EXPECT_EQ(type, attributes.type);
    EXPECT_EQ(type == cudaMemoryTypeUnregistered ? -2 : 2, attributes.device);
  }
  EXPECT_CUDA(cudaHostUnregister(registered.data()));
  EXPECT_EQ(cudaErrorHostMemoryNotRegistered, cudaHostUnregister(registered.data()));
  EXPECT_CUDA(cudaFree(device));
  EXPECT_CUDA(cudaFree(managed));
  EXPECT_CUDA(cudaFreeHost(pinned));
  ASSERT_CUDA(cudaSetDevice(0));
}

TEST(MemoryTest, FreeAsyncFollowsItsStream) {
  Gate gate;
  cudaStream_t stream;
  cudaMemPool_t pool;
  void* block;
  uint64_t used;
  ASSERT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  ASSERT_CUDA(cudaMallocAsync(&block, kMiB, stream));
  ASSERT_CUDA(cudaLaunchHostFunc(stream, Gate::Hold, &gate));
  ASSERT_CUDA(cudaFreeAsync(block, stream));
  ASSERT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
  EXPECT_EQ(kMiB, used);
  gate.Open();
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  ASSERT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
  EXPECT_EQ(0u, used);
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST(MemoryTest, DeviceResetGivesMemoryBack) {
  void* block;
  size_t free, total;
  ASSERT_CUDA(cudaSetDevice(3));
  ASSERT_CUDA(cudaMalloc(&block, 8 * kMiB));
  ASSERT_CUDA(cudaDeviceReset());
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_EQ(total, free);
  ASSERT_CUDA(cudaSetDevice(0));
}

}  // namespace
}  // namespace rankle::vgpu
