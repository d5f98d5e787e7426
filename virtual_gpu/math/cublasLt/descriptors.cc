// Making, filling and freeing cuBLASLt's handles and descriptors.
#include "virtual_gpu/math/cublasLt/descriptors.h"

#include "virtual_gpu/math/action.h"

using namespace rankle::vgpu::math;

namespace {

constexpr int kVersion = 130002;  // the cuBLASLt of CUDA 13.0

template <typename Kind>
int Destroy(void* descriptor) {
  if (descriptor == nullptr) return 0;
  if (Find<Kind>(descriptor) == nullptr) return kCublasLt.invalid_value;
  Handles().Take(descriptor);
  return 0;
}

template <typename Kind>
int SetAttribute(void* descriptor, int attribute, const void* value, size_t size) {
  const auto found = Find<Kind>(descriptor);
  if (found == nullptr || value == nullptr || size == 0 || attribute < 0) return kCublasLt.invalid_value;
  found->Store(attribute, value, size);
  return 0;
}

template <typename Kind>
int GetAttribute(void* descriptor, int attribute, void* value, size_t size, size_t* written) {
  const auto found = Find<Kind>(descriptor);
  if (found == nullptr || (value == nullptr && written == nullptr)) return kCublasLt.invalid_value;
  const std::vector<unsigned char> bytes = found->Bytes(attribute);
  if (written != nullptr) *written = bytes.size();
  if (value == nullptr || size == 0) return 0;
  if (bytes.empty() || size < bytes.size()) return kCublasLt.invalid_value;
  std::memcpy(value, bytes.data(), bytes.size());
  return 0;
}

}  // namespace

#define RANKLE_LT_DESCRIPTOR(name, Kind)                                                              \
  int cublasLt##name##Destroy(void* descriptor) { return Destroy<Kind>(descriptor); }                 \
  int cublasLt##name##SetAttribute(void* descriptor, int attribute, const void* value, size_t size) { \
    return SetAttribute<Kind>(descriptor, attribute, value, size);                                    \
  }                                                                                                   \
  int cublasLt##name##GetAttribute(void* descriptor, int attribute, void* value, size_t size,         \
                                   size_t* written) {                                                 \
    return GetAttribute<Kind>(descriptor, attribute, value, size, written);                           \
  }

extern "C" {

RANKLE_LT_DESCRIPTOR(MatmulDesc, MatmulDescriptor)
RANKLE_LT_DESCRIPTOR(MatrixLayout, MatrixLayout)
RANKLE_LT_DESCRIPTOR(MatmulPreference, MatmulPreference)

int cublasLtCreate(void** handle) {
  if (handle == nullptr) return kCublasLt.invalid_value;
  Create<LtHandle>(handle);
  return 0;
}

int cublasLtDestroy(void* handle) { return Handles().Take(handle) == nullptr ? kCublasLt.no_handle : 0; }

int cublasLtMatmulDescCreate(void** descriptor, int compute_type, int scale_type) {
  if (descriptor == nullptr) return kCublasLt.invalid_value;
  auto made = std::make_shared<MatmulDescriptor>();
  made->Set(0, compute_type);
  made->Set(1, scale_type);
  *descriptor = Handles().Add(made);
  return 0;
}

int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  if (layout == nullptr) return kCublasLt.invalid_value;
  auto made = std::make_shared<MatrixLayout>();
  made->Set(static_cast<int>(LayoutAttribute::kType), type);
  made->Set(static_cast<int>(LayoutAttribute::kRows), rows);
  made->Set(static_cast<int>(LayoutAttribute::kColumns), columns);
  made->Set(static_cast<int>(LayoutAttribute::kLeading), leading);
  *layout = Handles().Add(made);
  return 0;
}

int cublasLtMatmulPreferenceCreate(void** preference) {
  if (preference == nullptr) return kCublasLt.invalid_value;
  Create<MatmulPreference>(preference);
  return 0;
}

size_t cublasLtGetVersion() { return kVersion; }
size_t cublasLtGetCudartVersion() { return 13000; }

}  // extern "C"
