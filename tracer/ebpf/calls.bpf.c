// The kernel side of attached processes: one program at the entry and one at the return of every probed NCCL and
// CUDA function, in whatever file it lies. The attachment's cookie says which function it is (wire.h).
//
//  - Only processes in `targets` are looked at: a probe sits in a file, and other processes may use it too.
//  - One call deep, as the hooks: what NCCL asks of CUDA inside a call is passed over. A frame left by an
//    exception or longjmp is known by the stack pointer, as the kernel's own return probes do.
//  - Faults are decided here, at the call itself, so that the n-th call is exactly the n-th; the signal reaches
//    the thread before the function's body runs. What it decides is what injector/plan/decide.cc decides.
//  - Nothing waits: an event for which the ring buffer has no room is counted and lost.
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>

#include "tracer/ebpf/draw.h"
#include "tracer/ebpf/maps.bpf.h"
#include "tracer/ebpf/wire.h"

char LICENSE[] SEC("license") = "GPL";

enum { SIGNAL_STOP = 19, NCCL_IN_PROGRESS = 7 };

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, RANKLE_MAX_FAULTS);
  __type(key, ebpf_u32);
  __type(value, struct rankle_fault);
} faults SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, RANKLE_MAX_APIS);
  __type(key, ebpf_u32);
  __type(value, struct rankle_api_faults);
} api_faults SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RANKLE_MAX_TARGETS * 4);
  __type(key, struct rankle_count_key);
  __type(value, struct rankle_count);
} counts SEC(".maps");

// Faults that stop the process, for the thread that continues it and must not wait behind other events.
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 16);
} stops SEC(".maps");

// Bytes of an element by ncclDataType_t (injector/api/data_types.cc).
static const ebpf_u8 type_bytes[12] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2, 1, 1};

// The arguments of a call that lie in registers, by number + 1; what lies in memory reads as 0. The numbers that
// faults ask about (count, type, peer, root) and the handles all lie in registers.
struct arguments {
  ebpf_u64 word[8];
};

static __always_inline void read_registers(const struct pt_regs* registers, ebpf_u64* words) {
  words[0] = registers->rdi;
  words[1] = registers->rsi;
  words[2] = registers->rdx;
  words[3] = registers->rcx;
  words[4] = registers->r8;
  words[5] = registers->r9;
}

static __always_inline ebpf_u64 argument(const struct arguments* arguments, ebpf_u32 number) {
  return arguments->word[number & 7];
}

// -1 = the call has no payload.
static __always_inline ebpf_i64 payload(const struct arguments* arguments, const struct rankle_cookie* cookie) {
  if (cookie->bytes_kind == RANKLE_BYTES_SIZE) return argument(arguments, cookie->first);
  if (cookie->bytes_kind != RANKLE_BYTES_COUNT) return -1;
  const ebpf_u32 type = (ebpf_u32)argument(arguments, cookie->second);
  if (type >= sizeof(type_bytes)) return -1;
  return argument(arguments, cookie->first) * type_bytes[type];
}

static __always_inline int in_ranges(const struct rankle_ranges* ranges, ebpf_i64 value) {
  if (ranges->count == 0) return 1;
  for (ebpf_u32 i = 0; i < RANKLE_MAX_RANGES; ++i) {
    if (i < ranges->count && value >= ranges->range[i].first && value <= ranges->range[i].last) return 1;
  }
  return 0;
}

// The position of a call among those that the sorted ranges hold, from 0; -1 = not in them.
static __always_inline ebpf_i64 position_in(const struct rankle_ranges* ranges, ebpf_i64 call) {
  if (ranges->count == 0) return call - 1;
  ebpf_i64 before = 0;
  for (ebpf_u32 i = 0; i < RANKLE_MAX_RANGES; ++i) {
    if (i >= ranges->count) return -1;
    const struct rankle_range* const range = &ranges->range[i];
    if (call < range->first) return -1;
    if (call <= range->last) return before + (call - range->first);
    before += range->last - range->first + 1;
  }
  return -1;
}

// The key is a copy: a loop variable whose address is taken is one that the verifier loses sight of.
static __always_inline const struct rankle_fault* find_fault(ebpf_u32 index) {
  return bpf_map_lookup_elem(&faults, &index);
}

struct decision {
  int fires;
  ebpf_u64 call;
};

