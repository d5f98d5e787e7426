// The driver API by itself, and memory that runtime and driver share.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstring>

#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/engine/memory.h"

#define ASSERT_CU(call) ASSERT_EQ(CUDA_SUCCESS, (call))
#define EXPECT_CU(call) EXPECT_EQ(CUDA_SUCCESS, (call))

namespace rankle::vgpu {
namespace {

constexpr size_t kMiB = 1 << 20;

struct TestEnvironment {
  TestEnvironment() {
    setenv("RANKLE_VIRTUAL_GPUS", "3", 1);
    setenv("RANKLE_VGPU_MEMORY", "64MiB", 1);
    setenv("CUDA_INJECTION64_PATH", RANKLE_TEST_INJECTION, 1);
    unsetenv("CUDA_VISIBLE_DEVICES");
  }
};
const TestEnvironment kTestEnvironment;

// The first test of the program: nothing has called cuInit yet.
TEST(DriverInitTest, CallsBeforeCuInitAreRefused) {
  int count;
  EXPECT_EQ(CUDA_ERROR_NOT_INITIALIZED, cuDeviceGetCount(&count));
}

TEST(DriverInitTest, TheInjectedLibraryIsInitialisedOnce) {
  void* before = dlopen(RANKLE_TEST_INJECTION, RTLD_NOW | RTLD_NOLOAD);
  EXPECT_EQ(nullptr, before);  // not before CUDA is
  ASSERT_CU(cuInit(0));
  ASSERT_CU(cuInit(0));
  void* library = dlopen(RANKLE_TEST_INJECTION, RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(nullptr, library);
  const auto* calls = static_cast<const int*>(dlsym(library, "InitializeInjectionCalls"));
  ASSERT_NE(nullptr, calls);
  EXPECT_EQ(1, *calls);
}

class DriverTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_CU(cuInit(0));
    ASSERT_CU(cuDevicePrimaryCtxRetain(&context_, 0));
    ASSERT_CU(cuCtxSetCurrent(context_));
  }
  void TearDown() override { EXPECT_CU(cuCtxSetCurrent(nullptr)); }
  CUcontext context_ = nullptr;
};

TEST_F(DriverTest, CallsWithoutAContextAreRefused) {
  ASSERT_CU(cuCtxSetCurrent(nullptr));
  CUdeviceptr address;
  EXPECT_EQ(CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc_v2(&address, 16));
  CUcontext current = context_;
  EXPECT_CU(cuCtxGetCurrent(&current));
  EXPECT_EQ(nullptr, current);
}

TEST_F(DriverTest, ContextsStack) {
  CUcontext second, popped;
  CUdevice device;
  ASSERT_CU(cuDevicePrimaryCtxRetain(&second, 2));
  ASSERT_CU(cuCtxPushCurrent_v2(second));
  ASSERT_CU(cuCtxGetDevice(&device));
  EXPECT_EQ(2, device);
  ASSERT_CU(cuCtxPopCurrent_v2(&popped));
  EXPECT_EQ(second, popped);
  ASSERT_CU(cuCtxGetDevice(&device));
  EXPECT_EQ(0, device);
}

TEST_F(DriverTest, PrimaryContextIsActiveOnlyWhereUsed) {
  unsigned flags;
  int active = -1;
  ASSERT_CU(cuDevicePrimaryCtxGetState(0, &flags, &active));
  EXPECT_EQ(1, active);
  ASSERT_CU(cuDevicePrimaryCtxGetState(1, &flags, &active));
  EXPECT_EQ(0, active);
}

TEST_F(DriverTest, ProcAddressFollowsTheRequestedVersion) {
  void *old_form, *new_form;
  CUdriverProcAddressQueryResult result;
  ASSERT_CU(cuGetProcAddress_v2("cuStreamGetCaptureInfo", &old_form, 11030, 0, &result));
  ASSERT_CU(cuGetProcAddress_v2("cuStreamGetCaptureInfo", &new_form, 12030, 0, &result));
  EXPECT_EQ(reinterpret_cast<void*>(&cuStreamGetCaptureInfo_v2), old_form);
  EXPECT_EQ(reinterpret_cast<void*>(&cuStreamGetCaptureInfo_v3), new_form);
  void* per_thread;
  ASSERT_CU(cuGetProcAddress_v2("cuMemcpyHtoDAsync", &per_thread, 12000,
                                CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, &result));
  EXPECT_EQ(reinterpret_cast<void*>(&cuMemcpyHtoDAsync_v2_ptsz), per_thread);
  ASSERT_CU(cuGetProcAddress_v2("cuNoSuchThing", &per_thread, 12000, 0, &result));
  EXPECT_EQ(CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND, result);
}

TEST_F(DriverTest, PointerAttributesDescribeTheAllocation) {
  CUdeviceptr address, base;
  size_t bytes;
  ASSERT_CU(cuMemAlloc_v2(&address, 1000));
  ASSERT_CU(cuMemGetAddressRange_v2(&base, &bytes, address + 999));
  EXPECT_EQ(address, base);
  EXPECT_EQ(1000u, bytes);
  unsigned type = 0;
  int ordinal = -1;
  CUpointer_attribute names[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
  void* values[] = {&type, &ordinal};
  ASSERT_CU(cuPointerGetAttributes(2, names, values, address));
  EXPECT_EQ(unsigned{CU_MEMORYTYPE_DEVICE}, type);
  EXPECT_EQ(0, ordinal);
  ASSERT_CU(cuPointerGetAttributes(2, names, values, reinterpret_cast<CUdeviceptr>(&type)));
  EXPECT_EQ(0u, type);
  EXPECT_EQ(CU_DEVICE_INVALID, ordinal);
  EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                                            reinterpret_cast<CUdeviceptr>(&type)));
  EXPECT_CU(cuMemFree_v2(address));
}

