// The sizes that most programs share, and the one rule behind them.
//
// A resource is used in slices of kSliceMs, and who waits for it gives up after kPatienceMs. Ordinary work is
// one slice; what a program does again after a failure is kRecoverySlices. With up to three clients:
//   all at once, ordinary work:   3 x 20 =  60 ms: far below the patience, so that a healthy run never fails,
//   also
//                                                  on a busy machine
//   one that recovers:            5 x 20 = 100 ms: below it, so that a single failure heals
//   two that recover together:  2 x 5 x 20 = 200 ms: above it, so that each makes the other fail again
// A single injected fault therefore shows one edge, and only several failures at once show the cascade.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SCALE_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SCALE_H_

namespace rankle::cascades {

inline constexpr int kSliceMs = 20;
inline constexpr int kPatienceMs = 160;
inline constexpr int kRecoverySlices = 5;

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_SCALE_H_
