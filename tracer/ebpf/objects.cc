// The compiled BPF objects, as bytes inside the program.
#include "tracer/ebpf/bpf_programs.h"

#define RANKLE_EMBED(name, file)       \
  __asm__(                             \
      ".section .rodata\n"             \
      ".balign 16\n"                   \
      ".hidden " #name                 \
      "_begin\n"                       \
      ".globl " #name "_begin\n" #name \
      "_begin:\n"                      \
      ".incbin \"" file                \
      "\"\n"                           \
      ".hidden " #name                 \
      "_end\n"                         \
      ".globl " #name "_end\n" #name   \
      "_end:\n"                        \
      ".byte 0\n"                      \
      ".previous\n");                  \
  extern "C" const unsigned char name##_begin[], name##_end[]

RANKLE_EMBED(rankle_bpf_calls, RANKLE_BPF_CALLS);
RANKLE_EMBED(rankle_bpf_system, RANKLE_BPF_SYSTEM);

namespace rankle::ebpf {

std::vector<ObjectBytes> CompiledObjects() {
  return {
      {"calls", rankle_bpf_calls_begin, static_cast<size_t>(rankle_bpf_calls_end - rankle_bpf_calls_begin)},
      {"system", rankle_bpf_system_begin,
       static_cast<size_t>(rankle_bpf_system_end - rankle_bpf_system_begin)}};
}

}  // namespace rankle::ebpf
