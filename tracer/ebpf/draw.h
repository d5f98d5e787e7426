/* The seeded numbers of injector/plan/random.h in C, for the kernel side: the same draw for the same point
   (draw_test.cc holds them against each other). */
#ifndef RANKLE_TRACER_EBPF_DRAW_H_
#define RANKLE_TRACER_EBPF_DRAW_H_

#include "tracer/ebpf/wire.h"

static inline ebpf_u64 rankle_mix_bits(ebpf_u64 x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

/* The number, of 53 bits, that a fault's probability is held against. */
static inline ebpf_u64 rankle_draw(ebpf_u64 seed_key, ebpf_i64 rank, ebpf_u64 call) {
  const ebpf_u64 key = rankle_mix_bits(seed_key ^ (ebpf_u64)rank) ^ call;
  return rankle_mix_bits(rankle_mix_bits(key)) >> 11;
}

#endif /* RANKLE_TRACER_EBPF_DRAW_H_ */
