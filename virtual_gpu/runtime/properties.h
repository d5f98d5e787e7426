// Fills a cudaDeviceProp of any CUDA version: the fields that 12 and 13 share.
#pragma once

#include <cstdio>

#include "virtual_gpu/engine/device_attributes.h"
#include "virtual_gpu/engine/device_facts.h"

namespace rankle::vgpu::runtime {

template <typename Properties>
void FillProperties(Device& device, Properties* p) {
  *p = Properties();
  const auto attribute = [&](cudaDeviceAttr id) {
    int value = 0;
    DeviceAttribute(device, static_cast<int>(id), &value);
    return value;
  };
  snprintf(p->name, sizeof(p->name), "%s", kDeviceName);
  UuidBytes(device, p->uuid.bytes);
  p->totalGlobalMem = device.arena().limit_bytes();
  p->sharedMemPerBlock = kSharedPerBlock;
  p->regsPerBlock = kRegistersPerMultiprocessor;
  p->warpSize = kWarpSize;
  p->memPitch = 2147483647;
  p->maxThreadsPerBlock = kMaxThreadsPerBlock;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = kMaxThreadsPerBlock;
  p->maxThreadsDim[2] = kMaxBlockZ;
  p->maxGridSize[0] = kMaxGridX;
  p->maxGridSize[1] = p->maxGridSize[2] = kMaxGridYZ;
  p->totalConstMem = kConstantBytes;
  p->major = kComputeMajor;
  p->minor = kComputeMinor;
  p->textureAlignment = 512;
  p->texturePitchAlignment = 32;
  p->multiProcessorCount = kMultiprocessors;
  p->canMapHostMemory = 1;
  p->maxTexture1D = 131072;
  p->maxTexture2D[0] = 131072;
  p->maxTexture2D[1] = 65536;
  p->maxTexture3D[0] = p->maxTexture3D[1] = p->maxTexture3D[2] = 16384;
  p->surfaceAlignment = 512;
  p->concurrentKernels = 1;
  p->ECCEnabled = 1;
  p->pciBusID = attribute(cudaDevAttrPciBusId);
  p->pciDomainID = kPciDomain;
  p->asyncEngineCount = 3;
  p->unifiedAddressing = 1;
  p->memoryBusWidth = kMemoryBusBits;
  p->l2CacheSize = kL2Bytes;
  p->persistingL2CacheMaxSize = attribute(cudaDevAttrMaxPersistingL2CacheSize);
  p->maxThreadsPerMultiProcessor = kMaxThreadsPerMultiprocessor;
  p->streamPrioritiesSupported = 1;
  p->globalL1CacheSupported = 1;
  p->localL1CacheSupported = 1;
  p->sharedMemPerMultiprocessor = kSharedPerMultiprocessor;
  p->regsPerMultiprocessor = kRegistersPerMultiprocessor;
  p->managedMemory = 1;
  p->concurrentManagedAccess = 1;
  p->computePreemptionSupported = 1;
  p->canUseHostPointerForRegisteredMem = 1;
  p->cooperativeLaunch = 1;
  p->sharedMemPerBlockOptin = kSharedPerBlockOptin;
  p->maxBlocksPerMultiProcessor = kMaxBlocksPerMultiprocessor;
  p->accessPolicyMaxWindowSize = attribute(cudaDevAttrMaxAccessPolicyWindowSize);
  p->reservedSharedMemPerBlock = kReservedSharedPerBlock;
  p->hostRegisterSupported = 1;
  p->hostRegisterReadOnlySupported = 1;
  p->memoryPoolsSupported = 1;
  p->ipcEventSupported = 1;
  p->clusterLaunch = 1;
  p->unifiedFunctionPointers = 1;
}

}  // namespace rankle::vgpu::runtime
