// Copies and fills of the runtime API.
#include "virtual_gpu/engine/copy.h"

#include "virtual_gpu/runtime/call.h"
#include "virtual_gpu/runtime/symbols.h"

using namespace rankle::vgpu;
using runtime::DeviceCall;

namespace {

cudaError_t CopyCall(const CopyBox& box, cudaMemcpyKind kind, cudaStream_t stream, Blocking blocking) {
  return DeviceCall([&](Device&) { return Copy(box, kind, stream, blocking); });
}

cudaError_t FillCall(const FillBox& box, cudaStream_t stream, Blocking blocking) {
  return DeviceCall([&](Device&) { return Fill(box, stream, blocking); });
}

CopyBox Box2D(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width, size_t height) {
  CopyBox box = LinearCopy(dst, src, width);
  box.height = height;
  box.dst_pitch = dst_pitch;
  box.src_pitch = src_pitch;
  return box;
}

FillBox Fill2D(void* dst, size_t pitch, int value, size_t width, size_t height) {
  FillBox box;
  box.dst = dst;
  box.value = static_cast<unsigned char>(value);
  box.width = width;
  box.height = height;
  box.pitch = pitch;
  return box;
}

FillBox Fill3D(const cudaPitchedPtr& dst, int value, const cudaExtent& extent) {
  FillBox box = Fill2D(dst.ptr, dst.pitch, value, extent.width, extent.height);
  box.depth = extent.depth;
  box.slice = dst.pitch * dst.ysize;
  return box;
}

// Pitched pointers only: there are no CUDA arrays.
template <typename Parameters>
Error Box3D(const Parameters* p, CopyBox* box) {
  if (p == nullptr) return cudaErrorInvalidValue;
  if (p->srcArray != nullptr || p->dstArray != nullptr) return cudaErrorNotSupported;
  const auto at = [](const cudaPitchedPtr& base, const cudaPos& pos) {
    return static_cast<char*>(base.ptr) + pos.z * base.pitch * base.ysize + pos.y * base.pitch + pos.x;
  };
  *box = Box2D(at(p->dstPtr, p->dstPos), p->dstPtr.pitch, at(p->srcPtr, p->srcPos), p->srcPtr.pitch,
               p->extent.width, p->extent.height);
  box->depth = p->extent.depth;
  box->dst_slice = p->dstPtr.pitch * p->dstPtr.ysize;
  box->src_slice = p->srcPtr.pitch * p->srcPtr.ysize;
  return cudaSuccess;
}

template <typename Parameters>
cudaError_t Copy3DCall(const Parameters* p, cudaMemcpyKind kind, cudaStream_t stream, Blocking blocking) {
  return DeviceCall([&](Device&) -> Error {
    CopyBox box;
    if (const Error error = Box3D(p, &box)) return error;
    return Copy(box, kind, stream, blocking);
  });
}

cudaError_t SymbolCopy(const void* symbol, size_t offset, size_t bytes, cudaMemcpyKind kind,
                       cudaStream_t stream, Blocking blocking, bool to_symbol, void* other) {
  return DeviceCall([&](Device& device) -> Error {
    void* address;
    size_t size;
    if (const Error error = runtime::FindSymbol(device, symbol, &address, &size)) return error;
    if (offset > size || bytes > size - offset) return cudaErrorInvalidValue;
    address = static_cast<char*>(address) + offset;
    const CopyBox box = to_symbol ? LinearCopy(address, other, bytes) : LinearCopy(other, address, bytes);
    return Copy(box, kind, stream, blocking);
  });
}

}  // namespace

cudaError_t cudaMemcpy(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind) {
  return CopyCall(LinearCopy(dst, src, bytes), kind, nullptr, Blocking::kYes);
}

cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return CopyCall(LinearCopy(dst, src, bytes), kind, stream, Blocking::kNo);
}

cudaError_t cudaMemcpyPeer(void* dst, int, const void* src, int, size_t bytes) {
  return CopyCall(LinearCopy(dst, src, bytes), cudaMemcpyDeviceToDevice, nullptr, Blocking::kYes);
}

