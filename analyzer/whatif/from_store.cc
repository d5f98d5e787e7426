#include "analyzer/whatif/from_store.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/localize/role.h"
#include "analyzer/localize/step_numbers.h"
#include "analyzer/whatif/hidden.h"
#include "analyzer/whatif/pipeline_places.h"
#include "analyzer/whatif/rank_order.h"
#include "analyzer/whatif/store_units.h"
#include "injector/api/api.h"

namespace rankle::whatif {
namespace {

using store::kNone;
using store::Store;

// Two operations of the model each; about 1 GiB with their graph.
constexpr size_t kMostOperations = 4'000'000;
// Operations of a model times replays of it, one for each worker: about a minute.
constexpr size_t kMostReplayed = 2'000'000'000;

// Function, size of its communicator, direction of an exchange between stages.
using Like = std::tuple<uint16_t, size_t, int>;

// A call may come while its stream is still busy: the device is not ready for it before. What is launched as
// a group begins together.
class StreamEnd {
 public:
  // When the stream was free for an operation of this group (0 = by itself), which then occupies it.
  int64_t FreeFor(uint16_t group, int64_t end) {
    if (group == 0 || group != group_) before_ = busy_;
    group_ = group;
    busy_ = std::max(busy_, end);
    return before_;
  }

 private:
  uint16_t group_ = 0;
  int64_t busy_ = 0, before_ = 0;
};

class StoreModel {
 public:
  StoreModel(const Store& store, const std::optional<StepRange>& range)
      : store_(store), o_(store.operations), range_(range) {}

  absl::StatusOr<Model> Build() {
    CollectOperations();
    if (absl::Status status = ChooseSteps(); !status.ok()) return status;
    PlaceRanks();
    for (auto& list : ranks_) FindPositions(static_cast<size_t>(&list - ranks_.data()));
    for (const auto& list : ranks_) order_.Learn(list);
    AddOperations();
    return Connect();
  }

 private:
  // Operations with a beginning and an end, by rank, ordered by arrival.
  void CollectOperations() {
    const localize::StepNumbers numbers = localize::FindStepNumbers(store_);
    ranks_.resize(store_.ranks.size());
    for (size_t rank = 0; rank < ranks_.size(); ++rank) {
      std::map<uint32_t, StreamEnd> streams;
      for (size_t i = store_.rank_begin(rank); i < store_.rank_begin(rank + 1); ++i) {
        if (o_.state[i] == store::OpState::kFailed || o_.state[i] == store::OpState::kAborted) continue;
        if (o_.finished[i] == 0 || std::max(o_.started[i], o_.entered[i]) == 0) {
          ++without_end_;
          continue;
        }
        const int64_t arrival = std::max(o_.started[i] != 0 ? o_.started[i] : o_.entered[i],
                                         streams[o_.stream[i]].FreeFor(o_.group[i], o_.finished[i]));
        ranks_[rank].push_back({.row = static_cast<uint32_t>(i),
                                .step = numbers.of[i],
                                .arrival = std::min(arrival, o_.finished[i]),
                                .end = o_.finished[i],
                                .stream = o_.stream[i],
                                .group = o_.group[i],
                                .p2p = o_.p2p[i] != 0});
      }
      std::stable_sort(ranks_[rank].begin(), ranks_[rank].end(),
                       [](const auto& a, const auto& b) { return a.arrival < b.arrival; });
    }
  }

  absl::Status ChooseSteps() {
    std::map<int64_t, size_t> steps;  // operations of each
    for (const auto& list : ranks_) {
      for (const TimedOperation& op : list) ++steps[op.step];
    }
    const size_t outside = steps.contains(-1) ? steps[-1] : 0;
    steps.erase(-1);
    if (steps.empty() && outside > 0) {
      for (auto& list : ranks_) {
        for (TimedOperation& op : list) op.step = 0;
      }
      steps[0] = outside;
      model_.notes.push_back(
          "no steps are marked and collectives do not repeat themselves: all is taken for one step");
    }
    if (steps.empty()) {
      return absl::InvalidArgumentError(
          "what-if: no operation with a beginning and an end on record: give flight records or profiles of "
          "steps that ran");
    }
    const int64_t first = steps.begin()->first, last = steps.rbegin()->first;
    if (range_) {
      std::erase_if(steps, [&](const auto& step) { return !range_->Has(step.first); });
      if (steps.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("what-if: no such step: the records have steps ", first, " to ", last));
      }
    } else if (steps.size() > 2) {
      steps.erase(steps.begin());
      steps.erase(std::prev(steps.end()));
    }
    size_t operations = 0;
    for (auto it = steps.rbegin(); it != steps.rend(); ++it) {
      if (operations > 0 && operations + it->second > kMostOperations) {
        model_.notes.push_back(absl::StrCat("too many operations: only steps ", std::prev(it)->first, " to ",
                                            steps.rbegin()->first, " are replayed; --steps chooses others"));
        break;
      }
      operations += it->second;
      model_.steps.push_back(it->first);
    }
    std::reverse(model_.steps.begin(), model_.steps.end());
    for (size_t s = 0; s < model_.steps.size(); ++s) step_index_[model_.steps[s]] = static_cast<int32_t>(s);
    return absl::OkStatus();
  }

