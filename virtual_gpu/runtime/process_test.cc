// What crosses a process' border: fork, exit, IPC. The test's own process never uses CUDA; every case runs in
// children.
#include <cuda.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "virtual_gpu/runtime/test_support.h"

namespace rankle::vgpu {
namespace {

constexpr unsigned kWatchdogSeconds = 60;

pid_t StartChild(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(kWatchdogSeconds);  // a hang ends as SIGALRM and fails the test
    exit(body());
  }
  return pid;
}

int ExitCode(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int RunChild(const std::function<int()>& body) { return ExitCode(StartChild(body)); }

struct Pipe {
  int ends[2];
  Pipe() { EXPECT_EQ(0, pipe(ends)); }
  template <typename Value>
  void Send(const Value& value) {
    if (write(ends[1], &value, sizeof(value)) != sizeof(value)) abort();
  }
  template <typename Value>
  Value Receive() {
    Value value;
    if (read(ends[0], &value, sizeof(value)) != sizeof(value)) abort();
    return value;
  }
};

// PyTorch asks the driver about primary contexts after nothing but cudaGetDeviceCount.
TEST(ProcessTest, TheFirstRuntimeCallInitialisesTheDriver) {
  EXPECT_EQ(0, RunChild([] {
              unsigned flags;
              int active = -1, count = 0;
              if (cuDevicePrimaryCtxGetState(0, &flags, &active) != CUDA_ERROR_NOT_INITIALIZED) return 1;
              if (cudaGetDeviceCount(&count) != cudaSuccess) return 2;
              if (cuDevicePrimaryCtxGetState(0, &flags, &active) != CUDA_SUCCESS) return 3;
              return active == 0 ? 0 : 4;
            }));
}

TEST(ProcessTest, CudaIsUnusableInAForkedChild) {
  EXPECT_EQ(0, RunChild([] {
              void* memory;
              if (cudaMalloc(&memory, 8) != cudaSuccess) return 1;
              const int in_child = RunChild([] {
                void* memory;
                int count;
                if (cudaMalloc(&memory, 8) != cudaErrorInitializationError) return 2;
                if (cudaGetDeviceCount(&count) != cudaErrorInitializationError) return 3;
                return 0;
              });
              if (in_child != 0) return in_child;
              return cudaFree(memory) == cudaSuccess ? 0 : 4;
            }));
}

TEST(ProcessTest, ForkBeforeTheFirstCallLeavesBothUsable) {
  const auto use = [] {
    void* memory;
    return cudaMalloc(&memory, 8) == cudaSuccess ? 0 : 1;
  };
  EXPECT_EQ(0, RunChild([&] {
              const pid_t grandchild = StartChild(use);
              return use() + ExitCode(grandchild);
            }));
}

// PyTorch frees its states of random number generators so.
struct FreesAtExit {
  void* memory = nullptr;
  ~FreesAtExit() {
    int device = -1;
    if (cudaGetDevice(&device) != cudaSuccess || device != 1) _exit(5);
    if (cudaFree(memory) != cudaSuccess) _exit(6);
    _exit(7);
  }
};

TEST(ProcessTest, StaticObjectsMayCallCudaWhileTheProcessExits) {
  EXPECT_EQ(7, RunChild([] {
              if (cudaSetDevice(1) != cudaSuccess) return 1;
              static FreesAtExit object;
              return cudaMalloc(&object.memory, 8) == cudaSuccess ? 0 : 2;
            }));
}

void BlockForever(void*) {
  for (;;) pause();
}

TEST(ProcessTest, ExitWithAStuckStreamEnds) {
  EXPECT_EQ(7, RunChild([] {
              cudaStream_t stream;
              cudaStreamCreate(&stream);
              cudaLaunchHostFunc(stream, BlockForever, nullptr);
              cudaLaunchHostFunc(stream, BlockForever, nullptr);
              return 7;
            }));
}

TEST(ProcessTest, VisibleDevicesAreHonoured) {
  EXPECT_EQ(0, RunChild([] {
              setenv("CUDA_VISIBLE_DEVICES", "2,0", 1);
              int count;
              char bus[32];
              if (cudaGetDeviceCount(&count) != cudaSuccess || count != 2) return 1;
              if (cudaDeviceGetPCIBusId(bus, sizeof(bus), 0) != cudaSuccess) return 2;
              return std::string(bus) == "0000:12:00.0" ? 0 : 3;
            }));
  EXPECT_EQ(0, RunChild([] {
              setenv("CUDA_VISIBLE_DEVICES", "", 1);
              int count;
              return cudaGetDeviceCount(&count) == cudaErrorNoDevice ? 0 : 1;
            }));
}

TEST(ProcessTest, MemoryAndEventsAreSharedBetweenProcesses) {
  Pipe to_user, to_owner;
  struct Handles {
    cudaIpcMemHandle_t memory;
    cudaIpcEventHandle_t event;
  };
  const pid_t owner = StartChild([&] {
    int* memory;
    cudaEvent_t event;
    cudaStream_t stream;
    Handles handles;
    static Gate gate;
    if (cudaMalloc(&memory, 1 << 20) != cudaSuccess) return 1;
    // cudaMemset on device memory only queues; the stream below is not ordered behind it.
    if (cudaMemset(memory, 0, 1 << 20) != cudaSuccess || cudaDeviceSynchronize() != cudaSuccess) return 2;
    if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventInterprocess) != cudaSuccess)
      return 3;
    if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) != cudaSuccess) return 4;
    if (cudaLaunchHostFunc(stream, Gate::Hold, &gate) != cudaSuccess) return 5;
    if (cudaMemsetAsync(memory, 1, sizeof(int), stream) != cudaSuccess) return 6;
    if (cudaEventRecord(event, stream) != cudaSuccess) return 7;
    if (cudaIpcGetMemHandle(&handles.memory, memory) != cudaSuccess) return 8;
    if (cudaIpcGetEventHandle(&handles.event, event) != cudaSuccess) return 9;
    to_user.Send(handles);
    to_owner.Receive<char>();  // the user saw the event pending
    gate.Open();
    to_owner.Receive<char>();  // the user wrote
    return memory[1] == 77 ? 0 : 10;
  });
  const pid_t user = StartChild([&] {
    const auto handles = to_user.Receive<Handles>();
    int* memory;
    cudaEvent_t event;
    cudaStream_t stream;
    if (cudaIpcOpenMemHandle(reinterpret_cast<void**>(&memory), handles.memory, 1) != cudaSuccess) return 1;
    if (cudaIpcOpenEventHandle(&event, handles.event) != cudaSuccess) return 2;
    if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) != cudaSuccess) return 3;
    if (cudaEventQuery(event) != cudaErrorNotReady || memory[0] != 0) return 4;
    if (cudaStreamWaitEvent(stream, event, 0) != cudaSuccess) return 5;
    int seen = 0;
    to_owner.Send('p');
    if (cudaMemcpyAsync(&seen, memory, sizeof(int), cudaMemcpyDeviceToHost, stream) != cudaSuccess) return 6;
    if (seen != 0x01010101) return 7;
    memory[1] = 77;
    to_owner.Send('w');
    return cudaIpcCloseMemHandle(memory) == cudaSuccess ? 0 : 8;
  });
  EXPECT_EQ(0, ExitCode(owner));
  EXPECT_EQ(0, ExitCode(user));
}

