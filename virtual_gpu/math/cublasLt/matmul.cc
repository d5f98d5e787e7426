// cublasLtMatmul and the search for an algorithm, which always finds one without workspace.
#include "virtual_gpu/math/action.h"
#include "virtual_gpu/math/cublasLt/descriptors.h"
#include "virtual_gpu/math/host_blas.h"
#include "virtual_gpu/math/launch.h"
#include "virtual_gpu/math/product.h"

using namespace rankle::vgpu::math;

namespace {

// cublasLtMatmulHeuristicResult_t.
struct Heuristic {
  uint64_t algorithm[8];
  size_t workspace_bytes;
  int state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Heuristic) == 96);

// cublasLtEpilogue_t: flags.
constexpr uint32_t kRelu = 2, kBias = 4;
constexpr uint32_t kNoEpilogue = 1;

struct Layouts {
  std::shared_ptr<MatrixLayout> a, b, c, d;
};

// What was asked for: D = epilogue(alpha op(A) op(B) + beta C).
struct Matmul {
  Product product;  // its c is D
  Operand input;    // C
  uint32_t epilogue = kNoEpilogue;
  const void* bias = nullptr;  // one value for each row of D
};

Operand OperandOf(const MatrixLayout& layout, const void* at, int op) {
  return {at, static_cast<cudaDataType>(layout.Get<int>(LayoutAttribute::kType, CUDA_R_32F)),
          layout.Get<int64_t>(LayoutAttribute::kLeading, 0), layout.Get<int64_t>(LayoutAttribute::kStride, 0),
          op};
}

// D's rows, columns and the inner size must be those of the others.
bool ShapesAgree(const Layouts& layouts, const Product& p) {
  const auto rows = [](const MatrixLayout& layout) { return layout.Get<int64_t>(LayoutAttribute::kRows, 0); };
  const auto columns = [](const MatrixLayout& layout) {
    return layout.Get<int64_t>(LayoutAttribute::kColumns, 0);
  };
  const int64_t a_rows = p.a.op == kNo ? rows(*layouts.a) : columns(*layouts.a);
  const int64_t b_rows = p.b.op == kNo ? rows(*layouts.b) : columns(*layouts.b);
  const int64_t b_columns = p.b.op == kNo ? columns(*layouts.b) : rows(*layouts.b);
  return a_rows == p.m && b_rows == p.k && b_columns == p.n && rows(*layouts.c) == p.m &&
         columns(*layouts.c) == p.n;
}

// Copies C to D, which the product then adds to, and applies the epilogue afterwards; element (i, j) of
// matrix `index`.
template <typename T, typename Action>
void ForEachElement(const Product& p, Action action) {
  for (int64_t index = 0; index < p.batch; ++index) {
    T* const d = static_cast<T*>(const_cast<void*>(p.c.at)) + index * p.c.stride;
    for (int64_t j = 0; j < p.n; ++j) {
      for (int64_t i = 0; i < p.m; ++i) action(d[i + j * p.c.leading], i, j, index);
    }
  }
}

template <typename T>
bool QueueInput(void* stream, const Matmul& matmul) {
  const Product& p = matmul.product;
  if (matmul.input.at == nullptr || matmul.input.at == p.c.at) return true;
  return Enqueue(stream, "cublasLtMatmul", [p, input = matmul.input] {
    const T* const c = static_cast<const T*>(input.at);
    ForEachElement<T>(p, [&](T& d, int64_t i, int64_t j, int64_t index) {
      d = c[i + j * input.leading + index * input.stride];
    });
  });
}

template <typename T>
bool QueueEpilogue(void* stream, const Matmul& matmul) {
  if (matmul.epilogue == kNoEpilogue) return true;
  return Enqueue(stream, "cublasLtMatmul", [matmul] {
    const T* const bias = (matmul.epilogue & kBias) != 0 ? static_cast<const T*>(matmul.bias) : nullptr;
    const bool relu = (matmul.epilogue & kRelu) != 0;
    ForEachElement<T>(matmul.product, [&](T& d, int64_t i, int64_t, int64_t) {
      if (bias != nullptr) d += bias[i];
      if (relu && !(d > 0)) d = 0;
    });
  });
}

