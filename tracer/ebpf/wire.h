// What the BPF programs (*.bpf.c) and the process that loads them share: events of the ring buffer, the
// target table, the fault table. Plain C with fixed widths and no pointers: clang compiles it for BPF, g++
// for the host. Both sides come from one build, so there is no version.
#ifndef RANKLE_TRACER_EBPF_WIRE_H_
#define RANKLE_TRACER_EBPF_WIRE_H_

#ifdef __cplusplus
#include <cstdint>
typedef uint8_t ebpf_u8;
typedef uint16_t ebpf_u16;
typedef uint32_t ebpf_u32;
typedef uint64_t ebpf_u64;
typedef int64_t ebpf_i64;
typedef int32_t ebpf_i32;
#else
typedef __u8 ebpf_u8;
typedef __u16 ebpf_u16;
typedef __u32 ebpf_u32;
typedef __u64 ebpf_u64;
typedef __s64 ebpf_i64;
typedef __s32 ebpf_i32;
#endif

enum {
  RANKLE_REGISTER_ARGUMENTS = 6,  // x86-64: rdi rsi rdx rcx r8 r9
  RANKLE_STACK_WORDS = 17,        // what follows the return address; a ncclUniqueId by value is 16 of them
  RANKLE_NAME_BYTES = 64,         // of a communicator, NUL included
  RANKLE_MAX_FAULTS = 32,         // of one plan: a bit each in the target table
  RANKLE_MAX_RANGES = 4,          // of one list of a fault
  RANKLE_MAX_TARGETS = 4096,      // processes
  RANKLE_MAX_THREADS = 65536,     // threads inside a probed call at the same time
  RANKLE_MAX_APIS = 1024,         // ids of injector/api/api.h
};

enum rankle_event_kind {
  RANKLE_EVENT_ENTER = 1,    // rankle_enter_event
  RANKLE_EVENT_RETURN = 2,   // rankle_return_event
  RANKLE_EVENT_FAULT = 3,    // rankle_fault_event: comes before the call's ENTER
  RANKLE_EVENT_FORK = 4,     // value = new process; the header is the parent's
  RANKLE_EVENT_EXEC = 5,     // another program in the process
  RANKLE_EVENT_LIBRARY = 6,  // the loader has mapped or unmapped a library
  RANKLE_EVENT_END = 7,      // the last thread has gone; value = wait status
  RANKLE_EVENT_SIGNAL = 8,   // a signal was sent to the process; value = its number
  RANKLE_EVENT_OOM = 9,      // the kernel's out-of-memory killer chose the process
  RANKLE_EVENT_NAME =
      10,  // rankle_name_event: comes before the ENTER of the call that makes the communicator
};

struct rankle_event {
  ebpf_u32 kind;
  ebpf_u32 process;  // numbers of the initial pid namespace
  ebpf_u32 thread;
  ebpf_u16 api;
  ebpf_u16 held;     // the process was stopped (SIGSTOP) and waits for us to continue it
  ebpf_u64 time_ns;  // CLOCK_MONOTONIC
  ebpf_u64 value;
};

struct rankle_enter_event {
  struct rankle_event event;  // value = return address
  ebpf_u64 registers[RANKLE_REGISTER_ARGUMENTS];
  ebpf_u64 stack[RANKLE_STACK_WORDS];
};

struct rankle_return_event {
  struct rankle_event event;  // value = what the function returned
  ebpf_u64 entered_ns;
  ebpf_u64 out;           // what the call's output argument points to now
  ebpf_u64 arguments[2];  // its first two, for calls whose ENTER is not told
};

struct rankle_name_event {
  struct rankle_event event;
  char name[RANKLE_NAME_BYTES];  // ncclConfig_t.commName
};

struct rankle_fault_event {
  struct rankle_event event;  // value = number of the matching call, from 1
  ebpf_u32 fault;             // index in the plan
  ebpf_u32 signal;            // what was sent
};