static __always_inline struct decision decide(const struct arguments* arguments, const struct rankle_cookie* cookie,
                                              const struct rankle_api_faults* aimed, ebpf_u32 process,
                                              const struct rankle_target* target, ebpf_u32 index,
                                              const struct rankle_fault* fault) {
  struct decision decision = {0, 0};
  if (fault->bytes.count != 0) {
    const ebpf_i64 bytes = payload(arguments, cookie);
    if (bytes < 0 || !in_ranges(&fault->bytes, bytes)) return decision;
  }
  if (fault->dtypes != 0) {
    const ebpf_u32 type = (ebpf_u32)argument(arguments, aimed->dtype);
    if (aimed->dtype == 0 || type > 31 || (fault->dtypes >> type & 1) == 0) return decision;
  }
  if (fault->peer != 0) {
    const ebpf_i32 peer = (ebpf_i32)argument(arguments, aimed->peer);
    if (aimed->peer == 0 || peer < 0 || !in_ranges(&fault->peers, peer)) return decision;
  }
  const struct rankle_count_key key = {process, index};
  struct rankle_count* count = bpf_map_lookup_elem(&counts, &key);
  if (!count) {
    const struct rankle_count none = {0, 0};
    bpf_map_update_elem(&counts, &key, &none, BPF_NOEXIST);
    count = bpf_map_lookup_elem(&counts, &key);
    if (!count) return decision;
  }
  decision.call = __sync_fetch_and_add(&count->matched, 1) + 1;
  const ebpf_i64 position = position_in(&fault->calls, decision.call);
  if (position < 0) return decision;
  if (fault->every > 1 && (ebpf_u64)position % fault->every != 0) return decision;
  const ebpf_u64 elapsed = bpf_ktime_get_ns() - target->start_ns;
  if (elapsed < fault->after_ns || elapsed > fault->until_ns) return decision;
  if (rankle_draw(fault->seed_key, target->rank, decision.call) >= fault->below) return decision;
  if (__sync_fetch_and_add(&count->fired, 1) >= fault->times) {
    __sync_fetch_and_add(&count->fired, -1);
    return decision;
  }
  decision.fires = 1;
  return decision;
}

static __always_inline void fill_fault(struct rankle_fault_event* event, ebpf_u16 api, ebpf_u32 index,
                                       const struct rankle_fault* fault, ebpf_u64 call) {
  rankle_fill_event(&event->event, RANKLE_EVENT_FAULT, api, call);
  event->fault = index;
  event->signal = fault->signal;
}

// Sends the fault's signal and tells of it. Whoever continues a stopped process hears of it first; without room for
// that nothing is sent, or nobody would continue it.
static __always_inline void fire(ebpf_u16 api, ebpf_u32 index, const struct rankle_fault* fault, ebpf_u64 call) {
  struct rankle_fault_event* const event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    rankle_add_counter(RANKLE_LOST_EVENTS);
    return;
  }
  fill_fault(event, api, index, fault, call);
  if (fault->signal == SIGNAL_STOP) {
    struct rankle_fault_event* const stop = bpf_ringbuf_reserve(&stops, sizeof(*stop), 0);
    if (!stop) {
      bpf_ringbuf_discard(event, 0);
      rankle_add_counter(RANKLE_LOST_EVENTS);
      return;
    }
    *stop = *event;
    bpf_ringbuf_submit(stop, BPF_RB_FORCE_WAKEUP);
  }
  bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
  bpf_send_signal(fault->signal);
}

// Faults that act at the call's return are left in the frame.
static __always_inline void inject(const struct arguments* arguments, const struct rankle_cookie* cookie,
                                   ebpf_u32 process, const struct rankle_target* target, struct frame* frame) {
  const ebpf_u32 api = cookie->api;
  const struct rankle_api_faults* const aimed = bpf_map_lookup_elem(&api_faults, &api);
  if (!aimed) return;
  const ebpf_u32 candidates = aimed->faults & target->faults;
  if (candidates == 0) return;
  for (ebpf_u32 index = 0; index < RANKLE_MAX_FAULTS; ++index) {
    if ((candidates >> index & 1) == 0) continue;
    const struct rankle_fault* const fault = find_fault(index);
    if (!fault) continue;
    const struct decision decision = decide(arguments, cookie, aimed, process, target, index, fault);
    if (!decision.fires) continue;
    if (fault->at_exit) {
      frame->exit_faults |= 1u << index;
      frame->exit_call = decision.call;
    } else {
      fire(cookie->api, index, fault, decision.call);
    }
  }
}

// The name of a communicator that is being made. The program's structure may be gone when the event is read.
static __always_inline void tell_name(const struct arguments* arguments, const struct rankle_cookie* cookie) {
  const ebpf_u64 config = argument(arguments, cookie->first);
  ebpf_u64 size = 0, name = 0;
  if (config == 0 || bpf_probe_read_user(&size, sizeof(size), (const void*)config) != 0) return;
  // Programs built with an older NCCL pass a shorter structure, which says how long it is.
  const ebpf_u64 offset = cookie->second * sizeof(ebpf_u64);
  if (size < offset + sizeof(name)) return;
  if (bpf_probe_read_user(&name, sizeof(name), (const void*)(config + offset)) != 0 || name == 0) return;
  struct rankle_name_event* const event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    rankle_add_counter(RANKLE_LOST_EVENTS);
    return;
  }
  rankle_fill_event(&event->event, RANKLE_EVENT_NAME, cookie->api, 0);
  __builtin_memset(event->name, 0, sizeof(event->name));
  bpf_probe_read_user_str(event->name, sizeof(event->name), (const void*)name);
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void note_caller(ebpf_u32 thread, ebpf_u8 waits_for_answer) {
  ebpf_u8* const known = bpf_map_lookup_elem(&callers, &thread);
  if (known)
    *known = waits_for_answer;
  else
    bpf_map_update_elem(&callers, &thread, &waits_for_answer, BPF_NOEXIST);
}