  void PlaceRanks() {
    std::vector<std::vector<TimedOperation>> with_operations;
    std::vector<size_t> who;
    for (size_t rank = 0; rank < ranks_.size(); ++rank) {
      if (ranks_[rank].empty()) continue;
      who.push_back(rank);
      with_operations.push_back(ranks_[rank]);
    }
    const PipelinePlaces places = FindPipelinePlaces(store_, with_operations);
    model_.stages_known = places.why_not.empty();
    if (!model_.stages_known)
      model_.notes.push_back(absl::StrCat("no figures of pipeline stages: ", places.why_not));
    worker_.assign(ranks_.size(), kNone);
    role_.assign(ranks_.size(), 0);
    std::map<localize::Role, int32_t> roles;
    for (size_t w = 0; w < who.size(); ++w) {
      const auto rank = static_cast<int32_t>(who[w]);
      worker_[rank] = static_cast<int32_t>(w);
      Worker& worker = model_.workers.emplace_back();
      worker.rank = store_.GlobalRank(rank);
      worker.dp = model_.stages_known ? places.pipeline[w] : static_cast<int32_t>(w);
      worker.stage = model_.stages_known ? places.stage[w] : 0;
      role_[rank] = model_.stages_known
                        ? worker.stage
                        : roles.try_emplace(localize::RoleOf(store_, rank), roles.size()).first->second;
    }
  }

  // Each position has two types: the computing that leads to the operation, and the operation.
  void FindPositions(size_t rank) {
    std::map<std::pair<int64_t, Like>, int32_t> seen;  // in each step
    for (TimedOperation& op : ranks_[rank]) {
      const uint32_t i = op.row;
      // Elsewhere the role tells apart what needs to be, and an all-to-all has no direction.
      const bool directed = op.p2p && model_.stages_known;
      const int direction = !directed ? 0 : o_.peer[i] < o_.member[i] ? -1 : 1;
      const Like like(o_.api[i], store_.communicators[o_.communicator[i]].members.size(), direction);
      const auto [it, added] = positions_.try_emplace({role_[rank], like, seen[{op.step, like}]++},
                                                      static_cast<uint32_t>(positions_.size()));
      op.position = it->second;
      if (!added) continue;
      const std::string name = store::OperationName(o_.api[i]);
      model_.types.push_back({.name = "compute before " + name, .group = "compute", .same_work = true});
      model_.types.push_back({.name = name, .group = op.p2p ? "Send, Recv" : name, .communication = true});
    }
  }

  // In seconds after the earliest arrival, so that nothing of their precision is lost.
  double Seconds(int64_t time) const { return Store::Seconds(time - origin_); }

  void AddOperations() {
    chosen_.of_row.assign(o_.size(), -1);
    origin_ = INT64_MAX;
    for (const auto& list : ranks_) {
      for (const TimedOperation& op : list) {
        if (step_index_.contains(op.step)) origin_ = std::min(origin_, op.arrival);
      }
    }
    for (size_t rank = 0; rank < ranks_.size(); ++rank) AddOperationsOf(rank);
  }

  // Where the rank was ready to compute what leads to operation `i`; 0 = it is not on record.
  int64_t ReadyFor(const std::vector<TimedOperation>& list, size_t i,
                   const std::vector<uint32_t>& waits) const {
    int64_t ready = i > 0 ? list[i - 1].arrival : 0;
    for (uint32_t k : waits) ready = std::max(ready, list[k].end);
    return ready;
  }

  void AddOperationsOf(size_t rank) {
    const std::vector<TimedOperation>& list = ranks_[rank];
    const std::vector<std::vector<uint32_t>> waits = order_.Waits(list);
    for (size_t i = 0; i < list.size(); ++i) {
      const TimedOperation& op = list[i];
      const auto step = step_index_.find(op.step);
      if (step == step_index_.end()) continue;
      int64_t ready = ReadyFor(list, i, waits[i]);
      if (ready == 0) {  // its first operation of all
        from_origin_ = from_origin_ || step->second == 0;
        ready = step->second == 0 ? origin_ : op.arrival;
      }
      const auto number = static_cast<uint32_t>(chosen_.operations.size());
      const auto type = static_cast<int32_t>(2 * op.position);
      chosen_.of_row[op.row] = static_cast<int32_t>(number);
      chosen_.operations.push_back(op);
      const int32_t w = worker_[rank];
      model_.operations.push_back({w, type, step->second, Seconds(ready), Seconds(op.arrival)});
      model_.operations.push_back({w, type + 1, step->second, Seconds(op.arrival), Seconds(op.end)});
      waits_.emplace_back(Operation(number), Piece(number));
      if (i > 0) WaitForRow(number, list[i - 1].row, false);
      for (uint32_t k : waits[i]) WaitForRow(number, list[k].row, true);
    }
  }

