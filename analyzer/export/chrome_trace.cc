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
    for (const store::Communicator& communicator : store_.communicators) {
      AddWaits(communicator);
      for (const store::Member& member : communicator.members) AddMessages(communicator, member);
    }
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
    NameTrack(pid, 0, "host calls");
  }
  // Tracks are shown in the order of their numbers: host calls, then communicators in the order of first use.
  void NameTrack(int32_t pid, int tid, const std::string& name) {
    Name("thread_name", pid, tid, name);
    Append({{"ph", "M"},
            {"name", "thread_sort_index"},
            {"pid", pid},
            {"tid", tid},
            {"args", {{"sort_index", tid}}}});
  }

  // Track of a communicator on a stream; 0 is the host.
  int Track(int32_t rank, int32_t communicator, uint32_t stream) {
    auto [it, added] = tracks_.try_emplace({rank, communicator, stream}, 0);
    if (added) {
      it->second = ++tracks_of_rank_[rank];
      NameTrack(store_.GlobalRank(rank), it->second,
                absl::StrCat(store_.communicators[communicator].name, ", stream ", stream));
    }
    return it->second;
  }

  void AddOperation(size_t i) {
    const auto& o = store_.operations;
    const int64_t begin = Begin(i);
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

  int64_t Begin(size_t i) const {
    const auto& o = store_.operations;
    return o.started[i] != 0 ? o.started[i] : o.entered[i];
  }

  // An arrow from one slice to the end of another.
  void AddFlow(const char* name, size_t from, size_t to) {
    const auto& o = store_.operations;
    ++flows_;
    for (const auto& [phase, i, t] :
         {std::tuple("s", from, Begin(from)), std::tuple("f", to, o.finished[to])}) {
      Json event = {{"ph", phase},
                    {"id", flows_},
                    {"cat", "flow"},
                    {"name", name},
                    {"pid", store_.GlobalRank(o.rank[i])},
                    {"tid", Track(o.rank[i], o.communicator[i], o.stream[i])},
                    {"ts", Micros(t)}};
      if (*phase == 'f') event["bp"] = "e";  // it ends at the slice around it, not at the next one
      Append(event);
    }
  }

  // For each collective, from the rank that came last to the rank that waited longest for it: one arrow,
  // however many ranks take part.
  void AddWaits(const store::Communicator& communicator) {
    std::map<uint32_t, std::pair<size_t, size_t>> first_and_last;  // by sequence number
    for (const store::Member& member : communicator.members) {
      for (uint32_t i : member.collectives) {
        if (store_.operations.finished[i] == 0) continue;
        const auto [it, added] = first_and_last.try_emplace(store_.operations.seq[i], i, i);
        if (Begin(i) < Begin(it->second.first)) it->second.first = i;
        if (Begin(i) > Begin(it->second.second)) it->second.second = i;
      }
    }
    for (const auto& [seq, ends] : first_and_last) {
      const auto& [first, last] = ends;
      if (first != last && store_.operations.finished[first] >= Begin(last))
        AddFlow("waited for", last, first);
    }
  }

  // Of one sender: its n-th message to a peer and that peer's n-th receive from it.
  void AddMessages(const store::Communicator& communicator, const store::Member& sender) {
    const auto& o = store_.operations;
    static const uint16_t kSend = api::FindApi("ncclSend")->id;
    if (store_.ProcessOf(sender.rank) == nullptr || store_.ProcessOf(sender.rank)->HasLostRecords()) return;
    std::map<int32_t, size_t> next;  // by peer: how far its receives are used up
    for (uint32_t send : sender.p2p) {
      if (o.api[send] != kSend || o.peer[send] < 0 ||
          static_cast<size_t>(o.peer[send]) >= communicator.members.size())
        continue;
      const store::Member& receiver = communicator.members[o.peer[send]];
      size_t& at = next[o.peer[send]];
      const auto is_match = [&](uint32_t i) { return o.api[i] != kSend && o.peer[i] == o.member[send]; };
      while (at < receiver.p2p.size() && !is_match(receiver.p2p[at])) ++at;
      if (at == receiver.p2p.size()) continue;
      const uint32_t receive = receiver.p2p[at++];
      if (o.finished[receive] >= Begin(send)) AddFlow("message", send, receive);
    }
  }

  const Store& store_;
  int64_t flows_ = 0;
  std::string text_;
  std::map<std::tuple<int32_t, int32_t, uint32_t>, int> tracks_;
  std::map<int32_t, int> tracks_of_rank_;
};

}  // namespace

std::string ChromeTrace(const Store& store) { return ChromeTraceWriter(store).Write(); }

}  // namespace rankle
