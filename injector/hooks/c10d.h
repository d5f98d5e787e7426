// PyTorch on CPU: collectives and sends of c10d's Gloo backend. They are C++ functions of libtorch_cpu.so
// that are called through virtual tables; the entries of those are filled in by the loader, by name, and so
// lead to our wrappers (c10d_exports.cc). Recorded as the operations of NCCL that they are
// (docs/frameworks.md).
//
// Layouts are not read: of a tensor, PyTorch's own C functions tell (aoti_torch_get_numel, ..._dtype); of a
// process group, PyTorch's Python code does, through the agent (rankleProcessGroupBegins).
#pragma once

#include <atomic>
#include <cstdint>

#include "injector/api/api.h"

namespace rankle::hooks {

// Where the tensors of an operation lie. A list is a std::vector<at::Tensor>: two pointers to its begin and
// end.
enum class TensorPlace : uint8_t { kNoTensor, kFirstList, kSecondList, kFirstTensor, kSecondTensor };
// Options of rooted operations begin with the root; ReduceOptions do not.
enum class PeerPlace : uint8_t { kNobody, kRootInSecond, kRootInThird, kPeerIsSecond };

// One call as the ABI hands it over (x86-64: result and object are pointers, six arguments in registers and
// the seventh on the stack; of an operation with fewer, the rest is whatever lay there and is passed on
// unread).
struct C10dCall {
  void* result = nullptr;  // where the intrusive_ptr<Work> is written
  void* group = nullptr;   // the ProcessGroupGloo
  void* arguments[5] = {};
};
using C10dFunction = void* (*)(void*, void*, void*, void*, void*, void*, void*);

struct C10dOperation {
  const char* symbol;
  const api::ApiInfo* info;
  TensorPlace tensors;
  PeerPlace peer;
};

// Runs one operation with faults and tracing.
void* RunC10d(const C10dOperation& operation, C10dFunction real, C10dCall& call, const void* caller);

// ---- The life of a piece of work. `work` is the address of the Work object.
// The operation that this thread is in has handed `work` to the threads of its group. Before they can begin
// it.
void C10dEnqueued(void* work);
void C10dStarted(void* work);
void C10dFinished(void* work);
// It ended with an exception, which its waiter will be thrown.
void C10dFailed(void* work);

// ---- The life of a process group.
// From PyTorch's Python code: what this thread makes now is the process group of that identity, which is the
// same on all its ranks and no other group's. nullptr: no more.
void C10dNameGroup(const char* identity, const char* name);
// The constructor, with faults and tracing: it waits until the whole group has met.
struct C10dCreation {
  void (*real)(void* group, void* store, int rank, int size, void* options) = nullptr;
  void* group = nullptr;
  void* store = nullptr;
  int rank = -1, size = -1;
  void* options = nullptr;
};
void RunC10dCreation(C10dCreation& creation, const void* caller);
void C10dGroupEnds(void* group);

// A function of libtorch_cpu.so; nullptr where that is not loaded.
void* FindInTorch(const char* name);
// The same, looked up once. (No static local with a guard: that would bring in the C++ runtime's exceptions.)
template <typename Function>
Function TorchFunction(std::atomic<void*>& slot, const char* name) {
  void* found = slot.load(std::memory_order_acquire);
  if (found == nullptr) slot.store(found = FindInTorch(name), std::memory_order_release);
  return reinterpret_cast<Function>(found);
}

}  // namespace rankle::hooks
