// One call through librankle-libc.so, and its way: faults decided and acted before -> entered -> real
// function
// -> returned -> faults acted after. What the wrappers (intercept.h) have in common, without their types.
#pragma once

#include <cstdint>

#include "injector/sites/call_site.h"
#include "injector/sites/calls.h"
#include "tracer/sites/recorder.h"

namespace rankle::sites {

struct Visit {
  const Call* call = nullptr;
  CallFrame at;
  void* const* arguments = nullptr;          // address of each, in the order of the prototype
  int64_t (*invoke)(void* frame) = nullptr;  // the real function with the arguments as they are now
  void* frame = nullptr;                     // the arguments lie inside it
  // What the call came to; errno is `error`. nullptr: as calls.h says.
  Outcome (*outcome)(const Visit& visit, int64_t result, int error) = nullptr;
  SiteEntry* site = nullptr;  // nullptr: the table is full

  template <typename T>
  T& Argument(int position) const {
    return *static_cast<T*>(arguments[position]);
  }
  int64_t Invoke() const { return invoke(frame); }
  // The bytes that the call is to move, 0 = none, or unknown. Reads what the program's pointers point to.
  uint64_t Asked() const;
};

// Runs the call; the thread is inside the hook. errno is afterwards as the real function (or the fault) left
// it.
int64_t Run(Visit& visit);

// The site of a call, made when it is new; nullptr when there is no room. `caller`: see CallerOf.
SiteEntry* SiteOf(uint16_t api, uint64_t address, uint64_t caller);

// Records the call and makes it.
int64_t Trace(const Visit& visit);

// act.cc. Runs a call at which faults are aimed.
int64_t RunWithFaults(Visit& visit);

}  // namespace rankle::sites
