#include "analyzer/import/profiler_dump/profiler_trace.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "analyzer/import/dom_fields.h"
#include "analyzer/import/json_objects/trace_scanner.h"
#include "analyzer/import/merged_order.h"
#include "analyzer/import/nccl_functions.h"
#include "analyzer/import/rank_numbers.h"

namespace rankle::import {
namespace {

using dom::element;

constexpr int32_t kMostChannels = 1024;  // NCCL has 64
constexpr double kMostUs = 1e13;         // a process does not run for four months

// Cheap: API events of some versions are no valid JSON, and none of them is needed.
bool MayMatter(std::string_view event) {
  for (const char* category : {"\"COLL\"", "\"P2P\"", "\"GPU\"", "\"PROXY\"", "\"NET\""}) {
    if (event.find(category) != std::string_view::npos) return true;
  }
  return false;
}

int64_t TimeOf(const element& event) {
  const double us = dom::Number(event, "ts", -1);
  return us >= 0 && us < kMostUs ? static_cast<int64_t>(us * 1000) : 0;
}

}  // namespace

bool LooksLikeProfilerTrace(std::string_view first_bytes) {
  const size_t begin = first_bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || first_bytes[begin] != '[') return false;
  const auto has = [&](std::string_view text) { return first_bytes.find(text) != std::string_view::npos; };
  return has("\"ph\": \"b\"") && has("\"ts\": ") &&
         (has("\"cat\": \"GROUP_API\"") || has("\"cat\": \"GROUP\"") || has("\"cat\": \"COLL\"") ||
          has("\"cat\": \"P2P\"") || has("\"cat\": \"PROXY\"") || has("\"cat\": \"CE_COLL\""));
}

class ProfilerTraceReader::Impl {
 public:
  Impl()
      : scanner_({[this](std::string_view event) { TakeEvent(event); },
                  [](std::string_view, std::string_view) {}}) {}

  absl::Status Feed(std::string_view bytes) { return scanner_.Feed(bytes); }

  ToolLog Finish(std::string file) {
    EndOperation();
    log_.cut = !scanner_.Finish().ok();
    log_.file = std::move(file);
    log_.own_clock = true;
    return std::move(log_);
  }

 private:
  // An operation, and what its kernels and proxy operations have said so far.
  struct Open {
    bool is_open = false;
    ToolOperation operation;
    int64_t kernel_begin = 0, kernel_end = 0, proxy_end = 0;  // 0 = none
    uint64_t clock_begin = 0, clock_end = 0;                  // of the device, ns
    // Begins of the kernel and the proxy operation that are open; 0 = none, or one left over from an earlier
    // operation: slots are used again, and what the later one did not use stays in them.
    int64_t kernel = 0, proxy = 0;
    size_t link = SIZE_MAX;  // of the proxy operation that is open
    uint64_t step_bytes = 0;
  };

  void TakeEvent(std::string_view text) {
    if (!MayMatter(text)) return;
    element event;
    ++log_.records;
    if (parser_.parse(text.data(), text.size()).get(event) != simdjson::SUCCESS)
      return void(++log_.malformed);
    const std::string_view category = dom::Text(event, "cat"), name = dom::Text(event, "name");
    const bool begins = dom::Text(event, "ph") == "b";
    if (log_.pid == 0) log_.pid = dom::Within(event, "pid", INT32_MAX, 0);
    if (category == "COLL" || category == "P2P") {
      EndOperation();
      if (begins && !BeginOperation(event, name, category == "P2P")) ++log_.malformed;
    } else if (open_.is_open) {
      if (category == "GPU") TakeKernel(event, begins);
      if (category == "PROXY") TakeProxy(event, name, begins);
      if (category == "NET" && name == "SendWait") TakeStep(event, begins);
    }
  }

  bool BeginOperation(const element& event, std::string_view name, bool p2p) {
    element args;
    if (event["args"].get(args) != simdjson::SUCCESS) return false;
    ToolOperation o;
    o.rank = dom::Within(args, "Rank", kMostRanks - 1, -1), o.p2p = p2p;
    const int64_t number = dom::Integer(args, "SeqNum", p2p ? 0 : -1);
    if (o.rank < 0 || number < 0 || static_cast<uint64_t>(number) > kMostCollectiveNumber) return false;
    o.api = ApiOfNcclFunction(name);
    if (o.api == 0) {
      ++log_.unknown_functions;
      return true;
    }
    o.number = static_cast<uint64_t>(number);
    if (!p2p && SizesAgree(o.api))
      o.count = static_cast<uint64_t>(std::max<int64_t>(0, dom::Integer(args, "Count", 0)));
    if (p2p) o.peer = dom::Within(args, "Peer", kMostRanks - 1, -1);
    o.called_ns = std::max<int64_t>(TimeOf(event), 1);
    const uint64_t id = dom::Hash(args, "CommHash");
    const auto [it, added] = index_.try_emplace(id, static_cast<uint32_t>(log_.communicators.size()));
    if (added) log_.communicators.push_back({id, 0, ""});
    o.communicator = it->second;
    open_ = {};
    open_.is_open = true, open_.operation = o;
    return true;
  }

  int64_t Begun(int64_t time) const { return time >= open_.operation.called_ns ? time : 0; }

