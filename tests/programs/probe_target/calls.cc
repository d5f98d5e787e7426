// Stand-ins for NCCL's functions, as a program has them that links NCCL statically. A communicator has the
// numbers that NCCL's ncclComm has, in their order, somewhere inside.
#include "tests/programs/probe_target/calls.h"

#include <cstdlib>
#include <cstring>

namespace {

// As far into the structure as the real ones lie in no version in particular.
constexpr size_t kPadding = 4000;

struct Communicator {
  char padding[kPadding];
  uint64_t hash;
  int32_t rank, nranks, device, other_device;
  uint64_t operations, collectives;
  char behind[4096];
};

}  // namespace

// Begins with an instruction that uprobes refuse: one with a lock prefix. Never called.
__asm__(
    ".text\n"
    ".globl ncclCommFinalize\n"
    ".type ncclCommFinalize, @function\n"
    "ncclCommFinalize:\n"
    "  lock orq $0, (%rsp)\n"
    "  xorl %eax, %eax\n"
    "  ret\n"
    ".size ncclCommFinalize, . - ncclCommFinalize\n");

extern "C" {

int ncclCommInitRank(void** comm, int nranks, UniqueId id, int rank) {
  auto* const made = static_cast<Communicator*>(calloc(1, sizeof(Communicator)));
  memcpy(&made->hash, id.bytes, sizeof(made->hash));
  made->rank = rank, made->nranks = nranks;
  *comm = made;
  return 0;
}

int ncclAllReduce(const void*, void*, size_t, int, int, void* comm, void*) {
  auto* const communicator = static_cast<Communicator*>(comm);
  __atomic_add_fetch(&communicator->operations, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&communicator->collectives, 1, __ATOMIC_RELAXED);
  return 0;
}

int ncclCommDestroy(void* comm) {
  free(comm);
  return 0;
}
}