// What an earlier owner wrote never shows: programs read what their kernels did not compute.
TEST_F(DriverTest, MemoryIsZeroAlsoWhenUsedBefore) {
  for (size_t bytes : {size_t{512}, size_t{5000}, 3 * kMiB + 512}) {
    CUdeviceptr before, first, again;
    ASSERT_CU(cuMemAlloc_v2(&before, 512));  // so that blocks do not begin at a page
    ASSERT_CU(cuMemAlloc_v2(&first, bytes));
    ASSERT_CU(cuMemsetD8_v2(first, 0xab, bytes));
    ASSERT_CU(cuMemFree_v2(first));
    ASSERT_CU(cuMemAlloc_v2(&again, bytes));
    EXPECT_EQ(first, again);
    const std::vector<char> zeros(bytes);
    EXPECT_EQ(0, memcmp(zeros.data(), reinterpret_cast<void*>(again), bytes));
    EXPECT_CU(cuMemFree_v2(again));
    EXPECT_CU(cuMemFree_v2(before));
  }
}

TEST_F(DriverTest, ModuleFunctionsLaunch) {
  const char image[] = "not read";
  CUmodule module;
  CUfunction function, same;
  ASSERT_CU(cuModuleLoadData(&module, image));
  ASSERT_CU(cuModuleGetFunction(&function, module, "my_kernel"));
  ASSERT_CU(cuModuleGetFunction(&same, module, "my_kernel"));
  EXPECT_EQ(function, same);
  EXPECT_CU(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr));
  EXPECT_EQ(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(reinterpret_cast<CUfunction>(&module), 1, 1, 1, 32, 1,
                                                      1, 0, nullptr, nullptr, nullptr));
  EXPECT_CU(cuModuleUnload(module));
}

// PyTorch's grouped products end the process without it.
TEST_F(DriverTest, TensorMapsAreMadeForValidShapes) {
  CUdeviceptr memory;
  ASSERT_CU(cuMemAlloc_v2(&memory, 4096));
  CUtensorMap map;
  memset(&map, 1, sizeof(map));
  const auto encode = [&](cuuint32_t rank, void* address) {
    const cuuint64_t sizes[] = {64, 64}, strides[] = {64};
    const cuuint32_t box[] = {8, 8}, steps[] = {1, 1};
    return cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, rank, address, sizes, strides, box,
                                  steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE,
                                  CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  };
  EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, encode(0, reinterpret_cast<void*>(memory)));
  EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, encode(6, reinterpret_cast<void*>(memory)));
  EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, encode(2, nullptr));
  EXPECT_EQ(0x0101010101010101u, map.opaque[0]);  // untouched
  ASSERT_CU(encode(2, reinterpret_cast<void*>(memory)));
  EXPECT_EQ(0u, map.opaque[0]);
  EXPECT_CU(cuMemFree_v2(memory));
}

