// PyTorch's form: a JSON object with the list "nodes". Two kinds of nodes matter: "record_param_comms", one
// a call of a process group, and "## process_group:init ##", which holds the list of the groups.
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/execution_trace/recorded_call.h"
#include "analyzer/import/execution_trace/trace_forms.h"
#include "analyzer/import/json_objects/trace_scanner.h"
#include "analyzer/store/store.h"

namespace rankle::import {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Members of all groups that a trace lists: more is no job (rank_traces/trace_groups.h bounds what is kept).
constexpr size_t kMostListed = 8 << 20;

// "ranks" of a listed group: [0, 2], or {"0": 0, "2": 1} (global rank: place).
std::vector<int32_t> ListedRanks(const object& group) {
  std::vector<int32_t> ranks;
  array list;
  object places;
  if (group["ranks"].get(list) == simdjson::SUCCESS) {
    for (const element item : list) {
      int64_t rank = -1;
      if (item.get(rank) == simdjson::SUCCESS && rank >= 0 && rank < kMostRanks)
        ranks.push_back(static_cast<int32_t>(rank));
    }
  } else if (group["ranks"].get(places) == simdjson::SUCCESS) {
    std::vector<std::pair<int64_t, int32_t>> by_place;
    for (const auto& [key, value] : places) {
      int64_t place = 0;
      int32_t rank = -1;
      if (value.get(place) == simdjson::SUCCESS &&
          absl::SimpleAtoi(absl::string_view(key.data(), key.size()), &rank))
        by_place.emplace_back(place, rank);
    }
    std::sort(by_place.begin(), by_place.end());
    for (const auto& [place, rank] : by_place) ranks.push_back(rank);
  }
  return ranks;
}

class PyTorchForm : public ExecutionTraceReader::Form {
 public:
  PyTorchForm() : scanner_({[this](std::string_view node) { TakeNode(node); }, {}}, {"nodes"}) {}
  absl::Status Feed(std::string_view bytes) override { return scanner_.Feed(bytes); }

  RankTrace Finish() override {
    trace_.cut = !scanner_.Finish().ok();
    trace_.events = scanner_.events();
    std::stable_sort(calls_.begin(), calls_.end(),
                     [](const RecordedCall& a, const RecordedCall& b) { return a.node < b.node; });
    ListGroups();
    FindRank();
    NameAddresses();
    for (RecordedCall& call : calls_) {
      RankOperation& o = call.operation;
      if (call.peer_in_group >= 0) o.peer = GlobalRank(call, call.peer_in_group);
      if (o.group_size == 0 && distinct_groups_ > 1) o.group_size = kSomeRanks;
      trace_.operations.push_back(std::move(o));
    }
    return std::move(trace_);
  }

 private:
  void TakeNode(std::string_view text) {
    const bool is_call = text.find("record_param_comms") != std::string_view::npos;
    if (!is_call && text.find("process_group:init") == std::string_view::npos) return;
    element root;
    object node;
    std::string_view name;
    if (parser_.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS ||
        root.get(node) != simdjson::SUCCESS || node["name"].get(name) != simdjson::SUCCESS) {
      ++trace_.malformed;
      return;
    }
    if (name.find("process_group:init") != std::string_view::npos) TakeGroups(node);
    if (name != "record_param_comms") return;
    if (std::optional<RecordedCall> call = ParseRecordedCall(node)) calls_.push_back(*std::move(call));
  }

  // The groups are a text in the text. It may be cut off: then nothing of it is used.
  void TakeGroups(const object& node) {
    array inputs;
    object nested;
    if (node["inputs"].get(inputs) != simdjson::SUCCESS &&
        (node["inputs"].get(nested) != simdjson::SUCCESS ||
         nested["values"].get(inputs) != simdjson::SUCCESS))
      return;
    element first, root;
    std::string_view text;
    array groups;
    if (inputs.at(0).get(first) != simdjson::SUCCESS || first.get(text) != simdjson::SUCCESS ||
        groups_parser_.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS ||
        root.get(groups) != simdjson::SUCCESS)
      return;
    for (const element item : groups) {
      object json;
      if (item.get(json) != simdjson::SUCCESS) continue;
      RankGroup group;
      std::string_view name, title;
      uint64_t address = 0;
      if (json["pg_name"].get(name) == simdjson::SUCCESS) group.name = name;
      if (group.name.empty() && json["pg_id"].get(address) == simdjson::SUCCESS)
        group.name = absl::StrCat(address);
      if (json["pg_desc"].get(title) == simdjson::SUCCESS) group.title = title;
      group.ranks = ListedRanks(json);
      int64_t size = 0;
      if (group.ranks.empty() && json["group_size"].get(size) == simdjson::SUCCESS && size > 0 &&
          size <= kMostRanks) {
        // No list: all ranks of the job.
        trace_.world_size = std::max(trace_.world_size, static_cast<int32_t>(size));
        for (int32_t rank = 0; rank < size; ++rank) group.ranks.push_back(rank);
      }
      if (!group.name.empty() && !group.ranks.empty()) List(std::move(group));
    }
  }

