#include "virtual_gpu/nccl/link_model.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace rankle::virtual_nccl {
namespace {

struct Unit {
  const char* name;
  double factor;
};
constexpr Unit kTimes[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
constexpr char kNoProperty[] = "none of latency=, rate=, stop=";
constexpr Unit kRates[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

absl::Status Error(absl::string_view entry, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("RANKLE_VGPU_LINKS: \"", entry, "\": ", what,
                                                 "; write e.g. 0>2:latency=2ms;1>*:rate=20MiB"));
}

template <size_t N>
bool ParseAmount(absl::string_view text, const Unit (&units)[N], double& amount) {
  for (const Unit& unit : units) {
    absl::string_view number = text;
    if (!absl::ConsumeSuffix(&number, unit.name) || !absl::SimpleAtod(number, &amount)) continue;
    amount *= unit.factor;
    return amount > 0;
  }
  return false;
}

bool ParseRank(absl::string_view text, int& rank) {
  if (text == "*") {
    rank = -1;
    return true;
  }
  return absl::SimpleAtoi(text, &rank) && rank >= 0;
}

}  // namespace

absl::StatusOr<LinkModel> LinkModel::Parse(std::string_view input) {
  LinkModel model;
  const absl::string_view text(input.data(), input.size());
  for (absl::string_view one : absl::StrSplit(text, ';', absl::SkipWhitespace())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(one, absl::MaxSplits(':', 1));
    const std::pair<absl::string_view, absl::string_view> ends =
        absl::StrSplit(parts.first, absl::MaxSplits('>', 1));
    Entry entry;
    if (!ParseRank(ends.first, entry.source) || !ParseRank(ends.second, entry.destination))
      return Error(one, "no link source>destination");
    if (parts.second.empty()) return Error(one, kNoProperty);
    for (absl::string_view property : absl::StrSplit(parts.second, ',')) {
      double amount = 0;
      if (absl::ConsumePrefix(&property, "latency=")) {
        if (!ParseAmount(property, kTimes, amount)) return Error(one, "latency needs a time");
        entry.quality.latency_ns = static_cast<int64_t>(amount), entry.has_latency = true;
      } else if (absl::ConsumePrefix(&property, "rate=")) {
        if (!ParseAmount(property, kRates, amount)) return Error(one, "rate needs bytes a second");
        entry.quality.bytes_per_ns = amount * 1e-9, entry.has_rate = true;
      } else if (absl::ConsumePrefix(&property, "stop=")) {
        if (!absl::SimpleAtoi(property, &entry.quality.stops_after) || entry.quality.stops_after < 0)
          return Error(one, "stop needs a number of messages");
        entry.has_stop = true;
      } else {
        return Error(one, kNoProperty);
      }
    }
    model.entries_.push_back(entry);
  }
  return model;
}

LinkQuality LinkModel::Of(int source, int destination) const {
  LinkQuality quality;
  for (const Entry& entry : entries_) {
    if ((entry.source != -1 && entry.source != source) ||
        (entry.destination != -1 && entry.destination != destination))
      continue;
    if (entry.has_latency) quality.latency_ns = entry.quality.latency_ns;
    if (entry.has_rate) quality.bytes_per_ns = entry.quality.bytes_per_ns;
    if (entry.has_stop) quality.stops_after = entry.quality.stops_after;
  }
  return quality;
}

int64_t Pace::Reserve(size_t bytes, int64_t now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (quality_.stops_after >= 0 && messages_ >= quality_.stops_after) return kNever;
  ++messages_;
  const double transfer = quality_.bytes_per_ns > 0 ? static_cast<double>(bytes) / quality_.bytes_per_ns : 0;
  free_at_ = std::max(now, free_at_) + static_cast<int64_t>(transfer);
  return free_at_ + quality_.latency_ns;
}

absl::StatusOr<const LinkModel*> LinkModelFromEnvironment() {
  static const auto* const model = []() -> absl::StatusOr<const LinkModel*>* {
    const char* const text = std::getenv("RANKLE_VGPU_LINKS");
    if (text == nullptr) return new absl::StatusOr<const LinkModel*>(nullptr);
    auto parsed = LinkModel::Parse(text);
    if (!parsed.ok()) return new absl::StatusOr<const LinkModel*>(parsed.status());
    return new absl::StatusOr<const LinkModel*>(new LinkModel(*std::move(parsed)));
  }();
  return *model;
}

}  // namespace rankle::virtual_nccl
