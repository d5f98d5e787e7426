// Contexts of the driver API. All contexts of a device share its streams and memory; they only carry which
// device a thread works on.
#include "virtual_gpu/driver/call.h"
#include "virtual_gpu/engine/capture.h"
#include "virtual_gpu/engine/device_attributes.h"
#include "virtual_gpu/engine/device_facts.h"
#include "virtual_gpu/engine/stream_api.h"

using namespace rankle::vgpu;
using driver::Call;
using driver::ContextCall;

namespace {

constexpr Error kInvalidContext = static_cast<Error>(CUDA_ERROR_INVALID_CONTEXT);

CUcontext Handle(Context* context) { return reinterpret_cast<CUcontext>(context); }

// Null when the handle is not a live context.
Context* FindContext(CUcontext handle) {
  Engine& engine = Engine::Get();
  for (int i = 0; i < engine.device_count(); ++i) {
    if (Handle(engine.primary(i)) == handle) return engine.primary(i);
  }
  return engine.contexts.Find(handle).get();
}

Error Create(CUcontext* out, unsigned flags, CUdevice index) {
  Device* device = Engine::Get().device(index);
  if (device == nullptr) return cudaErrorInvalidDevice;
  if (out == nullptr) return cudaErrorInvalidValue;
  auto context = std::make_shared<Context>(Context{device, false, flags});
  ContextStack().push_back(context.get());
  *out = static_cast<CUcontext>(Engine::Get().contexts.Add(std::move(context)));
  return cudaSuccess;
}

template <typename Action>
CUresult OnDevice(CUdevice index, Action action) {
  return Call([&]() -> Error {
    Device* device = Engine::Get().device(index);
    return device == nullptr ? cudaErrorInvalidDevice : action(*device);
  });
}

}  // namespace

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice index) {
  return OnDevice(index, [&](Device& device) -> Error {
    if (context == nullptr) return cudaErrorInvalidValue;
    device.primary_active = true;
    *context = Handle(Engine::Get().primary(index));
    return cudaSuccess;
  });
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice index) {
  return OnDevice(index, [](Device&) { return cudaSuccess; });
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice index) {
  return OnDevice(index, [](Device& device) {
    device.primary_active = false;
    return DeviceSynchronize(device);
  });
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice index, unsigned flags) {
  return OnDevice(index, [&](Device& device) {
    device.flags = flags;
    return cudaSuccess;
  });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice index, unsigned* flags, int* active) {
  return OnDevice(index, [&](Device& device) {
    if (flags != nullptr) *flags = device.flags;
    if (active != nullptr) *active = device.primary_active ? 1 : 0;
    return cudaSuccess;
  });
}

CUresult cuCtxCreate_v2(CUcontext* context, unsigned flags, CUdevice device) {
  return Call([&] { return Create(context, flags, device); });
}

CUresult cuCtxCreate_v3(CUcontext* context, CUexecAffinityParam*, int, unsigned flags, CUdevice device) {
  return Call([&] { return Create(context, flags, device); });
}

CUresult cuCtxCreate_v4(CUcontext* context, CUctxCreateParams*, unsigned flags, CUdevice device) {
  return Call([&] { return Create(context, flags, device); });
}

CUresult cuCtxDestroy_v2(CUcontext handle) {
  return Call([&]() -> Error {
    const std::shared_ptr<Context> context = Engine::Get().contexts.Take(handle);
    if (context == nullptr) return kInvalidContext;
    auto& stack = ContextStack();
    if (!stack.empty() && stack.back() == context.get()) stack.pop_back();
    return cudaSuccess;
  });
}

CUresult cuCtxPushCurrent_v2(CUcontext handle) {
  return Call([&]() -> Error {
    Context* context = FindContext(handle);
    if (context == nullptr) return kInvalidContext;
    ContextStack().push_back(context);
    return cudaSuccess;
  });
}

CUresult cuCtxPopCurrent_v2(CUcontext* context) {
  return Call([&]() -> Error {
    auto& stack = ContextStack();
    if (stack.empty()) return kInvalidContext;
    if (context != nullptr) *context = Handle(stack.back());
    stack.pop_back();
    return cudaSuccess;
  });
}

CUresult cuCtxSetCurrent(CUcontext handle) {
  return Call([&]() -> Error {
    auto& stack = ContextStack();
    if (handle == nullptr) {
      if (!stack.empty()) stack.pop_back();
      return cudaSuccess;
    }
    Context* context = FindContext(handle);
    if (context == nullptr) return kInvalidContext;
    if (context->primary) context->device->primary_active = true;
    if (stack.empty()) {
      stack.push_back(context);
    } else {
      stack.back() = context;
    }
    return cudaSuccess;
  });
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  return Call([&]() -> Error {
    if (context == nullptr) return cudaErrorInvalidValue;
    *context = ContextStack().empty() ? nullptr : Handle(ContextStack().back());
    return cudaSuccess;
  });
}

CUresult cuCtxGetDevice(CUdevice* device) {
  return ContextCall([&](Device& current) -> Error {
    if (device == nullptr) return cudaErrorInvalidValue;
    *device = current.index();
    return cudaSuccess;
  });
}

CUresult cuCtxGetFlags(unsigned* flags) {
  return ContextCall([&](Device&) -> Error {
    if (flags == nullptr) return cudaErrorInvalidValue;
    *flags = ContextStack().back()->flags;
    return cudaSuccess;
  });
}

CUresult cuCtxGetApiVersion(CUcontext, unsigned* version) {
  return ContextCall([&](Device&) -> Error {
    if (version == nullptr) return cudaErrorInvalidValue;
    *version = 3020;
    return cudaSuccess;
  });
}

CUresult cuCtxSynchronize() { return ContextCall(DeviceSynchronize); }

CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  return ContextCall([&](Device&) {
    if (least != nullptr) *least = kLeastStreamPriority;
    if (greatest != nullptr) *greatest = kGreatestStreamPriority;
    return cudaSuccess;
  });
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned flags) {
  return ContextCall([&](Device& device) -> Error {
    Context* context = FindContext(peer);
    if (flags != 0) return cudaErrorInvalidValue;
    return context == nullptr ? kInvalidContext : EnablePeerAccess(device, context->device->index());
  });
}

CUresult cuCtxDisablePeerAccess(CUcontext peer) {
  return ContextCall([&](Device& device) -> Error {
    Context* context = FindContext(peer);
    return context == nullptr ? kInvalidContext : DisablePeerAccess(device, context->device->index());
  });
}

CUresult cuCtxGetLimit(size_t* value, CUlimit limit) {
  return ContextCall([&](Device&) { return GetLimit(limit, value); });
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return ContextCall([&](Device&) { return SetLimit(limit, value); });
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode* mode) {
  return Call([&] { return ExchangeThreadCaptureMode(reinterpret_cast<cudaStreamCaptureMode*>(mode)); });
}