  void List(RankGroup group) {
    if (listed_ + group.ranks.size() > kMostListed) return;
    listed_ += group.ranks.size();
    if (place_of_.try_emplace(group.name, trace_.groups.size()).second)
      trace_.groups.push_back(std::move(group));
  }
  const RankGroup* Listed(const std::string& name) const {
    const auto it = place_of_.find(name);
    return it == place_of_.end() ? nullptr : &trace_.groups[it->second];
  }

  // Groups that calls describe by their first rank and a stride.
  void ListGroups() {
    std::set<std::string> names;
    std::map<std::string, const RecordedCall*> described;
    for (const RecordedCall& call : calls_) {
      const RankOperation& o = call.operation;
      names.insert(o.group);
      if (call.names_group && call.first_rank >= 0 && call.rank_stride > 0 && o.group_size > 0 &&
          o.group_size <= kMostRanks)
        described.try_emplace(o.group, &call);
    }
    distinct_groups_ = names.size();
    for (const auto& [name, call] : described) {
      if (Listed(name) != nullptr) continue;
      RankGroup group;
      group.name = name, group.title = call->operation.group_title;
      for (int64_t i = 0; i < call->operation.group_size; ++i) {
        const int64_t rank = call->first_rank + i * call->rank_stride;
        if (rank < kMostRanks) group.ranks.push_back(static_cast<int32_t>(rank));
      }
      List(std::move(group));
    }
  }

  // -1 when the place of the group's members is not known.
  int32_t GlobalRank(const RecordedCall& call, int32_t place) const {
    if (const RankGroup* group = Listed(call.operation.group)) {
      return place < static_cast<int32_t>(group->ranks.size()) ? group->ranks[place] : -1;
    }
    return distinct_groups_ == 1 ? place : -1;
  }

  // All calls must agree; else the trace does not tell its rank.
  void FindRank() {
    for (const RecordedCall& call : calls_) {
      if (call.rank_in_group < 0) continue;
      const int32_t rank = GlobalRank(call, call.rank_in_group);
      if (rank < 0) continue;
      if (trace_.rank >= 0 && rank != trace_.rank) {
        trace_.rank = -1;
        return;
      }
      trace_.rank = rank;
    }
  }

  // Addresses differ from process to process. A single group is that of all ranks; several have no name that
  // other traces could share, unless the list of groups has them.
  void NameAddresses() {
    for (RecordedCall& call : calls_) {
      RankOperation& o = call.operation;
      if (call.names_group) continue;
      const RankGroup* const group = Listed(o.group);
      if (group != nullptr) o.ranks = group->ranks;
      o.group_title = group == nullptr ? "" : group->title;
      o.group = group == nullptr ? "" : store::RankList(group->ranks);
    }
  }

  TraceScanner scanner_;
  simdjson::dom::parser parser_, groups_parser_;
  std::vector<RecordedCall> calls_;
  absl::flat_hash_map<std::string, size_t> place_of_;  // of a group by its name, in trace_.groups
  size_t distinct_groups_ = 0, listed_ = 0;
  RankTrace trace_;
};

}  // namespace

std::unique_ptr<ExecutionTraceReader::Form> MakePyTorchForm() { return std::make_unique<PyTorchForm>(); }

std::unique_ptr<ExecutionTraceReader::Form> ExecutionTraceReader::Form::Make(ExecutionTraceForm form) {
  switch (form) {
    case ExecutionTraceForm::kPyTorch:
      return MakePyTorchForm();
    case ExecutionTraceForm::kChakraJson:
      return MakeChakraJsonForm();
    case ExecutionTraceForm::kChakraMessages:
      break;
  }
  return MakeChakraMessagesForm();
}

}  // namespace rankle::import
