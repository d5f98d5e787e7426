// The small program that the hooks are tested on, under LD_PRELOAD and the fake libraries. The first argument
// chooses what it does; linked to the libraries, except for `dlopen`.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <nccl.h>
#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define TRACEE_HAS_NVTX
#endif
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tracer/api/rankle.h"

extern "C" int fake_nccl_operations();
extern "C" cudaError_t cudaMemcpyAsync_ptsz(void*, const void*, size_t, cudaMemcpyKind, cudaStream_t);
extern "C" cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, size_t, cudaStream_t);
// Older libraries lack it.
extern "C" ncclResult_t ncclCommRevoke(ncclComm_t, int) __attribute__((weak));

namespace {

float g_data[64];

ncclComm_t Init() {
  ncclUniqueId id;
  ncclGetUniqueId(&id);
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.commName = "dp0";
  ncclComm_t comm = nullptr;
  ncclCommInitRankConfig(&comm, 4, id, 1, &config);
  return comm;
}

ncclResult_t Reduce(ncclComm_t comm, size_t count = 16) {
  return ncclAllReduce(g_data, g_data, count, ncclFloat32, ncclSum, comm, nullptr);
}

void Operations() {
  ncclComm_t comm = Init();
  for (int step = 0; step < 3; ++step) {
    rankle_mark_step(step);
    std::printf("result %d\n", Reduce(comm));
  }
  std::printf("bad %d\n", Reduce(comm, 666));
  ncclGroupStart();
  ncclSend(g_data, 8, ncclFloat32, 2, comm, nullptr);
  ncclRecv(g_data, 8, ncclFloat32, 0, comm, nullptr);
  ncclGroupEnd();
  ncclComm_t part = nullptr;
  ncclCommSplit(comm, 7, 0, &part, nullptr);
  cudaStreamSynchronize(nullptr);
  ncclCommDestroy(part);
  ncclCommDestroy(comm);
  std::printf("operations %d\n", fake_nccl_operations());
}

void Launches() {
  for (int step = 0; step < 2; ++step) {
    rankle_mark_step(step);
    cudaStreamSynchronize(nullptr);
    for (int i = 0; i < 3; ++i) cudaLaunchKernel(nullptr, dim3(1), dim3(1), nullptr, 0, nullptr);
  }
  rankle_mark_step(2);
  cudaStreamSynchronize(nullptr);
  __cudaLaunchKernel(nullptr, dim3(1), dim3(1), nullptr, 0, nullptr);
}

void Memory() {
  void *a = nullptr, *b = nullptr;
  std::printf("malloc %d\n", cudaMalloc(&a, 1000));
  std::printf("malloc %d\n", cudaMalloc(&b, 500));
  cudaFree(a);
}

void Graph() {
  ncclComm_t comm = Init();
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  ncclAllReduce(g_data, g_data, 16, ncclFloat32, ncclSum, comm, stream);
  ncclAllReduce(g_data, g_data, 32, ncclFloat32, ncclSum, comm, stream);
  cudaGraph_t graph;
  cudaStreamEndCapture(stream, &graph);
  cudaGraphExec_t exec;
  cudaGraphInstantiate(&exec, graph, 0);
  for (int i = 0; i < 2; ++i) cudaGraphLaunch(exec, stream);
  cudaStreamSynchronize(stream);
}

void Dlopen(const std::string& folder) {
  void* nccl = dlopen((folder + "/libnccl.so.2").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (nccl == nullptr) std::exit(9);
  auto get_id = reinterpret_cast<decltype(&ncclGetUniqueId)>(dlsym(nccl, "ncclGetUniqueId"));
  auto init = reinterpret_cast<decltype(&ncclCommInitRank)>(dlsym(nccl, "ncclCommInitRank"));
  auto reduce = reinterpret_cast<decltype(&ncclAllReduce)>(dlsym(nccl, "ncclAllReduce"));
  ncclUniqueId id;
  get_id(&id);
  ncclComm_t comm;
  init(&comm, 2, id, 0);
  std::printf("result %d\n", reduce(g_data, g_data, 16, ncclFloat32, ncclSum, comm, nullptr));
  // What every other program relies on: RTLD_NEXT, versions, and errors, as without us.
  std::printf("missing %d\n", dlsym(nccl, "ncclNoSuchFunction") == nullptr && dlerror() != nullptr);
  std::printf("absent %d\n", dlsym(nccl, "ncclCommShrink") == nullptr && dlerror() != nullptr);
  std::printf("next %d\n", dlsym(RTLD_NEXT, "getpid") == reinterpret_cast<void*>(&getpid));
  std::printf("default %d\n", dlsym(RTLD_DEFAULT, "strlen") != nullptr);
}

void Fork() {
  ncclComm_t comm = Init();
  Reduce(comm);
  const pid_t child = fork();
  if (child == 0) {
    Reduce(Init());
    std::exit(5);
  }
  int status;
  waitpid(child, &status, 0);
  Reduce(comm);
  std::printf("child %d\n", WEXITSTATUS(status));
}

void Threads() {
  ncclComm_t comm = Init();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([comm] {
      for (int n = 0; n < 250; ++n) Reduce(comm);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void CatchThrow() {
  ncclComm_t comm = Init();
  try {
    Reduce(comm);
  } catch (const std::exception& error) {
    std::printf("caught %s\n", error.what());
  }
  unsetenv("FAKE_NCCL_THROW");
  std::printf("result %d\n", Reduce(comm));
}

void Async() {
  ncclComm_t comm = Init();
  Reduce(comm);
  ncclResult_t error = ncclSuccess;
  for (int i = 0; i < 3; ++i) ncclCommGetAsyncError(comm, &error);
  std::printf("async %d\n", error);
}

void AbortHung() {
  ncclComm_t comm = Init();
  ncclResult_t result = ncclSuccess;
  std::thread hung([&] { result = Reduce(comm); });
  usleep(20000);  // abort may come before or after the hang began: both must end it
  ncclCommAbort(comm);
  hung.join();
  std::printf("hung call returned %d\n", result);
}

void Data() {
  for (float& value : g_data) value = 1;
  Reduce(Init());
  int nans = 0, zeros = 0, changed = 0;
  for (float value : g_data) {
    nans += std::isnan(value);
    zeros += value == 0;
    changed += value != 1;
  }
  std::printf("nan %d\nzero %d\nchanged %d\n", nans, zeros, changed);
}

void GroupedData() {
  ncclComm_t comm = Init();
  ncclGroupStart();
  ncclRecv(g_data, 8, ncclFloat32, 0, comm, nullptr);
  const bool before = std::isnan(g_data[0]);
  ncclGroupEnd();
  std::printf("before end %d, after %d\n", before, std::isnan(g_data[0]));
}

void Timed() {
  const auto is_slow = [](const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(30);
  };
  std::vector<char> from(40 << 10), to(40 << 10);
  std::printf("launch slow %d\n",
              is_slow([] { cudaLaunchKernel(nullptr, dim3(1), dim3(1), nullptr, 0, nullptr); }));
  std::printf("copy slow %d\n",
              is_slow([&] { cudaMemcpy(to.data(), from.data(), from.size(), cudaMemcpyDefault); }));
}

void Lost() {
  void* memory = nullptr;
  ncclComm_t comm = Init();
  std::printf("malloc %d\n", cudaMalloc(&memory, 8));
  std::printf("malloc %d\n", cudaMalloc(&memory, 8));
  std::printf("sync %d\n", cudaDeviceSynchronize());
  std::printf("reduce %d\n", Reduce(comm));
  ncclResult_t error = ncclSuccess;
  ncclCommGetAsyncError(comm, &error);
  std::printf("async %d\n", error);
  std::printf("end %d\n", ncclCommAbort(comm));
}

void PerThread() {
  char to[8] = {};
  std::printf("ptsz %d", cudaMemcpyAsync(to, "hello", 6, cudaMemcpyDefault, nullptr));
  std::printf(" %d\n", cudaMemcpyAsync_ptsz(to, "hello", 6, cudaMemcpyDefault, nullptr));
}

void Nvtx() {
  Init();
#ifdef TRACEE_HAS_NVTX
  for (const char* name : {"step 4", "forward", "step 5"}) nvtxRangePushA(name);
#endif
}

// A signal comes while a call is inside its hook, and the handler jumps out of it.
sigjmp_buf g_jump;
[[gnu::noinline]] void ReduceFarBelow(ncclComm_t comm) {
  [[maybe_unused]] volatile char below[4096] = {};
  std::printf("result %d\n", Reduce(comm));
}
void Jump() {
  ncclComm_t comm = Init();
  signal(SIGUSR1, [](int) { siglongjmp(g_jump, 1); });
  if (sigsetjmp(g_jump, 1) == 0) Reduce(comm);
  for (int i = 0; i < 3; ++i) ReduceFarBelow(comm);
}

struct Early {
  Early() {
    if (getenv("TRACEE_EARLY") != nullptr) Reduce(Init());
  }
  ~Early() {
    if (getenv("TRACEE_LATE") != nullptr) Reduce(Init());
  }
} g_early;

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  const std::map<std::string, std::function<void()>> programs = {
      {"operations", Operations},
      {"launches", Launches},
      {"memory", Memory},
      {"graph", Graph},
      {"fork", Fork},
      {"threads", Threads},
      {"catch", CatchThrow},
      {"async", Async},
      {"dlopen", [&] { Dlopen(arguments[2]); }},
      {"nothing", [] {}},
      {"shell", [] { std::printf("shell %d\n", std::system("true")); }},
      {"throw",
       [] {
         Init();
         throw std::out_of_range("nobody catches this");
       }},
      {"abort",
       [] {
         Init();
         std::abort();
       }},
      {"_exit",
       [] {
         Init();
         _exit(6);
       }},
      {"exit",
       [] {
         Init();
         std::exit(7);
       }},
      {"missing",
       [] {
         ncclComm_t comm = Init();
         std::printf("missing %d\n", ncclCommRevoke(comm, 0));
       }},
      {"ptsz", PerThread},
      {"nvtx", Nvtx},
      {"abort_hung", AbortHung},
      {"data", Data},
      {"grouped_data", GroupedData},
      {"timed", Timed},
      {"lost", Lost},
      {"jump", Jump},
      {"counts",
       [] {
         ncclComm_t comm = Init();
         for (size_t count = 1; count <= 4; ++count) Reduce(comm, count);
       }},
      {"reduce",
       [] {
         ncclComm_t comm = Init();
         for (int i = 0; i < 5; ++i) std::printf("result %d\n", Reduce(comm));
       }},
  };
  const auto found = programs.find(what);
  if (found == programs.end()) return 99;
  found->second();
  return what == "operations" ? 3 : 0;
}
