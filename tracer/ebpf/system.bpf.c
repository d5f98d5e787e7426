// The kernel side of what is not a call: the life of processes, signals, waiting for a CPU, page faults, TCP
// retransmits, requests to disks, shortage of memory. Each program is optional: the loader leaves out those whose tracepoint this kernel lacks, and says
// so. Fields of kernel structures are found through BTF (CO-RE); only those that are read are declared.
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "tracer/ebpf/maps.bpf.h"
#include "tracer/ebpf/wire.h"

char LICENSE[] SEC("license") = "GPL";

enum { TASK_ASLEEP = 1 | 2 /* interruptible or not; stopped and frozen are neither */ };
enum { SIGNAL_STOP = 19, SIGNAL_CHILD = 17, SIGNAL_FIRST_REALTIME = 32, GROUP_EXIT = 4 /* signal_struct.flags */ };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
typedef struct {
  int counter;
} atomic_t;
struct signal_struct {
  atomic_t live;  // threads that have not ended
  int group_exit_code;
  unsigned int flags;
};
struct task_struct {
  unsigned int __state;  // 0 = runnable
  int pid;               // thread
  int tgid;              // process
  int exit_code;
  struct signal_struct* signal;
  unsigned in_iowait : 1;  // asleep until a block device, or a file system over the network, answers
};
struct inode {
  unsigned long i_ino;
};
struct file {
  struct inode* f_inode;
};
struct socket {
  struct file* file;
};
struct sock_common {
  ebpf_u32 skc_daddr;
  ebpf_u16 skc_dport;
  unsigned short skc_family;
};
struct sock {
  struct sock_common __sk_common;
  struct socket* sk_socket;
};
#pragma clang attribute pop

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RANKLE_MAX_TARGETS);
  __type(key, ebpf_u32);  // process
  __type(value, struct rankle_waits);
} waits SEC(".maps");

// Since when a thread of a target has not been running, and what for.
struct idle_since {
  ebpf_u64 time_ns;
  ebpf_u32 runnable;
  ebpf_u16 away;  // it calls NCCL or CUDA, and sleeps outside of these calls
  ebpf_u16 disk;
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RANKLE_MAX_THREADS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, ebpf_u32);  // thread
  __type(value, struct idle_since);
} idle SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, ebpf_u64);  // inode of the socket: what /proc/PID/fd shows
  __type(value, struct rankle_retransmits);
} retransmits SEC(".maps");

// Since when a thread of a target frees memory.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, ebpf_u32);  // thread
  __type(value, ebpf_u64);
} reclaiming SEC(".maps");

struct disk_request {
  ebpf_u64 time_ns;
  ebpf_u32 process;
  ebpf_u32 reserved;
};
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, ebpf_u64);  // address of the request: it is used for another one only when this one is done
  __type(value, struct disk_request);
} disk_requests SEC(".maps");

static __always_inline struct rankle_target* target_of(ebpf_u32 process) {
  return bpf_map_lookup_elem(&targets, &process);
}

static __always_inline struct rankle_waits* waits_of(ebpf_u32 process) {
  struct rankle_waits* found = bpf_map_lookup_elem(&waits, &process);
  if (found) return found;
  const struct rankle_waits none = {};
  bpf_map_update_elem(&waits, &process, &none, BPF_NOEXIST);
  return bpf_map_lookup_elem(&waits, &process);
}

static __always_inline void tell(ebpf_u32 kind, ebpf_u32 process, ebpf_u32 thread, ebpf_u64 value, ebpf_u16 held) {
  struct rankle_event* const event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    rankle_add_counter(RANKLE_LOST_EVENTS);
    return;
  }
  rankle_fill_event(event, kind, 0, value);
  event->process = process;
  event->thread = thread;
  event->held = held;
  bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

// A new process of the job is a target before it runs for the first time: none of its calls is missed.
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args* context) {
  const struct task_struct* const parent = (const void*)context->args[0];
  const struct task_struct* const child = (const void*)context->args[1];
  const ebpf_u32 process = BPF_CORE_READ(child, tgid), thread = BPF_CORE_READ(child, pid);
  if (process != thread) return 0;  // a thread
  const ebpf_u32 parent_process = BPF_CORE_READ(parent, tgid);
  const struct rankle_target* const target = target_of(parent_process);
  if (!target) return 0;
  struct rankle_target inherited = *target;
  inherited.follow_only = 0;
  inherited.start_ns = bpf_ktime_get_ns();
  if (bpf_map_update_elem(&targets, &process, &inherited, BPF_ANY) != 0) {
    rankle_add_counter(RANKLE_LOST_TARGETS);
    return 0;
  }
  tell(RANKLE_EVENT_FORK, parent_process, process, process, 0);
  return 0;
}

// Stops the process when the loader wants to look at it before it goes on.
static __always_inline void tell_and_hold(ebpf_u32 kind) {
  const ebpf_u64 id = bpf_get_current_pid_tgid();
  const struct rankle_target* const target = target_of(id >> 32);
  if (!target || target->follow_only) return;
  const int held = target->hold && bpf_send_signal(SIGNAL_STOP) == 0;
  tell(kind, id >> 32, (ebpf_u32)id, 0, held);
}

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args* context) {
  tell_and_hold(RANKLE_EVENT_EXEC);
  return 0;
}