// How a probe of a function is told apart: the cookie of its attachment.
struct rankle_cookie {
  ebpf_u16 api;
  ebpf_u8 out_argument : 4;  // number + 1 of the pointer argument that receives a handle or result; 0 = none
  ebpf_u8 out_bytes : 4;     // 4 or 8
  ebpf_u8 stack_words;       // how much of the stack holds arguments
  ebpf_u8 bytes_kind : 4;    // RANKLE_BYTES_*
  ebpf_u8 tell : 4;          // RANKLE_TELL_*
  ebpf_u8 first, second;     // numbers of the arguments that make up the payload: see RANKLE_BYTES_*
};
// What is told of a call. Programs poll: of questions only the answers that mean something are worth an
// event.
enum {
  RANKLE_TELL_BOTH = 0,     // its entry and its return
  RANKLE_TELL_SUCCESS = 1,  // its return, when it returned 0
  RANKLE_TELL_ERROR = 2,  // its return, when its output argument holds an error: neither 0 nor ncclInProgress
};
// Payload of a call, in bytes.
enum {
  RANKLE_BYTES_NONE = 0,
  RANKLE_BYTES_SIZE = 1,   // first
  RANKLE_BYTES_COUNT = 2,  // first x size of type second
  RANKLE_CONFIG = 3,       // no payload: first is an ncclConfig_t*, its name lies `second` words into it
};

// A process whose calls are seen.
struct rankle_target {
  ebpf_u32 faults;      // bit i: fault i may fire here (its rank, host, ... match)
  ebpf_i32 rank;        // -1 = unknown; part of what a draw depends on
  ebpf_u8 follow_only;  // only its children are traced
  ebpf_u8 hold;         // stop it at exec and at new libraries, until we have looked
  ebpf_u16 reserved;
  ebpf_u64 start_ns;  // what `after` and `until` count from
};

struct rankle_range {
  ebpf_i64 first, last;
};
struct rankle_ranges {
  ebpf_u32 count;  // 0 matches all
  ebpf_u32 reserved;
  struct rankle_range range[RANKLE_MAX_RANGES];
};

// One fault, as far as the kernel side must know it. What it decides is what injector/plan/decide.cc decides.
struct rankle_fault {
  ebpf_u32 signal;   // sent when it fires
  ebpf_u32 at_exit;  // act when the call returns
  ebpf_u32 dtypes;   // bit per type, 0 = all
  ebpf_u8 peer;      // 1: `peers` is to be held against the call's peer or root
  ebpf_u8 reserved[3];
  struct rankle_ranges bytes, peers, calls;
  ebpf_u64 every, times, after_ns, until_ns;
  ebpf_u64 below;     // fires when the draw (53 bits) is below this; 1 << 53 = always
  ebpf_u64 seed_key;  // MixBits(MixBits(seed) ^ index of the fault)
};

// What a fault needs of a function's arguments, by api id.
struct rankle_api_faults {
  ebpf_u32 faults;      // bit i: fault i is aimed at it
  ebpf_u8 dtype, peer;  // argument number + 1; 0 = has none
  ebpf_u8 reserved[2];
};

struct rankle_count_key {
  ebpf_u32 process, fault;
};
struct rankle_count {
  ebpf_u64 matched, fired;
};

// Counters of what was lost or left out, one per CPU.
enum {
  RANKLE_LOST_EVENTS = 0,   // the ring buffer was full
  RANKLE_LOST_THREADS = 1,  // more threads inside calls than the table holds
  RANKLE_LOST_TARGETS = 2,  // a new process of the job for which there was no room
  RANKLE_SEEN_CALLS = 3,
  RANKLE_NESTED_CALLS = 4,  // made by NCCL or CUDA itself inside another call: passed over
  RANKLE_COUNTERS = 5,
};

// What the kernel knows of a process's threads, added up since the process was attached.
struct rankle_waits {
  ebpf_u64 run_queue_ns;  // runnable, but not running
  ebpf_u64 off_cpu_ns;    // asleep: waiting for a lock, the network, the disk, a timer
  ebpf_u64 switches;      // how often a thread of it began to run
  ebpf_u64 page_faults;
  ebpf_u64 away_ns;  // of off_cpu_ns: threads that call NCCL or CUDA, outside of these calls, not stopped
  ebpf_u64 disk_wait_ns;   // of off_cpu_ns: until a block device or a file system over the network answers
  ebpf_u64 disk_requests;  // to block devices, answered
  ebpf_u64 disk_request_ns, disk_longest_ns;
  ebpf_u64 reclaim_ns;  // freeing memory before it is given any: the machine or its control group is short
};

// Retransmitted TCP segments of one socket.
struct rankle_retransmits {
  ebpf_u64 count;
  ebpf_u32 peer_v4;    // network byte order; 0 = not IPv4
  ebpf_u16 peer_port;  // network byte order
  ebpf_u16 family;
};

#endif  // RANKLE_TRACER_EBPF_WIRE_H_
