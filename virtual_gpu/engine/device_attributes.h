// Facts about a device in the shapes the APIs ask for them. Attribute numbers are those of
// CUdevice_attribute, which cudaDeviceAttr shares.
#pragma once

#include <string>

#include "virtual_gpu/engine/device.h"
#include "virtual_gpu/engine/error.h"

namespace rankle::vgpu {

// False when there is no such attribute.
bool DeviceAttribute(Device& device, int attribute, int* value);

// "0000:10:00.0".
std::string PciBusId(const Device& device);
Device* DeviceByPciBusId(const char* text);

// The 16 bytes behind DeviceUuid().
void UuidBytes(const Device& device, char bytes[16]);

Error EnablePeerAccess(Device& device, int peer);
Error DisablePeerAccess(Device& device, int peer);

// cudaLimit and CUlimit: remembered and given back, of no effect.
Error GetLimit(int limit, size_t* value);
Error SetLimit(int limit, size_t value);

}  // namespace rankle::vgpu