cudaError_t cudaMemcpyPeerAsync(void* dst, int, const void* src, int, size_t bytes, cudaStream_t stream) {
  return CopyCall(LinearCopy(dst, src, bytes), cudaMemcpyDeviceToDevice, stream, Blocking::kNo);
}

cudaError_t cudaMemcpy2D(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width,
                         size_t height, cudaMemcpyKind kind) {
  return CopyCall(Box2D(dst, dst_pitch, src, src_pitch, width, height), kind, nullptr, Blocking::kYes);
}

cudaError_t cudaMemcpy2DAsync(void* dst, size_t dst_pitch, const void* src, size_t src_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  return CopyCall(Box2D(dst, dst_pitch, src, src_pitch, width, height), kind, stream, Blocking::kNo);
}

cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms* p) {
  return Copy3DCall(p, p == nullptr ? cudaMemcpyDefault : p->kind, nullptr, Blocking::kYes);
}

cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* p, cudaStream_t stream) {
  return Copy3DCall(p, p == nullptr ? cudaMemcpyDefault : p->kind, stream, Blocking::kNo);
}

cudaError_t cudaMemcpy3DPeer(const cudaMemcpy3DPeerParms* p) {
  return Copy3DCall(p, cudaMemcpyDeviceToDevice, nullptr, Blocking::kYes);
}

cudaError_t cudaMemcpy3DPeerAsync(const cudaMemcpy3DPeerParms* p, cudaStream_t stream) {
  return Copy3DCall(p, cudaMemcpyDeviceToDevice, stream, Blocking::kNo);
}

cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* src, size_t bytes, size_t offset,
                               cudaMemcpyKind kind) {
  return SymbolCopy(symbol, offset, bytes, kind, nullptr, Blocking::kYes, true, const_cast<void*>(src));
}

cudaError_t cudaMemcpyToSymbolAsync(const void* symbol, const void* src, size_t bytes, size_t offset,
                                    cudaMemcpyKind kind, cudaStream_t stream) {
  return SymbolCopy(symbol, offset, bytes, kind, stream, Blocking::kNo, true, const_cast<void*>(src));
}

cudaError_t cudaMemcpyFromSymbol(void* dst, const void* symbol, size_t bytes, size_t offset,
                                 cudaMemcpyKind kind) {
  return SymbolCopy(symbol, offset, bytes, kind, nullptr, Blocking::kYes, false, dst);
}

cudaError_t cudaMemcpyFromSymbolAsync(void* dst, const void* symbol, size_t bytes, size_t offset,
                                      cudaMemcpyKind kind, cudaStream_t stream) {
  return SymbolCopy(symbol, offset, bytes, kind, stream, Blocking::kNo, false, dst);
}

cudaError_t cudaMemset(void* dst, int value, size_t bytes) {
  return FillCall(Fill2D(dst, bytes, value, bytes, 1), nullptr, Blocking::kYes);
}

cudaError_t cudaMemsetAsync(void* dst, int value, size_t bytes, cudaStream_t stream) {
  return FillCall(Fill2D(dst, bytes, value, bytes, 1), stream, Blocking::kNo);
}

cudaError_t cudaMemset2D(void* dst, size_t pitch, int value, size_t width, size_t height) {
  return FillCall(Fill2D(dst, pitch, value, width, height), nullptr, Blocking::kYes);
}

cudaError_t cudaMemset2DAsync(void* dst, size_t pitch, int value, size_t width, size_t height,
                              cudaStream_t stream) {
  return FillCall(Fill2D(dst, pitch, value, width, height), stream, Blocking::kNo);
}

cudaError_t cudaMemset3D(cudaPitchedPtr dst, int value, cudaExtent extent) {
  return FillCall(Fill3D(dst, value, extent), nullptr, Blocking::kYes);
}

cudaError_t cudaMemset3DAsync(cudaPitchedPtr dst, int value, cudaExtent extent, cudaStream_t stream) {
  return FillCall(Fill3D(dst, value, extent), stream, Blocking::kNo);
}