SEC("uprobe")
int on_enter(struct pt_regs* registers) {
  const ebpf_u64 id = bpf_get_current_pid_tgid();
  const ebpf_u32 process = id >> 32;
  const struct rankle_target* const target = bpf_map_lookup_elem(&targets, &process);
  if (!target || target->follow_only) return 0;

  const struct frame* const outer = bpf_map_lookup_elem(&frames, &id);
  if (outer && outer->stack_pointer > registers->rsp) {
    rankle_add_counter(RANKLE_NESTED_CALLS);
    return 0;
  }
  rankle_add_counter(RANKLE_SEEN_CALLS);

  union {
    ebpf_u64 word;
    struct rankle_cookie cookie;
  } attached = {.word = bpf_get_attach_cookie(registers)};
  struct arguments arguments = {};
  read_registers(registers, arguments.word + 1);
  struct frame frame = {.stack_pointer = registers->rsp,
                        .entered_ns = bpf_ktime_get_ns(),
                        .arguments = {registers->rdi, registers->rsi},
                        .out = argument(&arguments, attached.cookie.out_argument),
                        .cookie = attached.cookie};
  inject(&arguments, &attached.cookie, process, target, &frame);
  // Without a frame its return is not seen: then it is not told that it was entered either.
  if (bpf_map_update_elem(&frames, &id, &frame, BPF_ANY) != 0) {
    rankle_add_counter(RANKLE_LOST_THREADS);
    return 0;
  }

  if (attached.cookie.tell != RANKLE_TELL_BOTH) return 0;
  if (attached.cookie.bytes_kind == RANKLE_CONFIG) tell_name(&arguments, &attached.cookie);
  struct rankle_enter_event* const event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    rankle_add_counter(RANKLE_LOST_EVENTS);
    return 0;
  }
  ebpf_u64 caller = 0;
  bpf_probe_read_user(&caller, sizeof(caller), (const void*)registers->rsp);
  rankle_fill_event(&event->event, RANKLE_EVENT_ENTER, attached.cookie.api, caller);
  __builtin_memcpy(event->registers, arguments.word + 1, sizeof(event->registers));
  const void* const stack = (const void*)(registers->rsp + sizeof(ebpf_u64));
  if (attached.cookie.stack_words > 1)
    bpf_probe_read_user(event->stack, sizeof(event->stack), stack);
  else if (attached.cookie.stack_words == 1)
    bpf_probe_read_user(event->stack, sizeof(event->stack[0]), stack);
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);  // the reader comes by on its own
  return 0;
}

SEC("uretprobe")
int on_return(struct pt_regs* registers) {
  const ebpf_u64 id = bpf_get_current_pid_tgid();
  const struct frame* const frame = bpf_map_lookup_elem(&frames, &id);
  // The stack pointer is one word above that of the entry: the return address has been taken off.
  if (!frame || frame->stack_pointer + sizeof(ebpf_u64) != registers->rsp) return 0;
  const struct frame left = *frame;
  bpf_map_delete_elem(&frames, &id);
  // Whether a communicator has failed is asked in between: that is no answer of the device.
  if (left.cookie.tell != RANKLE_TELL_ERROR)
    note_caller((ebpf_u32)id, left.cookie.tell == RANKLE_TELL_SUCCESS && (ebpf_u32)registers->rax != 0);

  for (ebpf_u32 index = 0; left.exit_faults != 0 && index < RANKLE_MAX_FAULTS; ++index) {
    if ((left.exit_faults >> index & 1) == 0) continue;
    const struct rankle_fault* const fault = find_fault(index);
    if (fault) fire(left.cookie.api, index, fault, left.exit_call);
  }
  ebpf_u64 out = 0;
  if (left.out != 0 && left.cookie.out_bytes == 8)
    bpf_probe_read_user(&out, 8, (const void*)left.out);
  else if (left.out != 0)
    bpf_probe_read_user(&out, 4, (const void*)left.out);
  if (left.cookie.tell == RANKLE_TELL_SUCCESS && (ebpf_u32)registers->rax != 0) return 0;
  if (left.cookie.tell == RANKLE_TELL_ERROR && (out == 0 || out == NCCL_IN_PROGRESS)) return 0;
  struct rankle_return_event* const event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    rankle_add_counter(RANKLE_LOST_EVENTS);
    return 0;
  }
  rankle_fill_event(&event->event, RANKLE_EVENT_RETURN, left.cookie.api, registers->rax);
  event->entered_ns = left.entered_ns;
  event->out = out;
  event->arguments[0] = left.arguments[0];
  event->arguments[1] = left.arguments[1];
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
  return 0;
}