// At _dl_debug_state of the dynamic loader, which it calls for debuggers after every change of its list.
SEC("uprobe")
int on_library(struct pt_regs* registers) {
  tell_and_hold(RANKLE_EVENT_LIBRARY);
  return 0;
}

SEC("raw_tp/sched_process_exit")
int on_end(struct bpf_raw_tracepoint_args* context) {
  const struct task_struct* const task = (const void*)context->args[0];
  const ebpf_u32 process = BPF_CORE_READ(task, tgid), thread = BPF_CORE_READ(task, pid);
  if (!target_of(process)) return 0;
  bpf_map_delete_elem(&idle, &thread);
  bpf_map_delete_elem(&callers, &thread);
  bpf_map_delete_elem(&reclaiming, &thread);
  if (BPF_CORE_READ(task, signal, live.counter) != 0) return 0;
  const ebpf_u32 status = BPF_CORE_READ(task, signal, flags) & GROUP_EXIT
                              ? BPF_CORE_READ(task, signal, group_exit_code)
                              : BPF_CORE_READ(task, exit_code);
  tell(RANKLE_EVENT_END, process, thread, status, 0);
  bpf_map_delete_elem(&targets, &process);
  return 0;
}

SEC("raw_tp/signal_generate")
int on_signal(struct bpf_raw_tracepoint_args* context) {
  const ebpf_u32 signal = (ebpf_u32)context->args[0];
  if (signal == SIGNAL_CHILD || signal >= SIGNAL_FIRST_REALTIME) return 0;
  const struct task_struct* const receiver = (const void*)context->args[2];
  const ebpf_u32 process = BPF_CORE_READ(receiver, tgid);
  const struct rankle_target* const target = target_of(process);
  if (target && !target->follow_only)
    tell(RANKLE_EVENT_SIGNAL, process, bpf_get_current_pid_tgid() >> 32, signal, 0);
  return 0;
}

SEC("raw_tp/mark_victim")
int on_oom_victim(struct bpf_raw_tracepoint_args* context) {
  const struct task_struct* const victim = (const void*)context->args[0];
  const ebpf_u32 process = BPF_CORE_READ(victim, tgid);
  if (target_of(process)) tell(RANKLE_EVENT_OOM, process, 0, 0, 0);
  return 0;
}

static __always_inline void add_sleep(struct rankle_waits* total, const struct idle_since* since, ebpf_u64 slept_ns) {
  __sync_fetch_and_add(&total->off_cpu_ns, slept_ns);
  if (since->away) __sync_fetch_and_add(&total->away_ns, slept_ns);
  if (since->disk) __sync_fetch_and_add(&total->disk_wait_ns, slept_ns);
}

static __always_inline int is_away(ebpf_u32 process, ebpf_u32 thread) {
  const ebpf_u64 both = (ebpf_u64)process << 32 | thread;
  const ebpf_u8* const waits_for_answer = bpf_map_lookup_elem(&callers, &thread);
  return waits_for_answer && *waits_for_answer == 0 && !bpf_map_lookup_elem(&frames, &both);
}

SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args* context) {
  const int preempted = (int)context->args[0];
  const struct task_struct* const previous = (const void*)context->args[1];
  const struct task_struct* const next = (const void*)context->args[2];
  const ebpf_u64 now = bpf_ktime_get_ns();
  const ebpf_u32 leaves = BPF_CORE_READ(previous, tgid);
  if (target_of(leaves)) {
    const ebpf_u32 thread = BPF_CORE_READ(previous, pid), state = BPF_CORE_READ(previous, __state);
    const int asleep = !preempted && (state & TASK_ASLEEP) != 0;
    const struct idle_since since = {.time_ns = now,
                                     .runnable = preempted || state == 0,
                                     .away = asleep && is_away(leaves, thread),
                                     .disk = asleep && BPF_CORE_READ_BITFIELD_PROBED(previous, in_iowait)};
    bpf_map_update_elem(&idle, &thread, &since, BPF_ANY);
  }
  const ebpf_u32 process = BPF_CORE_READ(next, tgid), thread = BPF_CORE_READ(next, pid);
  if (!target_of(process)) return 0;
  const struct idle_since* const since = bpf_map_lookup_elem(&idle, &thread);
  struct rankle_waits* const total = waits_of(process);
  if (since && total && now > since->time_ns) {
    if (since->runnable)
      __sync_fetch_and_add(&total->run_queue_ns, now - since->time_ns);
    else
      add_sleep(total, since, now - since->time_ns);
    __sync_fetch_and_add(&total->switches, 1);
  }
  bpf_map_delete_elem(&idle, &thread);
  return 0;
}

