// The math libraries that are mostly a table of actions: every listed function exists under its version,
// handles and sizes are checked, sizes and results are written, in stream order where they lie on the device.
#include <gmock/gmock.h>
#include <library_types.h>

#include <fstream>

#include "virtual_gpu/math/testing/library.h"

namespace rankle::vgpu::math {
namespace {

using ::testing::ElementsAre;

struct Exports {
  const char *list, *soname, *version;
};

class ExportsTest : public testing::TestWithParam<Exports> {};

// PyTorch loads with RTLD_NOW and asks for the version node: one missing name and it does not start.
TEST_P(ExportsTest, EveryListedFunctionExistsUnderItsVersion) {
  const Exports exports = GetParam();
  void* const library =
      dlopen((std::string(RANKLE_LIB_DIR "/") + exports.soname).c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  std::ifstream list(std::string(RANKLE_FUNCTIONS_DIR "/") + exports.list + ".txt");
  std::string line;
  int functions = 0;
  for (; std::getline(list, line); ++functions) {
    const std::string name = line.substr(0, line.find(' '));
    void* const found = exports.version == nullptr ? dlsym(library, name.c_str())
                                                   : dlvsym(library, name.c_str(), exports.version);
    EXPECT_NE(found, nullptr) << name;
  }
  EXPECT_GT(functions, 0);
}

INSTANTIATE_TEST_SUITE_P(Libraries, ExportsTest,
                         testing::Values(Exports{"cublas", "libcublas.so.13", "libcublas.so.13"},
                                         Exports{"cublasLt", "libcublasLt.so.13", "libcublasLt.so.13"},
                                         Exports{"cudnn", "libcudnn.so.9", "libcudnn.so.9"},
                                         Exports{"cufft", "libcufft.so.12", "libcufft.so.12"},
                                         Exports{"cufftw", "libcufftw.so.12", "libcufftw.so.12"},
                                         Exports{"cufile", "libcufile.so.0", nullptr},
                                         Exports{"curand", "libcurand.so.10", "libcurand.so.10"},
                                         Exports{"cusolver", "libcusolver.so.12", "libcusolver.so.12"},
                                         Exports{"cusparse", "libcusparse.so.12", "libcusparse.so.12"},
                                         Exports{"cusparseLt", "libcusparseLt.so.0", nullptr},
                                         Exports{"nvJitLink", "libnvJitLink.so.13", "libnvJitLink.so.13"},
                                         Exports{"nvrtc", "libnvrtc.so.13", "libnvrtc.so.13"},
                                         Exports{"nvshmem_host", "libnvshmem_host.so.3", "NVSHMEM"}),
                         [](const auto& exports) { return std::string(exports.param.list); });

TEST(StubTest, AFunctionWithoutActionsNamesItselfOnce) {
  const TestLibrary cufile("libcufile.so.0");
  testing::internal::CaptureStderr();
  EXPECT_EQ(cufile("cuFileHandleRegister", static_cast<void*>(nullptr), static_cast<void*>(nullptr)), 5001);
  EXPECT_EQ(cufile("cuFileHandleRegister", static_cast<void*>(nullptr), static_cast<void*>(nullptr)), 5001);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "rankle: virtual GPU: cuFileHandleRegister is not supported\n");
}

class CusolverTest : public testing::Test {
 protected:
  static constexpr int kNoHandle = 1, kInvalidValue = 3;
  void SetUp() override { ASSERT_EQ(cusolver_("cusolverDnCreate", &handle_), 0); }
  void TearDown() override { EXPECT_EQ(cusolver_("cusolverDnDestroy", handle_), 0); }
  int Potrf(void* handle, int n, int* info) {
    float* const none = nullptr;
    return cusolver_("cusolverDnSpotrf", handle, 0, n, none, 1, none, 0, info);
  }
  const TestLibrary cusolver_{"libcusolver.so.12"};
  void* handle_ = nullptr;
};

TEST_F(CusolverTest, WorkspaceSizesAreWrittenWhereverTheyStand) {
  int elements = 0;
  float* const none = nullptr;
  EXPECT_EQ(cusolver_("cusolverDnSgeqrf_bufferSize", handle_, 4, 4, none, 4, &elements), 0);
  EXPECT_GT(elements, 0);
  elements = 0;  // here not the last parameter, and behind long long strides
  EXPECT_EQ(cusolver_("cusolverDnSgesvdaStridedBatched_bufferSize", handle_, 1, 4, 4, 4, none, 4, 16LL, none,
                      4LL, none, 4, 16LL, none, 4, 16LL, &elements, 2),
            0);
  EXPECT_GT(elements, 0);
  size_t on_device = 0, on_host = 0;
  EXPECT_EQ(cusolver_("cusolverDnXgeqrf_bufferSize", handle_, static_cast<void*>(nullptr), int64_t{4},
                      int64_t{4}, 0, static_cast<const void*>(none), int64_t{4}, 0,
                      static_cast<const void*>(none), 0, &on_device, &on_host),
            0);
  EXPECT_GT(on_device, 0u);
  EXPECT_GT(on_host, 0u);
}

TEST_F(CusolverTest, HandlesSizesAndPointersAreChecked) {
  const DeviceArray<int> info({7});
  EXPECT_EQ(Potrf(nullptr, 4, info.get()), kNoHandle);
  EXPECT_EQ(Potrf(handle_, -4, info.get()), kInvalidValue);
  EXPECT_EQ(Potrf(handle_, 4, nullptr), kInvalidValue);
  EXPECT_THAT(info.Values(), ElementsAre(7));  // untouched
}

TEST_F(CusolverTest, InfoIsZeroedWhenTheStreamGetsThere) {
  DeviceArray<int> info({7, 7, 7});
  cudaStream_t stream;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cusolver_("cusolverDnSetStream", handle_, static_cast<void*>(stream)), 0);
  // A negative info written before in the stream is overwritten, not the other way round.
  ASSERT_EQ(cudaMemsetAsync(info.get(), 0xFF, 3 * sizeof(int), stream), cudaSuccess);
  ASSERT_EQ(Potrf(handle_, 4, info.get()), 0);
  EXPECT_THAT(info.Values(), ElementsAre(0, -1, -1));
  float* const none = nullptr;
  ASSERT_EQ(cusolver_("cusolverDnSpotrfBatched", handle_, 0, 4, static_cast<void*>(none), 4, info.get(), 2),
            0);
  EXPECT_THAT(info.Values(), ElementsAre(0, 0, -1));
  void* got = nullptr;
  ASSERT_EQ(cusolver_("cusolverDnGetStream", handle_, &got), 0);
  EXPECT_EQ(got, stream);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST(CusparseTest, ProductsHaveASizeAndNeedAHandle) {
  const TestLibrary cusparse("libcusparse.so.12");
  void *handle = nullptr, *matrix = nullptr, *none = nullptr;
  size_t bytes = 0;
  ASSERT_EQ(cusparse("cusparseCreate", &handle), 0);
  ASSERT_EQ(cusparse("cusparseCreateCsr", &matrix, int64_t{2}, int64_t{2}, int64_t{1}, none, none, none, 2, 2,
                     0, 0),
            0);
  const auto size = [&](void* of) {
    return cusparse("cusparseSpMM_bufferSize", of, 0, 0, none, matrix, matrix, none, matrix, 0, 0, &bytes);
  };
  EXPECT_EQ(size(nullptr), 1);
  EXPECT_EQ(size(handle), 0);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(cusparse("cusparseSpMM", handle, 0, 0, none, matrix, matrix, none, matrix, 0, 0, none), 0);
  int64_t rows = -1, columns = -1, entries = -1;
  EXPECT_EQ(cusparse("cusparseSpMatGetSize", matrix, &rows, &columns, &entries), 0);
  EXPECT_EQ(entries, 0);
  EXPECT_STREQ(cusparse.Function<const char*(int)>("cusparseGetErrorString")(3), "invalid value");
  EXPECT_EQ(cusparse("cusparseDestroySpMat", matrix), 0);
  EXPECT_EQ(cusparse("cusparseDestroy", handle), 0);
  EXPECT_EQ(cusparse("cusparseDestroy", handle), 1);  // gone
}

TEST(CusparseLtTest, ACompressedMatrixIsHalfOfItAndTwoBitsForEachElement) {
  const TestLibrary cusparselt("libcusparseLt.so.0");
  std::vector<char> handle(512), matrix(512);
  size_t size = 0, buffer = 1;
  void* const at = matrix.data();
  ASSERT_EQ(cusparselt("cusparseLtInit", static_cast<void*>(handle.data())), 0);
  const auto describe = [&](int64_t rows) {
    return cusparselt("cusparseLtStructuredDescriptorInit", static_cast<const void*>(handle.data()), at, rows,
                      int64_t{64}, int64_t{64}, uint32_t{16}, int{CUDA_R_16F}, 1, 0);
  };
  EXPECT_EQ(describe(-32), 3);
  ASSERT_EQ(describe(32), 0);
  ASSERT_EQ(cusparselt("cusparseLtSpMMACompressedSize2", static_cast<const void*>(handle.data()),
                       static_cast<const void*>(at), &size, &buffer),
            0);
  EXPECT_EQ(size, 1024u * 2 + 1024u / 4);
}

TEST(CufftTest, PlansAreCheckedMadeAndExecuted) {
  const TestLibrary cufft("libcufft.so.12");
  constexpr int kInvalidPlan = 1, kInvalidType = 3, kInvalidValue = 4, kInvalidSize = 8, kC2C = 0x29;
  int plan = 0;
  size_t bytes = 0;
  const DeviceArray<float> data({0, 0, 0, 0});
  const auto execute = [&](int of, void* input) {
    return cufft("cufftExecC2C", of, input, static_cast<void*>(data.get()), -1);
  };
  ASSERT_EQ(cufft("cufftCreate", &plan), 0);
  EXPECT_EQ(execute(plan, data.get()), kInvalidPlan);  // not made yet
  EXPECT_EQ(cufft("cufftMakePlan1d", plan, 0, kC2C, 1, &bytes), kInvalidSize);
  EXPECT_EQ(cufft("cufftMakePlan1d", plan, 2, 1, 1, &bytes), kInvalidType);
  EXPECT_EQ(cufft("cufftMakePlan1d", plan, 2, kC2C, 1, static_cast<size_t*>(nullptr)), kInvalidValue);
  ASSERT_EQ(cufft("cufftMakePlan1d", plan, 2, kC2C, 1, &bytes), 0);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(execute(plan, nullptr), kInvalidValue);
  EXPECT_EQ(execute(plan, data.get()), 0);
  EXPECT_EQ(cufft("cufftDestroy", plan), 0);
  EXPECT_EQ(cufft("cufftDestroy", plan), kInvalidPlan);
  EXPECT_EQ(execute(plan, data.get()), kInvalidPlan);
}

TEST(CurandTest, GeneratorsGenerateOnTheirStream) {
  const TestLibrary curand("libcurand.so.10");
  void* generator = nullptr;
  const DeviceArray<float> data({0, 0});
  ASSERT_EQ(curand("curandCreateGenerator", &generator, 100), 0);
  EXPECT_EQ(curand("curandSetStream", generator, static_cast<void*>(nullptr)), 0);
  EXPECT_EQ(curand("curandGenerateUniform", generator, data.get(), size_t{2}), 0);
  EXPECT_EQ(curand("curandDestroyGenerator", generator), 0);
  EXPECT_EQ(curand("curandGenerateUniform", generator, data.get(), size_t{2}), 101);
}

TEST(NvrtcTest, AProgramGivesAnImageAndTheNamesItWasAskedFor) {
  const TestLibrary nvrtc("libnvrtc.so.13");
  constexpr int kInvalidInput = 3, kInvalidProgram = 4, kNameNotValid = 10;
  void* program = nullptr;
  const char* const none = nullptr;
  const char* const* const list = nullptr;
  EXPECT_EQ(nvrtc("nvrtcCreateProgram", &program, none, none, 0, list, list), kInvalidInput);
  ASSERT_EQ(nvrtc("nvrtcCreateProgram", &program, static_cast<const char*>("code"), none, 0, list, list), 0);
  ASSERT_EQ(nvrtc("nvrtcAddNameExpression", program, static_cast<const char*>("scale<float>")), 0);
  const char* name = nullptr;
  EXPECT_EQ(nvrtc("nvrtcGetLoweredName", program, static_cast<const char*>("scale<float>"), &name),
            kNameNotValid);
  ASSERT_EQ(nvrtc("nvrtcCompileProgram", program, 0, list), 0);
  ASSERT_EQ(nvrtc("nvrtcGetLoweredName", program, static_cast<const char*>("scale<float>"), &name), 0);
  EXPECT_STREQ(name, "scale<float>");
  EXPECT_EQ(nvrtc("nvrtcGetLoweredName", program, static_cast<const char*>("other"), &name), kNameNotValid);
  size_t size = 0;
  ASSERT_EQ(nvrtc("nvrtcGetCUBINSize", program, &size), 0);
  std::string image(size, '?');
  ASSERT_EQ(nvrtc("nvrtcGetCUBIN", program, image.data()), 0);
  EXPECT_EQ(image.find('\0'), size - 1);  // all of it was written
  EXPECT_EQ(nvrtc("nvrtcDestroyProgram", &program), 0);
  EXPECT_EQ(nvrtc("nvrtcDestroyProgram", &program), kInvalidProgram);
}

}  // namespace
}  // namespace rankle::vgpu::math