TEST_F(DriverTest, MappedPhysicalMemoryIsSharedCountedAndKnown) {
  CUmemAllocationProp properties = {};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, {0}};
  properties.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  size_t granularity, free_before, free_after, total;
  ASSERT_CU(cuMemGetAllocationGranularity(&granularity, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
  ASSERT_CU(cuMemGetInfo_v2(&free_before, &total));
  CUmemGenericAllocationHandle physical, imported;
  ASSERT_CU(cuMemCreate(&physical, granularity, &properties, 0));
  EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, cuMemCreate(&imported, granularity / 2, &properties, 0));
  EXPECT_EQ(CUDA_ERROR_OUT_OF_MEMORY, cuMemCreate(&imported, 64 * kMiB, &properties, 0));
  CUdeviceptr range;
  ASSERT_CU(cuMemAddressReserve(&range, size_t{90} << 30, 0, 0, 0));  // address space costs nothing
  ASSERT_CU(cuMemMap(range, granularity, 0, physical, 0));
  CUmemAccessDesc access = {properties.location, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  ASSERT_CU(cuMemSetAccess(range, granularity, &access, 1));
  EXPECT_TRUE(IsAccessible(reinterpret_cast<void*>(range), granularity));
  int fd = -1;
  ASSERT_CU(cuMemExportToShareableHandle(&fd, physical, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
  ASSERT_CU(cuMemImportFromShareableHandle(&imported, reinterpret_cast<void*>(static_cast<intptr_t>(fd)),
                                           CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
  close(fd);
  ASSERT_CU(cuMemMap(range + granularity, granularity, 0, imported, 0));
  ASSERT_CU(cuMemsetD32_v2(range, 0x12345678, 1));
  EXPECT_EQ(0x12345678, *reinterpret_cast<int*>(range + granularity));
  ASSERT_CU(cuMemRelease(physical));
  ASSERT_CU(cuMemRelease(imported));
  ASSERT_CU(cuMemGetInfo_v2(&free_after, &total));
  EXPECT_EQ(free_before - granularity, free_after);  // the mapping still holds it; the import does not count
  ASSERT_CU(cuMemUnmap(range, 2 * granularity));
  ASSERT_CU(cuMemGetInfo_v2(&free_after, &total));
  EXPECT_EQ(free_before, free_after);
  EXPECT_FALSE(IsAccessible(reinterpret_cast<void*>(range), 1));
  EXPECT_CU(cuMemAddressFree(range, size_t{90} << 30));
}

TEST(NvmlTest, KnowsTheDevicesOfTheMachine) {
  void* library = dlopen(RANKLE_LIB_DIR "/libnvidia-ml.so.1", RTLD_NOW);
  ASSERT_NE(nullptr, library) << dlerror();
  const auto init = reinterpret_cast<int (*)()>(dlsym(library, "nvmlInit_v2"));
  const auto count = reinterpret_cast<int (*)(unsigned*)>(dlsym(library, "nvmlDeviceGetCount_v2"));
  const auto by_bus =
      reinterpret_cast<int (*)(const char*, void**)>(dlsym(library, "nvmlDeviceGetHandleByPciBusId_v2"));
  const auto uuid = reinterpret_cast<int (*)(void*, char*, unsigned)>(dlsym(library, "nvmlDeviceGetUUID"));
  unsigned devices = 0;
  EXPECT_EQ(1, count(&devices));  // uninitialised
  ASSERT_EQ(0, init());
  ASSERT_EQ(0, count(&devices));
  EXPECT_EQ(3u, devices);
  void* device;
  char text[64];
  ASSERT_EQ(0, by_bus("00000000:12:00.0", &device));
  ASSERT_EQ(0, uuid(device, text, sizeof(text)));
  EXPECT_STREQ("GPU-52616e6b-6c65-5647-5055-000000000002", text);
}

}  // namespace
}  // namespace rankle::vgpu
