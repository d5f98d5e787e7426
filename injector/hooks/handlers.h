// Which hand-written logic a function needs beside its record. Everything else is a plain call.
#pragma once

#include "injector/api/table.h"
#include "injector/hooks/call.h"

namespace rankle::hooks {

// trace.cc: operations, calls that block, everything else (recorded only when it fails).
int TraceOperation(HookCall& call);
int TraceBlocking(HookCall& call);
int TracePlain(HookCall& call);
// Without any record, also when it fails: questions whose answers are not errors of the program.
int PassOn(HookCall& call);
// How many devices are there? That there is none, or no driver, is an answer: libraries ask on machines
// without a GPU.
int OnDeviceCount(HookCall& call);

// comm_hooks.cc: the life of communicators.
int OnCommInitRank(HookCall& call);
int OnCommInitRankScalable(HookCall& call);
int OnCommInitAll(HookCall& call);
int OnCommSplit(HookCall& call);
int OnCommShrink(HookCall& call);
int OnCommGrow(HookCall& call);
int OnCommEnd(HookCall& call);
int OnAsyncError(HookCall& call);
// group_hooks.cc
int OnGroupStart(HookCall& call);
int OnGroupEnd(HookCall& call);
// memory_hooks.cc
int OnAllocate(HookCall& call);
int OnFree(HookCall& call);
// graph_hooks.cc
int OnBeginCapture(HookCall& call);
int OnEndCapture(HookCall& call);
int OnGraphCopy(HookCall& call);
int OnGraphLaunch(HookCall& call);
int OnGraphDestroy(HookCall& call);
// entry_point_hooks.cc
int OnDriverEntryPoint(HookCall& call);

consteval Handler HandlerOf(const api::ApiInfo& info) {
  using api::IdOf;
  switch (info.id) {
    case IdOf("ncclCommInitRank"):
    case IdOf("ncclCommInitRankConfig"):
      return OnCommInitRank;
    case IdOf("ncclCommInitRankScalable"):
      return OnCommInitRankScalable;
    case IdOf("ncclCommInitAll"):
      return OnCommInitAll;
    case IdOf("ncclCommSplit"):
      return OnCommSplit;
    case IdOf("ncclCommShrink"):
      return OnCommShrink;
    case IdOf("ncclCommGrow"):
      return OnCommGrow;
    case IdOf("ncclCommGetAsyncError"):
      return OnAsyncError;
    case IdOf("ncclGroupStart"):
      return OnGroupStart;
    case IdOf("ncclGroupEnd"):
      return OnGroupEnd;
    case IdOf("cudaStreamBeginCapture"):
    case IdOf("cuStreamBeginCapture"):
      return OnBeginCapture;
    case IdOf("cudaStreamEndCapture"):
    case IdOf("cuStreamEndCapture"):
      return OnEndCapture;
    case IdOf("cudaGraphClone"):
    case IdOf("cudaGraphInstantiate"):
    case IdOf("cudaGraphInstantiateWithFlags"):
    case IdOf("cudaGraphInstantiateWithParams"):
    case IdOf("cuGraphInstantiate"):
    case IdOf("cuGraphInstantiateWithParams"):
      return OnGraphCopy;
    case IdOf("cudaGraphLaunch"):
    case IdOf("cuGraphLaunch"):
      return OnGraphLaunch;
    case IdOf("cudaGraphDestroy"):
    case IdOf("cudaGraphExecDestroy"):
    case IdOf("cuGraphDestroy"):
    case IdOf("cuGraphExecDestroy"):
      return OnGraphDestroy;
    case IdOf("cudaGetDriverEntryPoint"):
    case IdOf("cudaGetDriverEntryPointByVersion"):
    case IdOf("cuGetProcAddress"):
      return OnDriverEntryPoint;
    case IdOf("cudaGetDeviceCount"):
      return OnDeviceCount;
    case IdOf("cudaGetLastError"):
    case IdOf("cudaPeekAtLastError"):
    case IdOf("cudaDeviceEnablePeerAccess"):  // "already enabled" is an everyday answer
      return PassOn;
    default:
      break;
  }
  if (info.groups & (api::kCollective | api::kP2p)) return TraceOperation;
  if (info.groups & api::kCommEnd) return OnCommEnd;
  if (info.groups & api::kMalloc) return OnAllocate;
  if (info.groups & api::kFree) return OnFree;
  return info.blocking ? TraceBlocking : TracePlain;
}

}  // namespace rankle::hooks
