#include "analyzer/import/inspector/inspector_log.h"

#include <algorithm>
#include <limits>
#include <map>

#include "analyzer/import/dom_fields.h"
#include "analyzer/import/merged_order.h"
#include "analyzer/import/nccl_functions.h"
#include "analyzer/import/rank_numbers.h"

namespace rankle::import {
namespace {

using dom::element;

// A record with traces of 64 channels takes 15 KiB.
constexpr size_t kMostLineBytes = 1 << 20;
constexpr int64_t kMostUs = int64_t{1} << 52;  // year 2112

// Of a value in microseconds; 0 = none.
int64_t Nanoseconds(const element& object, const char* key) {
  const int64_t us = dom::Integer(object, key, 0);
  return us > 0 && us < kMostUs ? us * 1000 : 0;
}

// The last end of a channel's kernel; 0 = not told.
int64_t LastKernelEnd(const element& trace) {
  int64_t last = 0;
  simdjson::dom::array kernels;
  if (trace["kernel_events"].get(kernels) != simdjson::SUCCESS) return 0;
  for (const element& kernel : kernels) last = std::max(last, Nanoseconds(kernel, "kernel_stop_ts"));
  return last;
}

// Keys of collectives, of sends and receives.
struct Keys {
  const char *operation, *number, *bytes, *duration, *timing, *called;
};
constexpr Keys kCollective = {
    "coll", "coll_sn", "coll_msg_size_bytes", "coll_exec_time_us", "coll_timing_source", "coll_start_ts"};
constexpr Keys kP2p = {"p2p",         "p2p_sn", "p2p_msg_size_bytes", "p2p_exec_time_us", "p2p_timing_source",
                       "p2p_start_ts"};

}  // namespace

bool LooksLikeInspector(std::string_view first_bytes) {
  const size_t begin = first_bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || first_bytes[begin] != '{') return false;
  const auto has = [&](std::string_view text) { return first_bytes.find(text) != std::string_view::npos; };
  return has("\"header\"") &&
         (has("\"coll_perf\"") || has("\"p2p_perf\"") || has("\"inspector_output_format_version\""));
}

class InspectorReader::Impl {
 public:
  absl::Status Feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t end = bytes.find('\n');
      const std::string_view part = bytes.substr(0, end);
      if (kept_.size() + part.size() > kMostLineBytes)
        return absl::InvalidArgumentError("a line is too long for a record of Inspector");
      if (end == std::string_view::npos) {
        kept_.append(part);
        break;
      }
      if (kept_.empty()) {
        TakeLine(part);
      } else {
        kept_.append(part);
        TakeLine(kept_);
        kept_.clear();
      }
      bytes.remove_prefix(end + 1);
    }
    return absl::OkStatus();
  }

  ToolLog Finish(std::string file) {
    // The last line has its end, unless the process was killed while it wrote.
    const uint64_t before = log_.malformed;
    TakeLine(kept_);
    if (log_.malformed > before) log_.malformed = before, log_.cut = true;
    log_.file = std::move(file);
    return std::move(log_);
  }

 private:
  void TakeLine(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    ++log_.records;
    element root;
    const bool parsed = parser_.parse(line.data(), line.size()).get(root) == simdjson::SUCCESS;
    if (!parsed || !TakeRecord(root)) ++log_.malformed;
  }

  bool TakeRecord(const element& root) {
    element header, metadata, perf;
    if (root["header"].get(header) != simdjson::SUCCESS) return false;
    ToolOperation o;
    if (root["metadata"].get(metadata) == simdjson::SUCCESS) {
      o.dumped_ns = Nanoseconds(metadata, "dump_timestamp_us");
      if (log_.host.empty()) log_.host = std::string(dom::Text(metadata, "hostname"));
      if (log_.pid == 0) log_.pid = dom::Within(metadata, "pid", std::numeric_limits<int32_t>::max(), 0);
    }
    if (root["coll_perf"].get(perf) != simdjson::SUCCESS) {
      o.p2p = true;
      // Later versions write records of other kinds (dump_stats), too.
      if (root["p2p_perf"].get(perf) != simdjson::SUCCESS) return true;
    }
    const int32_t size = dom::Within(header, "n_ranks", kMostRanks, 0);
    o.rank = dom::Within(header, "rank", kMostRanks, -1);
    if (size < 1 || o.rank < 0 || o.rank >= size) return false;
    const Keys& keys = o.p2p ? kP2p : kCollective;
    const int64_t number = dom::Integer(perf, keys.number, -1);
    if (number < 0 || static_cast<uint64_t>(number) > kMostCollectiveNumber) return false;
    o.number = static_cast<uint64_t>(number);
    const std::string_view function = dom::Text(perf, keys.operation);
    o.api = ApiOfNcclFunction(function);
    if (o.api == 0) {
      ++log_.unknown_functions;
      return !function.empty();
    }
    if (SizesAgree(o.api))
      o.count = static_cast<uint64_t>(std::max<int64_t>(0, dom::Integer(perf, keys.bytes, 0)));
    o.duration_ns = Nanoseconds(perf, keys.duration);
    o.timed_on_device = dom::Text(perf, keys.timing) == "kernel_gpu";
    if (o.p2p) o.peer = dom::Within(perf, "p2p_peer", size - 1, -1);
    element trace;
    if (perf["event_trace_ts"].get(trace) == simdjson::SUCCESS)
      o.called_ns = Nanoseconds(trace, keys.called), o.finished_ns = LastKernelEnd(trace);
    o.communicator = CommunicatorOf(header, size);
    log_.operations.push_back(o);
    return true;
  }

  uint32_t CommunicatorOf(const element& header, int32_t size) {
    const std::pair key(dom::Hash(header, "id"), size);
    const auto [it, added] = index_.try_emplace(key, static_cast<uint32_t>(log_.communicators.size()));
    if (added) {
      const std::string_view name = dom::Text(header, "comm_name");
      log_.communicators.push_back({key.first, size, name == "unknown" ? "" : std::string(name)});
    }
    return it->second;
  }

  simdjson::dom::parser parser_;
  ToolLog log_;
  std::string kept_;  // of a line, from earlier pieces
  std::map<std::pair<uint64_t, int32_t>, uint32_t> index_;
};

InspectorReader::InspectorReader() : impl_(std::make_unique<Impl>()) {}
InspectorReader::~InspectorReader() = default;
absl::Status InspectorReader::Feed(std::string_view bytes) { return impl_->Feed(bytes); }
ToolLog InspectorReader::Finish(std::string file) { return impl_->Finish(std::move(file)); }

}  // namespace rankle::import
