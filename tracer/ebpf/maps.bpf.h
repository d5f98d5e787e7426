// The maps that the BPF objects share: the loader opens them once and hands them to the second object.
#ifndef RANKLE_TRACER_EBPF_MAPS_BPF_H_
#define RANKLE_TRACER_EBPF_MAPS_BPF_H_

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>

#include "tracer/ebpf/wire.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 23);  // 8 MiB; the loader may ask for another size
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RANKLE_MAX_TARGETS);
  __type(key, ebpf_u32);  // process
  __type(value, struct rankle_target);
} targets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, RANKLE_COUNTERS);
  __type(key, ebpf_u32);
  __type(value, ebpf_u64);
} counters SEC(".maps");

// The outermost probed call that a thread is inside.
struct frame {
  ebpf_u64 stack_pointer;  // at entry: points to the return address
  ebpf_u64 entered_ns;
  ebpf_u64 out;  // address of the output argument, 0 = none
  ebpf_u64 arguments[2];
  struct rankle_cookie cookie;
  ebpf_u64 exit_call;    // number of the call for those of the next line
  ebpf_u32 exit_faults;  // which faults fire when it returns
  ebpf_u32 reserved;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RANKLE_MAX_THREADS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, ebpf_u64);  // process << 32 | thread
  __type(value, struct frame);
} frames SEC(".maps");

// Threads that have made a probed call, and whether the last answer they were given was "not done yet": what
// they sleep until they ask again is waiting for the device. Full: the time of further ones outside calls is
// not told.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RANKLE_MAX_THREADS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, ebpf_u32);   // thread
  __type(value, ebpf_u8);  // 1: it waits between questions
} callers SEC(".maps");

static __always_inline void rankle_add_counter(ebpf_u32 which) {
  ebpf_u64* const counter = bpf_map_lookup_elem(&counters, &which);
  if (counter) ++*counter;
}

static __always_inline void rankle_fill_event(struct rankle_event* event, ebpf_u32 kind, ebpf_u16 api,
                                              ebpf_u64 value) {
  const ebpf_u64 id = bpf_get_current_pid_tgid();
  event->kind = kind;
  event->process = id >> 32;
  event->thread = (ebpf_u32)id;
  event->api = api;
  event->held = 0;
  event->time_ns = bpf_ktime_get_ns();
  event->value = value;
}

#endif  // RANKLE_TRACER_EBPF_MAPS_BPF_H_