SEC("raw_tp/sched_wakeup")
int on_wakeup(struct bpf_raw_tracepoint_args* context) {
  const struct task_struct* const woken = (const void*)context->args[0];
  const ebpf_u32 process = BPF_CORE_READ(woken, tgid), thread = BPF_CORE_READ(woken, pid);
  if (!target_of(process)) return 0;
  struct idle_since* const since = bpf_map_lookup_elem(&idle, &thread);
  struct rankle_waits* const total = waits_of(process);
  if (!since || !total || since->runnable) return 0;
  const ebpf_u64 now = bpf_ktime_get_ns();
  if (now > since->time_ns) add_sleep(total, since, now - since->time_ns);
  since->time_ns = now;
  since->runnable = 1;
  return 0;
}

SEC("raw_tp/page_fault_user")
int on_page_fault(struct bpf_raw_tracepoint_args* context) {
  const ebpf_u32 process = bpf_get_current_pid_tgid() >> 32;
  if (!target_of(process)) return 0;
  struct rankle_waits* const total = waits_of(process);
  if (total) __sync_fetch_and_add(&total->page_faults, 1);
  return 0;
}

// Memory that is freed by the thread that wants some, before it gets it: of the whole machine, or of a control group.
static __always_inline int begin_reclaim(void) {
  const ebpf_u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
  const ebpf_u32 thread = (ebpf_u32)id;
  if (target_of(id >> 32)) bpf_map_update_elem(&reclaiming, &thread, &now, BPF_ANY);
  return 0;
}

static __always_inline int end_reclaim(void) {
  const ebpf_u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
  const ebpf_u32 thread = (ebpf_u32)id;
  const ebpf_u64* const since = bpf_map_lookup_elem(&reclaiming, &thread);
  if (!since) return 0;
  struct rankle_waits* const total = waits_of(id >> 32);
  if (total && now > *since) __sync_fetch_and_add(&total->reclaim_ns, now - *since);
  bpf_map_delete_elem(&reclaiming, &thread);
  return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int on_reclaim(struct bpf_raw_tracepoint_args* context) { return begin_reclaim(); }
SEC("raw_tp/mm_vmscan_direct_reclaim_end")
int on_reclaim_end(struct bpf_raw_tracepoint_args* context) { return end_reclaim(); }
SEC("raw_tp/mm_vmscan_memcg_reclaim_begin")
int on_group_reclaim(struct bpf_raw_tracepoint_args* context) { return begin_reclaim(); }
SEC("raw_tp/mm_vmscan_memcg_reclaim_end")
int on_group_reclaim_end(struct bpf_raw_tracepoint_args* context) { return end_reclaim(); }

// Requests that the process itself makes: reads that miss the page cache, direct and synchronous writes. What the
// kernel writes back later on its own keeps nobody waiting, and is not counted.
SEC("raw_tp/block_io_start")
int on_disk_request(struct bpf_raw_tracepoint_args* context) {
  const ebpf_u64 request = context->args[0];
  const struct disk_request made = {.time_ns = bpf_ktime_get_ns(), .process = bpf_get_current_pid_tgid() >> 32};
  if (target_of(made.process)) bpf_map_update_elem(&disk_requests, &request, &made, BPF_ANY);
  return 0;
}

// Runs in whatever process the device interrupted.
SEC("raw_tp/block_io_done")
int on_disk_answer(struct bpf_raw_tracepoint_args* context) {
  const ebpf_u64 request = context->args[0];
  const struct disk_request* const made = bpf_map_lookup_elem(&disk_requests, &request);
  if (!made) return 0;
  const ebpf_u64 took_ns = bpf_ktime_get_ns() - made->time_ns;
  struct rankle_waits* const total = waits_of(made->process);
  if (total) {
    __sync_fetch_and_add(&total->disk_requests, 1);
    __sync_fetch_and_add(&total->disk_request_ns, took_ns);
    if (took_ns > total->disk_longest_ns) total->disk_longest_ns = took_ns;
  }
  bpf_map_delete_elem(&disk_requests, &request);
  return 0;
}

// Runs in whatever process the timer interrupted: the owner of the socket is found by its inode, later.
SEC("raw_tp/tcp_retransmit_skb")
int on_retransmit(struct bpf_raw_tracepoint_args* context) {
  const struct sock* const sock = (const void*)context->args[0];
  const ebpf_u64 inode = BPF_CORE_READ(sock, sk_socket, file, f_inode, i_ino);
  if (inode == 0) return 0;  // the program has closed it
  struct rankle_retransmits* const known = bpf_map_lookup_elem(&retransmits, &inode);
  if (known) {
    __sync_fetch_and_add(&known->count, 1);
    return 0;
  }
  const struct rankle_retransmits first = {.count = 1,
                                           .peer_v4 = BPF_CORE_READ(sock, __sk_common.skc_daddr),
                                           .peer_port = BPF_CORE_READ(sock, __sk_common.skc_dport),
                                           .family = BPF_CORE_READ(sock, __sk_common.skc_family)};
  bpf_map_update_elem(&retransmits, &inode, &first, BPF_NOEXIST);
  return 0;
}
