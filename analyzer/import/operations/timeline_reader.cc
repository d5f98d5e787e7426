#include "analyzer/import/operations/timeline_reader.h"

#include <simdjson.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

constexpr int64_t kLanes = 5;  // of a rank: compute, pp-comm, tp-comm, dp-comm, misc
constexpr double kMicrosecond = 1e-6;
// Communication may seem to end before the last rank has come, as the clocks of hosts disagree; by more than
// this it is damage.
constexpr double kMostClockError = 10e3;  // us
constexpr int64_t kMostRanks = 1 << 20;   // beyond any job: a damaged file

struct Event {
  std::string_view name, phase, thread_name;
  int64_t process = -1, thread = -1;
  double start = NAN, length = NAN;  // us
  std::optional<int64_t> step, chunk, sequence;
};

std::optional<int64_t> Integer(value v) {
  int64_t number = 0;
  return v.get_int64().get(number) == simdjson::SUCCESS ? std::optional(number) : std::nullopt;
}

// What has another type counts as absent.
std::string_view Text(value v) {
  std::string_view text;
  return v.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

double Number(value v) {
  double number = NAN;
  return v.get_double().get(number) == simdjson::SUCCESS ? number : NAN;
}

void ReadArguments(object arguments, Event& event) {
  for (auto field : arguments) {
    const std::string_view key = field.unescaped_key();
    if (key == "step") event.step = Integer(field.value());
    if (key == "model_chunk") event.chunk = Integer(field.value());
    if (key == "seq_id") event.sequence = Integer(field.value());
    if (key == "name") event.thread_name = Text(field.value());
  }
}

Event ReadEvent(object fields) {
  Event event;
  for (auto field : fields) {
    const std::string_view key = field.unescaped_key();
    value content = field.value();
    object arguments;
    if (key == "name") event.name = Text(content);
    if (key == "ph") event.phase = Text(content);
    if (key == "pid") event.process = Integer(content).value_or(-1);
    if (key == "tid") event.thread = Integer(content).value_or(-1);
    if (key == "ts") event.start = Number(content);
    if (key == "dur") event.length = Number(content);
    if (key == "args" && content.get_object().get(arguments) == simdjson::SUCCESS)
      ReadArguments(arguments, event);
  }
  return event;
}

class TimelineReader {
 public:
  void Add(const Event& event) {
    const bool placed = event.process >= 0 && event.process < kMostRanks && event.thread >= 0 &&
                        event.thread < kMostRanks * kLanes;
    if (event.phase == "M" && event.name == "thread_name" && placed) {
      Name(event);
    } else if (event.phase == "X" && event.step) {
      const auto kind = whatif::KindNamed(event.name);
      if (!kind) {
        CountUnknown(event.name);
      } else if (placed && std::isfinite(event.start) && event.length >= -kMostClockError &&
                 std::isfinite(event.length)) {
        AddOperation(event, *kind);
      } else {
        ++malformed_;
      }
    }
  }

  absl::StatusOr<whatif::OperationTrace> Finish(int32_t tp) {
    if (trace_.operations.empty()) {
      return absl::InvalidArgumentError(
          "no training operation in it: events need a known name (forward-compute, ...), pid, tid, ts, dur "
          "and "
          "args.step");
    }
    if (malformed_ > 0) trace_.notes.push_back(absl::StrCat(malformed_, " damaged events left out"));
    PlaceWorkers(tp > 0 ? tp : 1);
    return std::move(trace_);
  }

 private:
  struct Place {
    int stage = 0, tp = 0;
  };

  void Name(const Event& event) {
    Place place;
    if (std::sscanf(std::string(event.thread_name).c_str(), "PP rank %d, TP rank %d", &place.stage,
                    &place.tp) == 2 &&
        place.stage >= 0 && place.stage < kMostRanks && place.tp >= 0) {
      named_[event.thread / kLanes] = place;
    }
  }

  void CountUnknown(std::string_view name) {
    constexpr size_t kMostNames = 100;  // more are not for reading
    if (trace_.unknown.size() < kMostNames || trace_.unknown.contains(std::string(name))) {
      ++trace_.unknown[std::string(name)];
    }
  }

  void AddOperation(const Event& event, whatif::Kind kind) {
    const int64_t rank = event.thread / kLanes;
    const auto [known, is_new] =
        worker_.try_emplace({event.process, rank}, static_cast<int32_t>(worker_.size()));
    if (is_new) {
      trace_.workers.push_back(
          {.rank = static_cast<int32_t>(rank), .dp = static_cast<int32_t>(event.process)});
    }
    const double start = event.start * kMicrosecond;
    trace_.operations.push_back({.worker = known->second,
                                 .kind = kind,
                                 .step = *event.step,
                                 .chunk = static_cast<int32_t>(event.chunk.value_or(-1)),
                                 .sequence = static_cast<int32_t>(event.sequence.value_or(-1)),
                                 .start = start,
                                 .end = start + event.length * kMicrosecond});
  }

  // Names of threads tell where a rank is; without them, the ranks of a dp rank are its stages in order.
  void PlaceWorkers(int32_t tp) {
    std::map<int32_t, std::set<int32_t>> ranks;
    for (const whatif::Worker& worker : trace_.workers) ranks[worker.dp].insert(worker.rank);
    bool inferred = false;
    for (whatif::Worker& worker : trace_.workers) {
      if (const auto named = named_.find(worker.rank); named != named_.end()) {
        worker.stage = named->second.stage;
        worker.tp = named->second.tp;
        continue;
      }
      const std::set<int32_t>& peers = ranks[worker.dp];
      const auto place = static_cast<int32_t>(std::distance(peers.begin(), peers.find(worker.rank)));
      worker.stage = place / tp;
      worker.tp = place % tp;
      inferred = true;
    }
    if (inferred)
      trace_.notes.push_back("threads are not named: stages are inferred from the order of the ranks");
  }

  whatif::OperationTrace trace_;
  std::map<std::pair<int64_t, int64_t>, int32_t> worker_;  // (process, rank) -> index
  std::map<int64_t, Place> named_;                         // by rank
  size_t malformed_ = 0;
};

}  // namespace

absl::StatusOr<whatif::OperationTrace> ReadTimeline(const std::string& json, int32_t tp) {
  try {
    const simdjson::padded_string padded(json);
    simdjson::ondemand::parser parser;
    auto document = parser.iterate(padded);
    simdjson::ondemand::array events;
    if (document.type() == simdjson::ondemand::json_type::array) {
      events = document.get_array();
    } else {
      events = document["traceEvents"].get_array();
    }
    TimelineReader reader;
    for (auto element : events) reader.Add(ReadEvent(element.get_object()));
    return reader.Finish(tp);
  } catch (const simdjson::simdjson_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a Chrome timeline (", error.what(),
                     "): a list of events, or an object with traceEvents, is needed"));
  }
}

}  // namespace rankle::import
