// A call as the kernel side saw it, with its arguments by their place in the prototype. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "injector/api/api.h"
#include "tracer/ebpf/wire.h"

namespace rankle::ebpf {

// Does the function take an ncclUniqueId by value: 128 bytes on the stack?
bool TakesUniqueId(uint16_t api);

class Call {
 public:
  // nullptr `info`: a function that this program does not know; such events are not passed on.
  Call(const api::ApiInfo& info, const rankle_enter_event& event) : info_(&info), event_(&event) {}

  const api::ApiInfo& info() const { return *info_; }
  uint16_t api() const { return info_->id; }
  uint32_t thread() const { return event_->event.thread; }
  uint64_t entered_ns() const { return event_->event.time_ns; }
  uint64_t caller() const { return event_->event.value; }
  bool In(uint32_t groups) const { return (info_->groups & groups) != 0; }
  bool IsOperation() const { return In(api::kCollective | api::kP2p); }

  // The word at that position of the prototype, 0 when it was not read. x86-64: the first six lie in
  // registers. A struct by value (ncclUniqueId) lies in memory and takes no register: those after it move up.
  uint64_t Word(int position) const;
  int32_t Int(int position) const { return static_cast<int32_t>(Word(position)); }
  uint64_t comm() const { return Word(info_->args.comm); }
  uint64_t stream() const { return Word(info_->args.stream); }
  bool has_stream() const { return info_->args.stream >= 0; }

  // The bytes of the ncclUniqueId that the call takes by value; empty for others.
  std::string_view unique_id() const;

 private:
  const api::ApiInfo* info_;
  const rankle_enter_event* event_;
};

}  // namespace rankle::ebpf
