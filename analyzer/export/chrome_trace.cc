#include "analyzer/export/chrome_trace.h"

#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "injector/api/api.h"
#include "injector/api/results.h"

namespace rankle {
namespace {

using Json = nlohmann::json;
using store::Store;

class ChromeTraceWriter {
 public:
  explicit ChromeTraceWriter(const Store& store) : store_(store) {}

  std::string Write() {
    for (size_t rank = 0; rank < store_.ranks.size(); ++rank) NameRank(static_cast<int32_t>(rank));
    for (size_t i = 0; i < store_.operations.size(); ++i) AddOperation(i);
    for (size_t i = 0; i < store_.calls.size(); ++i) AddCall(i);
    for (size_t i = 0; i < store_.events.size(); ++i) AddEvent(i);
    return absl::StrCat("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n", text_, "\n]}\n");
  }

 private:
  static double Micros(int64_t ns) { return static_cast<double>(ns) * 1e-3; }

  void Append(const Json& event) {
    absl::StrAppend(&text_, text_.empty() ? "" : ",\n",
                    event.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  void Name(const char* what, int32_t pid, int tid, const std::string& name) {
    Append({{"ph", "M"}, {"name", what}, {"pid", pid}, {"tid", tid}, {"args", {{"name", name}}}});
  }
  void NameRank(int32_t rank) {
    const store::Process* p = store_.ProcessOf(rank);
    const int32_t pid = store_.GlobalRank(rank);
    Name("process_name", pid, 0,
         absl::StrCat("rank ", pid, p == nullptr ? "" : absl::StrCat(" (", p->host, ", pid ", p->pid, ")")));
    Append({{"ph", "M"},
            {"name", "process_sort_index"},
            {"pid", pid},
            {"tid", 0},
            {"args", {{"sort_index", pid}}}});
    Name("thread_name", pid, 0, "host calls");
  }

  // Track of a communicator on a stream; 0 is the host.
  int Track(int32_t rank, int32_t communicator, uint32_t stream) {
    auto [it, added] = tracks_.try_emplace({rank, communicator, stream}, 0);
    if (added) {
      it->second = ++tracks_of_rank_[rank];
      Name("thread_name", store_.GlobalRank(rank), it->second,
           absl::StrCat(store_.communicators[communicator].name, ", stream ", stream));
    }
    return it->second;
  }

  void AddOperation(size_t i) {
    const auto& o = store_.operations;
    const int64_t begin = o.started[i] != 0 ? o.started[i] : o.entered[i];
    const bool open = o.finished[i] == 0;
    const int64_t end = open ? std::max(begin, store_.observed_until) : o.finished[i];
    Json args = {
        {"seq", o.seq[i]}, {"count", o.count[i]}, {"dtype", std::string(api::DataTypeName(o.dtype[i]))}};
    if (o.peer[i] >= 0) args["peer"] = o.peer[i];
    if (o.step[i] >= 0) args["step"] = o.step[i];
    if (open) args["state"] = "not finished";
    const std::string name = absl::StrCat(store::OperationName(o.api[i]), " #", o.seq[i]);
    const int32_t pid = store_.GlobalRank(o.rank[i]);
    Append({{"ph", "X"},
            {"cat", "device"},
            {"name", name},
            {"pid", pid},
            {"tid", Track(o.rank[i], o.communicator[i], o.stream[i])},
            {"ts", Micros(begin)},
            {"dur", Micros(end - begin)},
            {"args", args}});
    const int64_t returned = o.returned[i] != 0 ? o.returned[i] : store_.observed_until;
    Append({{"ph", "X"},
            {"cat", "host"},
            {"name", std::string(api::ApiName(o.api[i]))},
            {"pid", pid},
            {"tid", 0},
            {"ts", Micros(o.entered[i])},
            {"dur", Micros(std::max<int64_t>(0, returned - o.entered[i]))},
            {"args", Json::object()}});
  }

  void AddCall(size_t i) {
    const auto& c = store_.calls;
    if (c.rank[i] < 0) return;
    const int64_t returned = c.returned[i] != 0 ? c.returned[i] : store_.observed_until;
    Append({{"ph", "X"},
            {"cat", "host"},
            {"name", std::string(api::ApiName(c.api[i]))},
            {"pid", store_.GlobalRank(c.rank[i])},
            {"tid", 0},
            {"ts", Micros(c.entered[i])},
            {"dur", Micros(std::max<int64_t>(0, returned - c.entered[i]))},
            {"args", {{"result", c.result[i]}}}});
  }

  void AddEvent(size_t i) {
    const auto& e = store_.events;
    if (e.rank[i] < 0 || e.kind[i] == store::EventKind::kMemory) return;
    std::string name;
    switch (e.kind[i]) {
      case store::EventKind::kMark:
        name = absl::StrCat("step ", e.count[i]);
        break;
      case store::EventKind::kException:
        name = absl::StrCat("exception ", e.text[i]);
        break;
      case store::EventKind::kAsyncError:
        name = absl::StrCat("async error ", api::NcclResultName(e.result[i]));
        break;
      default:
        name = "process event";
    }
    Append({{"ph", "i"},
            {"s", "p"},
            {"cat", "event"},
            {"name", name},
            {"pid", store_.GlobalRank(e.rank[i])},
            {"tid", 0},
            {"ts", Micros(e.time[i])}});
  }

  const Store& store_;
  std::string text_;
  std::map<std::tuple<int32_t, int32_t, uint32_t>, int> tracks_;
  std::map<int32_t, int> tracks_of_rank_;
};

}  // namespace

std::string ChromeTrace(const Store& store) { return ChromeTraceWriter(store).Write(); }

}  // namespace rankle
