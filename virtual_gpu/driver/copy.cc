// Copies and fills of the driver API.
#include "virtual_gpu/engine/copy.h"

#include "virtual_gpu/driver/call.h"

using namespace rankle::vgpu;
using driver::ContextCall;

namespace {

void* Pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

CUresult CopyCall(void* dst, const void* src, size_t bytes, cudaMemcpyKind kind, CUstream stream,
                  Blocking blocking) {
  return ContextCall([&](Device&) { return Copy(LinearCopy(dst, src, bytes), kind, stream, blocking); });
}

CUresult FillCall(CUdeviceptr dst, size_t pitch, unsigned value, size_t element, size_t width, size_t height,
                  CUstream stream, Blocking blocking) {
  return ContextCall([&](Device&) {
    FillBox box;
    box.dst = Pointer(dst);
    box.value = value;
    box.element_bytes = element;
    box.width = width;
    box.height = height;
    box.pitch = pitch;
    return Fill(box, stream, blocking);
  });
}

void* Start(CUmemorytype type, void* host, CUdeviceptr device) {
  return type == CU_MEMORYTYPE_HOST ? host : Pointer(device);
}

CUresult Copy2D(const CUDA_MEMCPY2D* p, CUstream stream, Blocking blocking) {
  return ContextCall([&](Device&) -> Error {
    if (p == nullptr) return cudaErrorInvalidValue;
    if (p->srcMemoryType == CU_MEMORYTYPE_ARRAY || p->dstMemoryType == CU_MEMORYTYPE_ARRAY)
      return cudaErrorNotSupported;
    const auto* src =
        static_cast<const char*>(Start(p->srcMemoryType, const_cast<void*>(p->srcHost), p->srcDevice));
    auto* dst = static_cast<char*>(Start(p->dstMemoryType, p->dstHost, p->dstDevice));
    CopyBox box = LinearCopy(dst + p->dstY * p->dstPitch + p->dstXInBytes,
                             src + p->srcY * p->srcPitch + p->srcXInBytes, p->WidthInBytes);
    box.height = p->Height;
    box.dst_pitch = p->dstPitch != 0 ? p->dstPitch : p->WidthInBytes;
    box.src_pitch = p->srcPitch != 0 ? p->srcPitch : p->WidthInBytes;
    return Copy(box, cudaMemcpyDefault, stream, blocking);
  });
}

}  // namespace

CUresult cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t bytes) {
  return CopyCall(Pointer(dst), Pointer(src), bytes, cudaMemcpyDefault, nullptr, Blocking::kYes);
}

CUresult cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream) {
  return CopyCall(Pointer(dst), Pointer(src), bytes, cudaMemcpyDefault, stream, Blocking::kNo);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr dst, const void* src, size_t bytes) {
  return CopyCall(Pointer(dst), src, bytes, cudaMemcpyHostToDevice, nullptr, Blocking::kYes);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dst, const void* src, size_t bytes, CUstream stream) {
  return CopyCall(Pointer(dst), src, bytes, cudaMemcpyHostToDevice, stream, Blocking::kNo);
}

CUresult cuMemcpyDtoH_v2(void* dst, CUdeviceptr src, size_t bytes) {
  return CopyCall(dst, Pointer(src), bytes, cudaMemcpyDeviceToHost, nullptr, Blocking::kYes);
}

CUresult cuMemcpyDtoHAsync_v2(void* dst, CUdeviceptr src, size_t bytes, CUstream stream) {
  return CopyCall(dst, Pointer(src), bytes, cudaMemcpyDeviceToHost, stream, Blocking::kNo);
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr dst, CUdeviceptr src, size_t bytes) {
  return CopyCall(Pointer(dst), Pointer(src), bytes, cudaMemcpyDeviceToDevice, nullptr, Blocking::kYes);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream) {
  return CopyCall(Pointer(dst), Pointer(src), bytes, cudaMemcpyDeviceToDevice, stream, Blocking::kNo);
}

CUresult cuMemcpyPeer(CUdeviceptr dst, CUcontext, CUdeviceptr src, CUcontext, size_t bytes) {
  return CopyCall(Pointer(dst), Pointer(src), bytes, cudaMemcpyDeviceToDevice, nullptr, Blocking::kYes);
}

CUresult cuMemcpyPeerAsync(CUdeviceptr dst, CUcontext, CUdeviceptr src, CUcontext, size_t bytes,
                           CUstream stream) {
  return CopyCall(Pointer(dst), Pointer(src), bytes, cudaMemcpyDeviceToDevice, stream, Blocking::kNo);
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D* p) { return Copy2D(p, nullptr, Blocking::kYes); }

CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D* p) { return Copy2D(p, nullptr, Blocking::kYes); }

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D* p, CUstream stream) {
  return Copy2D(p, stream, Blocking::kNo);
}

CUresult cuMemsetD8_v2(CUdeviceptr dst, unsigned char value, size_t count) {
  return FillCall(dst, 0, value, 1, count, 1, nullptr, Blocking::kYes);
}

CUresult cuMemsetD16_v2(CUdeviceptr dst, unsigned short value, size_t count) {
  return FillCall(dst, 0, value, 2, count, 1, nullptr, Blocking::kYes);
}

CUresult cuMemsetD32_v2(CUdeviceptr dst, unsigned value, size_t count) {
  return FillCall(dst, 0, value, 4, count, 1, nullptr, Blocking::kYes);
}

CUresult cuMemsetD8Async(CUdeviceptr dst, unsigned char value, size_t count, CUstream stream) {
  return FillCall(dst, 0, value, 1, count, 1, stream, Blocking::kNo);
}

CUresult cuMemsetD16Async(CUdeviceptr dst, unsigned short value, size_t count, CUstream stream) {
  return FillCall(dst, 0, value, 2, count, 1, stream, Blocking::kNo);
}

CUresult cuMemsetD32Async(CUdeviceptr dst, unsigned value, size_t count, CUstream stream) {
  return FillCall(dst, 0, value, 4, count, 1, stream, Blocking::kNo);
}

CUresult cuMemsetD2D8_v2(CUdeviceptr dst, size_t pitch, unsigned char value, size_t width, size_t height) {
  return FillCall(dst, pitch, value, 1, width, height, nullptr, Blocking::kYes);
}

CUresult cuMemsetD2D8Async(CUdeviceptr dst, size_t pitch, unsigned char value, size_t width, size_t height,
                           CUstream stream) {
  return FillCall(dst, pitch, value, 1, width, height, stream, Blocking::kNo);
}