  void TakeKernel(const element& event, bool begins) {
    const int64_t time = TimeOf(event);
    if (!begins) {
      // The end of one that has not ended is 0, or older than its begin.
      if (open_.kernel != 0 && time >= open_.kernel) open_.kernel_end = std::max(open_.kernel_end, time);
      return;
    }
    open_.kernel = Begun(time);
    if (open_.kernel == 0) return;
    if (open_.kernel_begin == 0 || time < open_.kernel_begin) open_.kernel_begin = time;
    element args;
    if (event["args"].get(args) != simdjson::SUCCESS) return;
    uint64_t from = 0, to = 0;
    if (args["StartGpuClk"].get(from) != simdjson::SUCCESS ||
        args["StopGpuClk"].get(to) != simdjson::SUCCESS || from == 0 || to <= from)
      return;
    open_.clock_begin = open_.clock_begin == 0 ? from : std::min(open_.clock_begin, from);
    open_.clock_end = std::max(open_.clock_end, to);
  }

  // Versions before profiler interface 4 have one event a proxy operation, later ones two: it is scheduled,
  // then it makes progress.
  void TakeProxy(const element& event, std::string_view name, bool begins) {
    const bool sends = name == "ProgressSend" || name == "Send";
    if (!sends && name != "ProgressRecv" && name != "Recv") return;
    if (!begins) {
      const int64_t time = TimeOf(event);
      if (open_.proxy != 0 && time >= open_.proxy) open_.proxy_end = std::max(open_.proxy_end, time);
      open_.link = SIZE_MAX;
      return;
    }
    open_.proxy = Begun(TimeOf(event));
    if (open_.proxy == 0) return;
    element args;
    if (event["args"].get(args) != simdjson::SUCCESS) return;
    ToolLink link;
    link.communicator = open_.operation.communicator, link.rank = open_.operation.rank, link.sends = sends;
    link.peer = dom::Within(args, "Peer", kMostRanks - 1, -1);
    link.channel = dom::Within(args, "Channel", kMostChannels, -1);
    if (link.peer < 0 || link.channel < 0) return;
    const uint64_t steps = static_cast<uint64_t>(dom::Within(args, "Steps", INT32_MAX, 0));
    const uint64_t bytes = static_cast<uint64_t>(std::max<int64_t>(0, dom::Integer(args, "transSize", 0)));
    const auto key = std::tuple(link.communicator, link.rank, link.peer, link.channel, sends);
    const auto [it, added] = links_.try_emplace(key, log_.links.size());
    if (added) log_.links.push_back(link);
    open_.link = it->second, open_.step_bytes = steps == 0 ? 0 : bytes / steps;
    log_.links[it->second].steps += steps, log_.links[it->second].bytes += bytes;
  }

  void TakeStep(const element& event, bool begins) {
    const int64_t time = TimeOf(event);
    if (!begins && open_.link != SIZE_MAX && time > step_begin_ && step_begin_ != 0)
      log_.links[open_.link].timed.push_back({time - step_begin_, open_.step_bytes});
    step_begin_ = begins ? time : 0;
  }

  void EndOperation() {
    if (!open_.is_open) return;
    ToolOperation& o = open_.operation;
    o.finished_ns = std::max(open_.kernel_end, open_.proxy_end);
    o.timed_on_device = open_.clock_end != 0;
    if (open_.clock_end != 0 && o.finished_ns != 0) {
      o.duration_ns =
          static_cast<int64_t>(std::min<uint64_t>(open_.clock_end - open_.clock_begin, INT64_MAX));
    } else if (open_.kernel_begin != 0 && open_.kernel_end > open_.kernel_begin) {
      o.duration_ns = open_.kernel_end - open_.kernel_begin;
    }
    log_.operations.push_back(o);
    open_ = {};
  }

  TraceScanner scanner_;
  simdjson::dom::parser parser_;
  ToolLog log_;
  Open open_;
  int64_t step_begin_ = 0;
  std::map<uint64_t, uint32_t> index_;
  std::map<std::tuple<uint32_t, int32_t, int32_t, int32_t, bool>, size_t> links_;
};

ProfilerTraceReader::ProfilerTraceReader() : impl_(std::make_unique<Impl>()) {}
ProfilerTraceReader::~ProfilerTraceReader() = default;
absl::Status ProfilerTraceReader::Feed(std::string_view bytes) { return impl_->Feed(bytes); }
ToolLog ProfilerTraceReader::Finish(std::string file) { return impl_->Finish(std::move(file)); }

std::vector<ToolLog> MergeProcesses(std::vector<ToolLog> traces) {
  std::map<uint64_t, int32_t> sizes;
  for (const ToolLog& t : traces) {
    const auto seen = [&](uint32_t communicator, int32_t rank) {
      int32_t& size = sizes[t.communicators[communicator].id];
      size = std::max(size, rank + 1);
    };
    for (const ToolOperation& o : t.operations) seen(o.communicator, std::max(o.rank, o.peer));
    for (const ToolLink& l : t.links) seen(l.communicator, std::max(l.rank, l.peer));
  }
  std::map<std::pair<std::string, int32_t>, size_t> processes;
  std::vector<ToolLog> logs;
  for (ToolLog& t : traces) {
    for (ToolCommunicator& c : t.communicators) c.size = std::max(1, sizes[c.id]);
    const std::string folder = std::filesystem::path(t.file).parent_path().string();
    const auto [it, added] = processes.try_emplace({folder, t.pid}, logs.size());
    if (added || t.pid == 0) {
      logs.push_back(std::move(t));
      continue;
    }
    ToolLog& log = logs[it->second];
    const auto shift = static_cast<uint32_t>(log.communicators.size());
    for (ToolOperation& o : t.operations) o.communicator += shift, log.operations.push_back(o);
    for (ToolLink& l : t.links) l.communicator += shift, log.links.push_back(std::move(l));
    log.communicators.insert(log.communicators.end(), t.communicators.begin(), t.communicators.end());
    log.records += t.records, log.malformed += t.malformed, log.unknown_functions += t.unknown_functions;
    log.cut = log.cut || t.cut;
  }
  return logs;
}

}  // namespace rankle::import
