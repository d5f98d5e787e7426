#include "analyzer/import/logs/failure_text.h"

#include <span>

namespace rankle::import {
namespace {

using store::Blame;
using store::ReportedFailure;
using Weight = ErrorMeaning::Weight;

struct Pattern {
  std::string_view text;
  ErrorMeaning meaning;
  std::string_view also = {};  // must stand behind the text
};

constexpr ErrorMeaning kNothing{Weight::kNothing, {}, {}};
constexpr ErrorMeaning kMemory{Weight::kFailure, ReportedFailure::kOutOfMemory, Blame::kLocal};
constexpr ErrorMeaning kCuda{Weight::kFailure, ReportedFailure::kCuda, Blame::kLocal};
// A peer that dies closes its connections: whoever reports it lives on.
constexpr ErrorMeaning kPeerGone{Weight::kFailure, ReportedFailure::kNccl, Blame::kTypical};
constexpr ErrorMeaning kNccl{Weight::kFailure, ReportedFailure::kNccl, Blame::kAmbiguous};

// The first that is found counts: the specific stands before the general.
constexpr Pattern kErrors[] = {
    {"ChildFailedError", kNothing},
    {"SignalException", kNothing},
    {"RendezvousConnectionError", kNothing},
    {"KeyboardInterrupt", kNothing},
    // Told by fingerprint_line.h; whoever notices is not who is wrong.
    {"Detected mismatch between collectives on ranks",
     {Weight::kWatchdog, ReportedFailure::kNccl, Blame::kTypical}},
    {"Watchdog caught collective operation timeout",
     {Weight::kWatchdog, ReportedFailure::kNccl, Blame::kTypical}},
    {"Out Of Memory (of the host)", kMemory},
    {"CUDA out of memory", kMemory},
    {"HIP out of memory", kMemory},
    {"OutOfMemoryError", kMemory},
    {"CUDA error: out of memory", kMemory},
    // A device that fails ends the watchdog and the communicator of its own rank, too.
    {"CUDA error", kCuda},
    {"HIP error", kCuda},
    {"watchdog thread terminated", {Weight::kWatchdog, ReportedFailure::kNccl, Blame::kTypical}},
    {"ncclUnhandledCudaError", {Weight::kFailure, ReportedFailure::kCuda, Blame::kAmbiguous}},
    {"ncclRemoteError", kPeerGone},
    {"remote process exited", kPeerGone},
    {"Connection closed by", kPeerGone},
    {"Connection reset by peer", kPeerGone},
    {"Broken pipe", kPeerGone},
    // PyTorch's store and its barriers: others did not come.
    {"Timed out initializing process group", kPeerGone},
    {"Socket Timeout", kPeerGone},
    {"wait timeout after", kPeerGone},
    {"DistStoreError", kPeerGone},
    {"DistNetworkError", kPeerGone},
    {"NCCL communicator was aborted", kPeerGone},
    {"NCCL error", kNccl},
    {"DistBackendError", kNccl},
    {"CUDA driver error", kCuda},
    {"CUBLAS_STATUS", kCuda},
    {"CUDNN_STATUS", kCuda},
    {"AcceleratorError", kCuda},
};

constexpr Pattern kWarnings[] = {
    {"Cuda failure 2 'out of memory'", kMemory},
    {"out of memory", kMemory},
    {"Cuda failure", kCuda},
    {"HIP failure", kCuda},
    {"Connection closed by remote peer", kPeerGone},
    {"Connection reset by peer", kPeerGone},
    // Work request flushed, retries exceeded: the network or the peer.
    {"Got completion from peer", kNccl},
    {"Broken pipe", kPeerGone},
    {"Connect to ", kNccl, "failed :"},
    {"Call to ", kNccl, "failed :"},
    {"no algorithm/protocol available", kNccl},
    // The transport found peers in different collectives; which of them is wrong it cannot know.
    {"Mismatched collective", kNccl},
    {"collective mismatch", kNccl},
};

ErrorMeaning Find(std::span<const Pattern> patterns, std::string_view text, ErrorMeaning otherwise) {
  for (const Pattern& pattern : patterns) {
    const size_t at = text.find(pattern.text);
    if (at != std::string_view::npos && text.find(pattern.also, at) != std::string_view::npos)
      return pattern.meaning;
  }
  return otherwise;
}

}  // namespace

ErrorMeaning MeaningOfError(std::string_view text) { return Find(kErrors, text, {}); }
ErrorMeaning MeaningOfWarning(std::string_view text) { return Find(kWarnings, text, kNothing); }

}  // namespace rankle::import