TEST(ProcessTest, OpenedMemoryOutlivesItsKilledOwner) {
  Pipe to_user, to_owner;
  const pid_t owner = StartChild([&] {
    char* memory;
    cudaIpcMemHandle_t handle;
    cudaMalloc(&memory, 4096);
    cudaMemset(memory, 9, 4096);
    cudaDeviceSynchronize();
    cudaIpcGetMemHandle(&handle, memory);
    to_user.Send(handle);
    for (;;) pause();
    return 0;
  });
  const pid_t user = StartChild([&] {
    const auto handle = to_user.Receive<cudaIpcMemHandle_t>();
    char* memory;
    if (cudaIpcOpenMemHandle(reinterpret_cast<void**>(&memory), handle, 1) != cudaSuccess) return 1;
    to_owner.Send('o');
    to_user.Receive<char>();  // the owner is gone
    if (memory[4095] != 9) return 2;
    void* again;
    cudaIpcCloseMemHandle(memory);
    return cudaIpcOpenMemHandle(&again, handle, 1) == cudaErrorMapBufferObjectFailed ? 0 : 3;
  });
  to_owner.Receive<char>();
  kill(owner, SIGKILL);
  EXPECT_EQ(128 + SIGKILL, ExitCode(owner));
  to_user.Send('k');
  EXPECT_EQ(0, ExitCode(user));
}

}  // namespace
}  // namespace rankle::vgpu
