// The profiler plugin interface, version 4, as plugins are compiled against it. The layout is fixed.
#pragma once

#include <nccl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace rankle::profiler_v4 {

using LoggerFn = void (*)(int level, unsigned long flags, const char* file, int line, const char* format,
                          ...);

struct EventDescr {
  uint8_t type;
  void* parentObj;
  int rank;
  union {
    struct {
      uint64_t seqNumber;
      const char* func;
      const void* sendBuff;
      void* recvBuff;
      size_t count;
      int root;
      const char* datatype;
      uint8_t nChannels;
      uint8_t nWarps;
      const char* algo;
      const char* proto;
    } coll;
    struct {
      const char* func;
      void* buff;
      const char* datatype;
      size_t count;
      int peer;
      uint8_t nChannels;
    } p2p;
    struct {
      pid_t pid;
      uint8_t channelId;
      int peer;
      int nSteps;
      int chunkSize;
      int isSend;
    } proxyOp;
    struct {
      int step;
    } proxyStep;
    struct {
      uint8_t channelId;
      uint64_t pTimer;
    } kernelCh;
    struct {
      int64_t id;
      void* data;
    } netPlugin;
  };
};

union StateArgs {
  struct {
    size_t transSize;
  } proxyStep;
  struct {
    int appendedProxyOps;
  } proxyCtrl;
  struct {
    void* data;
  } netPlugin;
  struct {
    uint64_t pTimer;
  } kernelCh;
};

struct Plugin {
  const char* name;
  ncclResult_t (*init)(void** context, int* mask, const char* commName, uint64_t commHash, int nNodes,
                       int nranks, int rank, LoggerFn logger);
  ncclResult_t (*startEvent)(void* context, void** handle, EventDescr* descr);
  ncclResult_t (*stopEvent)(void* handle);
  ncclResult_t (*recordEventState)(void* handle, int state, StateArgs* args);
  ncclResult_t (*finalize)(void* context);
};

}  // namespace rankle::profiler_v4
