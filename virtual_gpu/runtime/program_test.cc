// Whole programs on the stand-ins: one that nvcc built against the real runtime, and one that opens the
// library by path.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace rankle::vgpu {
namespace {

struct Output {
  int exit_code;
  std::string text;
};

Output RunCommand(const std::string& command) {
  Output output{-1, ""};
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[512];
  while (fgets(buffer, sizeof(buffer), pipe) != nullptr) output.text += buffer;
  const int status = pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    // A program that is not instrumented cannot load instrumented libraries.
    if (std::string(RANKLE_SANITIZE) != "") GTEST_SKIP() << "needs a build without sanitizers";
    char pattern[] = "/tmp/rankle-vgpu-XXXXXX";
    ASSERT_NE(nullptr, mkdtemp(pattern));
    folder_ = pattern;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::string folder_;
};

const std::string kLibDir = RANKLE_LIB_DIR;
const std::string kNvcc = RANKLE_NVCC;

TEST_F(ProgramTest, NvccProgramRunsUnchanged) {
  if (kNvcc.empty()) GTEST_SKIP() << "nvcc is not installed";
  const std::string program = folder_ + "/saxpy";
  // RUNPATH to the toolkit: without the audit module the real runtime would win over nothing but the search
  // path.
  const Output built = RunCommand(kNvcc + " -cudart shared -o " + program +
                                  " " RANKLE_SOURCE_DIR "/virtual_gpu/runtime/testdata/saxpy.cu");
  if (built.exit_code != 0) GTEST_SKIP() << "nvcc cannot build: " << built.text;
  const Output ran = RunCommand(
      "RANKLE_VIRTUAL_GPUS=2 RANKLE_VGPU_KERNEL_TIME=saxpy=3ms LD_LIBRARY_PATH=" + kLibDir + " " + program);
  EXPECT_EQ(0, ran.exit_code) << ran.text;
  // The kernel takes 3 ms at least; on a busy machine its timer may ring later.
  double elapsed_ms = 0;
  const std::string before_elapsed =
      "bad launch: cudaErrorInvalidConfiguration\ndevices 2\nname NVIDIA H100 80GB HBM3 (virtual)\nelapsed ";
  ASSERT_EQ(before_elapsed, ran.text.substr(0, before_elapsed.size()));
  ASSERT_EQ(1, sscanf(ran.text.c_str() + before_elapsed.size(), "%lf ms\nsymbol 41\n", &elapsed_ms))
      << ran.text;
  EXPECT_GE(elapsed_ms, 3.0);
  EXPECT_NE(std::string::npos, ran.text.find("symbol 41\n")) << ran.text;
}

constexpr char kDlopenProgram[] = R"(
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char** argv) {
  (void)argc;
  void* library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL) { printf("%s\n", dlerror()); return 1; }
  int (*count)(int*) = (int (*)(int*))dlsym(library, argv[2]);
  int (*init)(unsigned) = (int (*)(unsigned))dlsym(library, "cuInit");
  if (init != NULL) init(0);
  int devices = -1;
  int error = count(&devices);
  printf("error %d devices %d\n", error, devices);
  return 0;
}
)";

class DlopenTest : public ProgramTest,
                   public testing::WithParamInterface<std::pair<const char*, const char*>> {};

// The audit module sends bare names and absolute paths, also of files that do not exist, to the stand-ins.
TEST_P(DlopenTest, OpensTheStandInByNameAndByPath) {
  const std::string source = folder_ + "/open.c", program = folder_ + "/open";
  std::ofstream(source) << kDlopenProgram;
  ASSERT_EQ(0, RunCommand("cc -o " + program + " " + source + " -ldl").exit_code);
  const auto [library, function] = GetParam();
  for (const std::string& name : {std::string(library), "/no/such/folder/" + std::string(library)}) {
    const Output ran =
        RunCommand("RANKLE_VIRTUAL_GPUS=3 RANKLE_VGPU_LIB_DIR=" + kLibDir + " LD_AUDIT=" + kLibDir +
                   "/librankle-vgpu-audit.so " + program + " " + name + " " + function);
    EXPECT_EQ("error 0 devices 3\n", ran.text) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Libraries, DlopenTest,
                         testing::Values(std::pair("libcudart.so.13", "cudaGetDeviceCount"),
                                         std::pair("libcudart.so.12", "cudaGetDeviceCount"),
                                         std::pair("libcuda.so.1", "cuDeviceGetCount")));

// The families of math libraries are in the audit module's table: PyTorch opens them by absolute path.
TEST_F(ProgramTest, MathLibrariesAreStandInsToo) {
  const std::string source = folder_ + "/open.c", program = folder_ + "/open";
  std::ofstream(source) << kDlopenProgram;
  ASSERT_EQ(0, RunCommand("cc -o " + program + " " + source + " -ldl").exit_code);
  const auto open = [&](const std::string& library_and_function) {
    return RunCommand("RANKLE_VGPU_LIB_DIR=" + kLibDir + " LD_AUDIT=" + kLibDir +
                      "/librankle-vgpu-audit.so " + program + " /no/such/folder/" + library_and_function)
        .text;
  };
  EXPECT_EQ("error 0 devices 12000\n", open("libcusolver.so.12 cusolverGetVersion"));
  EXPECT_EQ("error 0 devices 10400\n", open("libcurand.so.10 curandGetVersion"));
  EXPECT_EQ("error 0 devices 12000\n", open("libcufft.so.12 cufftGetVersion"));
}

TEST_F(ProgramTest, GeneratedFilesFitHeadersAndSources) {
  if (!std::filesystem::exists("/usr/local/cuda/include/cuda_runtime_api.h"))
    GTEST_SKIP() << "no CUDA headers";
  const Output checked =
      RunCommand("python3 " RANKLE_SOURCE_DIR "/virtual_gpu/generate_unsupported.py --check");
  EXPECT_EQ(0, checked.exit_code) << checked.text;
}

}  // namespace
}  // namespace rankle::vgpu
