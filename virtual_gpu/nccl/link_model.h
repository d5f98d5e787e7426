// Modelled links: how slow the wire between two ranks is made (RANKLE_VGPU_LINKS, docs/run-environment.md).
// Pure, but for FromEnvironment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rankle::virtual_nccl {

// What a message meets on its way.
struct LinkQuality {
  int64_t latency_ns = 0;    // every message takes this long
  double bytes_per_ns = 0;   // 0 = no limit
  int64_t stops_after = -1;  // messages; nothing moves after them. -1 = never
};

class LinkModel {
 public:
  // "0>2:latency=2ms;1>*:rate=20MiB;2>3:stop=100": source>destination, `*` for any; several properties are
  // separated by commas. Later entries override what earlier ones say of the same property. Empty text is a
  // model in which no link is slow.
  static absl::StatusOr<LinkModel> Parse(std::string_view text);
  // Ranks are those of the root communicator (ncclCommInit*), whose connections its children share.
  LinkQuality Of(int source, int destination) const;

 private:
  struct Entry {
    int source = -1, destination = -1;  // -1 = any
    LinkQuality quality;
    bool has_latency = false, has_rate = false, has_stop = false;
  };
  std::vector<Entry> entries_;
};

// How messages follow each other on one link, whoever sends them: it has one rate for all. Thread-safe.
class Pace {
 public:
  static constexpr int64_t kNever = INT64_MAX;
  explicit Pace(LinkQuality quality) : quality_(quality) {}
  // When a message that could leave at `now` (steady clock, ns) is through; kNever on a link that has
  // stopped.
  int64_t Reserve(size_t bytes, int64_t now);

 private:
  const LinkQuality quality_;
  std::mutex mutex_;
  int64_t free_at_ = 0;
  int64_t messages_ = 0;
};

// nullptr when RANKLE_VGPU_LINKS is not set.
absl::StatusOr<const LinkModel*> LinkModelFromEnvironment();

}  // namespace rankle::virtual_nccl