bool CanCompute(const Matmul& matmul, const Layouts& layouts) {
  const Product& p = matmul.product;
  const bool one_type = p.a.type == p.b.type && p.a.type == p.c.type && p.a.type == matmul.input.type &&
                        (p.a.type == CUDA_R_32F || p.a.type == CUDA_R_64F);
  const bool columns_first = layouts.a->Get<int>(LayoutAttribute::kOrder, 0) == 0 &&
                             layouts.b->Get<int>(LayoutAttribute::kOrder, 0) == 0 &&
                             layouts.d->Get<int>(LayoutAttribute::kOrder, 0) == 0;
  const bool known_epilogue = matmul.epilogue == kNoEpilogue || (matmul.epilogue & ~(kRelu | kBias)) == 0;
  return ComputeIsWanted() && HostBlasIsReady() && one_type && columns_first && known_epilogue;
}

int Run(void* stream, const Matmul& matmul, const Layouts& layouts) {
  if (!CanCompute(matmul, layouts)) return Launch(stream, "cublasLtMatmul") ? 0 : kCublasLt.failed;
  const bool is_float = matmul.product.a.type == CUDA_R_32F;
  const bool queued =
      (is_float ? QueueInput<float>(stream, matmul) : QueueInput<double>(stream, matmul)) &&
      Queue(stream, "cublasLtMatmul", matmul.product) &&
      (is_float ? QueueEpilogue<float>(stream, matmul) : QueueEpilogue<double>(stream, matmul));
  return queued ? 0 : kCublasLt.failed;
}

}  // namespace

extern "C" {

int cublasLtMatmulAlgoGetHeuristic(void* handle, void* descriptor, void* a, void* b, void* c, void* d,
                                   void* preference, int requested, Heuristic* results, int* returned) {
  if (handle == nullptr) return kCublasLt.no_handle;
  if (Find<MatmulDescriptor>(descriptor) == nullptr || Find<MatmulPreference>(preference) == nullptr ||
      results == nullptr || returned == nullptr || requested < 1) {
    return kCublasLt.invalid_value;
  }
  for (void* layout : {a, b, c, d}) {
    if (Find<MatrixLayout>(layout) == nullptr) return kCublasLt.invalid_value;
  }
  results[0] = Heuristic{};
  results[0].waves = 1;
  *returned = 1;
  return 0;
}

// The handle may be cuBLAS's, which another library made: any will do.
int cublasLtMatmul(void* handle, void* descriptor, const void* alpha, const void* a, void* a_layout,
                   const void* b, void* b_layout, const void* beta, const void* c, void* c_layout, void* d,
                   void* d_layout, const void*, void*, size_t, void* stream) {
  if (handle == nullptr) return kCublasLt.no_handle;
  const auto what = Find<MatmulDescriptor>(descriptor);
  const Layouts layouts{Find<MatrixLayout>(a_layout), Find<MatrixLayout>(b_layout),
                        Find<MatrixLayout>(c_layout), Find<MatrixLayout>(d_layout)};
  if (what == nullptr || layouts.a == nullptr || layouts.b == nullptr || layouts.c == nullptr ||
      layouts.d == nullptr)
    return kCublasLt.invalid_value;
  Matmul matmul;
  Product& product = matmul.product;
  product.a = OperandOf(*layouts.a, a, what->Get<int>(MatmulAttribute::kOpA, kNo));
  product.b = OperandOf(*layouts.b, b, what->Get<int>(MatmulAttribute::kOpB, kNo));
  product.c = OperandOf(*layouts.d, d, kNo);
  matmul.input = OperandOf(*layouts.c, c, kNo);
  product.m = layouts.d->Get<int64_t>(LayoutAttribute::kRows, 0);
  product.n = layouts.d->Get<int64_t>(LayoutAttribute::kColumns, 0);
  product.k =
      layouts.a->Get<int64_t>(product.a.op == kNo ? LayoutAttribute::kColumns : LayoutAttribute::kRows, 0);
  product.batch = layouts.d->Get<int>(LayoutAttribute::kBatch, 1);
  product.alpha = alpha, product.beta = beta;
  product.scalars_on_device = what->Get<int>(MatmulAttribute::kPointerMode, 0) != 0;
  matmul.epilogue = what->Get<uint32_t>(MatmulAttribute::kEpilogue, kNoEpilogue);
  matmul.bias = what->Get<const void*>(MatmulAttribute::kBias, nullptr);
  if (alpha == nullptr || beta == nullptr || a == nullptr || b == nullptr || d == nullptr ||
      !ShapesAgree(layouts, product))
    return kCublasLt.invalid_value;
  if ((matmul.epilogue & kBias) != 0 && matmul.bias == nullptr) return kCublasLt.invalid_value;
  return Run(stream, matmul, layouts);
}

}  // extern "C"
