// One intercepted call, as the hand-written logic sees it: which function, where its arguments lie (they may
// be changed before the real function runs), and how to run the real function. Plain data; lives on the stack
// of the wrapper, or, for a call that is held back (`swap`), in a copy.
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <cstddef>
#include <cstdint>

#include "injector/api/api.h"

namespace rankle::hooks {

struct HookCall {
  const api::ApiInfo* info = nullptr;
  void* const* arguments = nullptr;      // address of each argument, in the order of the prototype
  int (*invoke)(void* frame) = nullptr;  // calls the real function with the arguments as they are now
  void* frame = nullptr;                 // trivially copyable; the arguments lie inside it
  uint32_t frame_bytes = 0;
  uint32_t argument_count = 0;
  const void* caller = nullptr;         // return address of the wrapper
  const void* wrapper_frame = nullptr;  // frame address of the wrapper; nullptr: a mark, no call
  void* site = nullptr;                 // its site record (injector/sites/feed.h), where there is one
  uint64_t site_id = 0;                 // 0 = none
  const char* python = nullptr;  // rankleCallPython: "module:qualname" of the function, its stack for plans
  uint64_t site_entered_ns = 0;  // 0 = not yet: a fault still holds the call up
  bool arguments_are_told = false;  // a call of c10d: the arguments are what is known of it, not what it gets
  uint32_t sampled_seq = 0;         // the operation's number when its result is to be sampled, else 0

  int Invoke() const { return invoke(frame); }

  template <typename T>
  T& Argument(int position) const {
    return *static_cast<T*>(arguments[position]);
  }
  // The argument of that role, or `absent` when the function has none.
  template <typename T>
  T Get(int position, T absent) const {
    return position < 0 ? absent : Argument<T>(position);
  }

  ncclComm_t comm() const { return Get<ncclComm_t>(info->args.comm, nullptr); }
  cudaStream_t stream() const {
    return info->args.stream >= 0 ? Argument<cudaStream_t>(info->args.stream) : StreamInsideConfig();
  }
  bool has_stream() const { return info->args.stream >= 0 || HasStreamInsideConfig(); }
  size_t count() const { return Get<size_t>(info->args.count, 0); }
  int dtype() const { return Get<int>(info->args.dtype, -1); }
  int redop() const { return Get<int>(info->args.redop, -1); }
  int root() const { return Get<int>(info->args.root, -1); }
  int peer() const { return Get<int>(info->args.peer, -1); }
  const void* sendbuf() const { return Get<const void*>(info->args.sendbuf, nullptr); }
  void* recvbuf() const { return Get<void*>(info->args.recvbuf, nullptr); }
  // Payload: count x element size, or the size argument; -1 when the call has neither.
  int64_t bytes() const;

  bool In(uint32_t groups) const { return (info->groups & groups) != 0; }
  bool IsOperation() const { return In(api::kCollective | api::kP2p); }
  // Did a result of this function mean an error? In-progress and not-ready answers are none.
  bool Failed(int result) const { return result != 0 && IsError(result); }

 private:
  bool IsError(int result) const;
  // Launches with a configuration struct have their stream in it.
  bool HasStreamInsideConfig() const;
  cudaStream_t StreamInsideConfig() const;
};

// What runs a call once faults have been decided: traces it and does what else this function needs.
using Handler = int (*)(HookCall& call);

// The results that stand for "there is no such function in the loaded library".
int MissingResult(api::Library library);

}  // namespace rankle::hooks