  // The model's operations of the chosen operation `number`.
  static uint32_t Piece(uint32_t number) { return 2 * number; }
  static uint32_t Operation(uint32_t number) { return 2 * number + 1; }

  void WaitForRow(uint32_t number, uint32_t row, bool for_its_end) {
    const int32_t other = chosen_.of_row[row];
    if (other < 0) return;  // of an earlier step
    const auto earlier = static_cast<uint32_t>(other);
    waits_.emplace_back(Piece(number), for_its_end ? Operation(earlier) : Piece(earlier));
  }

  absl::StatusOr<Model> Connect() {
    Units units = FindUnits(store_, chosen_);
    GraphBuilder builder(model_.operations.size());
    for (const auto& [operation, other] : waits_) builder.Wait(operation, other);
    for (const auto& [later, earlier] : units.waits) builder.Wait(Operation(later), Operation(earlier));
    for (std::vector<uint32_t>& together : units.joined) {
      for (uint32_t& i : together) i = Operation(i);
      builder.Join(together);
    }
    auto graph = builder.Build();
    if (!graph.ok()) return graph.status();
    model_.graph = *std::move(graph);
    model_.steps_follow = true;
    const size_t cost = model_.operations.size() * model_.workers.size();
    model_.replay_each_worker = cost <= kMostReplayed;
    if (!model_.replay_each_worker && !model_.stages_known) {
      return absl::InvalidArgumentError(
          absl::StrCat("what-if: ", model_.operations.size() / 2, " operations of ", model_.workers.size(),
                       " ranks are too many to replay each rank: choose fewer steps (--steps FROM:TO)"));
    }
    for (std::string& note : units.notes) model_.notes.push_back(std::move(note));
    NoteWhatIsHidden();
    NoteWhatIsMissing();
    return std::move(model_);
  }

  void NoteWhatIsHidden() {
    const HiddenComputing hidden = FindHiddenComputing(model_);
    if (hidden.shown_by.empty()) return;
    std::vector<int32_t> ranks;
    for (const Worker& worker : hidden.shown_by) ranks.push_back(worker.rank);
    model_.notes.push_back(absl::StrFormat(
        "what most ranks compute at some places of a step is hidden behind their communication and shows on "
        "%s only: up to %.3f s a step of what would come back is work that has to be done (reductions that "
        "overlap with computing?)",
        store::RankList(ranks), hidden.most_s));
  }

  void NoteWhatIsMissing() {
    if (from_origin_)
      model_.notes.push_back(
          "what came before the first operation is not on record: computing of the first step counts from "
          "the moment when the first rank arrived");
    if (without_end_ > 0)
      model_.notes.push_back(
          absl::StrCat(without_end_, " operations whose end is not on record are left out"));
    if (!store_.quality.missing_ranks.empty())
      model_.notes.push_back(absl::StrCat("no records of ranks ",
                                          store::RankList(store_.quality.missing_ranks),
                                          ": what they cost counts as time of the operations"));
  }

  const Store& store_;
  const store::Operations& o_;
  const std::optional<StepRange>& range_;
  Model model_;
  std::vector<std::vector<TimedOperation>> ranks_;
  std::vector<int32_t> worker_, role_;  // by rank; no worker: the rank has no operations
  std::map<int64_t, int32_t> step_index_;
  std::map<std::tuple<int32_t, Like, int32_t>, uint32_t> positions_;
  RankOrder order_;
  Chosen chosen_;
  std::vector<std::pair<uint32_t, uint32_t>> waits_;
  int64_t origin_ = 0;
  size_t without_end_ = 0;
  bool from_origin_ = false;
};

}  // namespace

absl::StatusOr<Model> ModelFromStore(const Store& store, const std::optional<StepRange>& range) {
  if (!store.device_times) {
    return absl::InvalidArgumentError(
        absl::StrCat("what-if: ", store.source,
                     " does not tell when operations ran: give flight records of `rankle run`, or profiles"));
  }
  return StoreModel(store, range).Build();
}

}  // namespace rankle::whatif
