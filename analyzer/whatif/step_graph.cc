#include "analyzer/whatif/step_graph.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

namespace rankle::whatif {
namespace {

std::string NameOf(Kind kind) { return std::string(kKindTable[static_cast<size_t>(kind)].name); }

size_t MostVoted(const IdleVotes& votes, const std::tuple<int32_t, int32_t, size_t>& key) {
  const auto found = votes.find(key);
  if (found == votes.end()) return 0;
  return std::ranges::max_element(found->second, {}, [](const auto& vote) { return vote.second; })->first;
}

}  // namespace

Layout::Layout(const std::vector<Worker>& workers) {
  for (int32_t i = 0; i < static_cast<int32_t>(workers.size()); ++i) {
    const Worker& w = workers[i];
    peers[{w.stage, w.tp}].push_back(i);
    worker[{w.dp, w.tp, w.stage}] = i;
    stages = std::max(stages, w.stage + 1);
  }
}

StepGraph::StepGraph(const OperationTrace& trace, const Layout& layout, const std::vector<uint32_t>& indices)
    : trace_(trace),
      layout_(layout),
      indices_(indices),
      lists_(trace.workers.size()),
      computations_(trace.workers.size()),
      active_(trace.workers.size()) {
  List order(indices.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](uint32_t i) { return std::pair(At(i).start, At(i).sequence); });
  for (uint32_t i : order) {
    const TracedOperation& operation = At(i);
    lists_[operation.worker][static_cast<size_t>(operation.kind)].push_back(i);
    if (operation.kind != Kind::kForwardCompute && operation.kind != Kind::kBackwardCompute) continue;
    computations_[operation.worker].push_back(i);
    chunks_ = std::max(chunks_, operation.chunk + 1);
  }
}

std::vector<Span> StepGraph::Spans(const List& list) const {
  std::vector<Span> spans;
  for (uint32_t i : list) spans.push_back({At(i).start, At(i).end});
  return spans;
}

void StepGraph::VoteIdle(IdleVotes& votes) const {
  for (size_t worker = 0; worker < lists_.size(); ++worker) {
    const Worker& w = trace_.workers[worker];
    for (size_t s = 0; s < std::size(kSides); ++s) {
      const size_t idle =
          CountIdle(kSides[s], Spans(Of(worker, kSides[s].kind)), Spans(Of(worker, kSides[s].computation)));
      ++votes[{w.stage, w.tp, s}][idle];
    }
  }
}

std::string StepGraph::Connect(const IdleVotes& votes) {
  for (int32_t worker = 0; worker < static_cast<int32_t>(lists_.size()); ++worker) {
    if (computations_[worker].empty()) return "not every worker has computations in it";
    ConnectComputations(worker);
    ConnectExchanges(worker, votes);
    ConnectReductions(worker);
    ConnectEnd(worker);
  }
  if (std::string reason = JoinExchanges(); !reason.empty()) return reason;
  return JoinCollectives();
}

void StepGraph::Chain(const List& list) {
  for (size_t i = 1; i < list.size(); ++i) Wait(list[i], list[i - 1]);
}

// One after the other. The first backward exchanges are launched before the last forward computation that
// comes before them, so that they wait for the one before it only.
void StepGraph::ConnectComputations(int32_t worker) {
  const List& computations = computations_[worker];
  Chain(computations);
  const auto backward =
      std::ranges::find(computations, Kind::kBackwardCompute, [&](uint32_t i) { return At(i).kind; });
  if (backward == computations.end() || backward - computations.begin() < 2) return;
  for (Kind kind : {Kind::kBackwardSend, Kind::kBackwardRecv}) {
    if (!Of(worker, kind).empty()) Wait(Of(worker, kind).front(), *(backward - 2));
  }
}

// Exchanges of a kind follow each other; a computation waits for its receive and precedes its send. A receive
// is not posted before the computation of its kind that comes before it: there is one buffer.
void StepGraph::ConnectExchanges(int32_t worker, const IdleVotes& votes) {
  const Worker& w = trace_.workers[worker];
  for (size_t s = 0; s < std::size(kSides); ++s) {
    const Side& side = kSides[s];
    const List &exchanges = Of(worker, side.kind), &computations = Of(worker, side.computation);
    Chain(exchanges);
    std::vector<bool> has_peer;
    for (uint32_t i : computations) {
      // Chunks of the whole model: the first chunks of all stages, then the second ones, and so on.
      const int32_t peer = std::max(0, At(i).chunk) * layout_.stages + w.stage + side.peer;
      has_peer.push_back(peer >= 0 && peer < chunks_ * layout_.stages);
    }
    const std::vector<int32_t> matches =
        MatchComputations(side, exchanges.size(), MostVoted(votes, {w.stage, w.tp, s}), has_peer);
    for (size_t i = 0; i < exchanges.size(); ++i) {
      if (matches[i] < 0) continue;
      const uint32_t computation = computations[matches[i]];
      if (has_peer[matches[i]]) active_[worker][s].push_back(exchanges[i]);
      if (side.sends) {
        Wait(exchanges[i], computation);
      } else {
        Wait(computation, exchanges[i]);
        if (matches[i] > 0) Wait(exchanges[i], computations[matches[i] - 1]);
      }
    }
  }
}

// Parameters are gathered before the first use of their chunk; where reductions overlap with computation,
// those of a chunk begin after its last backward computation. All of them share one stream.
void StepGraph::ConnectReductions(int32_t worker) {
  const List &gathers = Of(worker, Kind::kParamsAllGather),
             &reductions = Of(worker, Kind::kGradsReduceScatter);
  List stream = gathers;
  stream.insert(stream.end(), reductions.begin(), reductions.end());
  std::ranges::stable_sort(stream, {}, [&](uint32_t i) { return At(i).start; });
  Chain(stream);
  const auto same_chunk = [&](uint32_t collective) {
    return [this, collective](uint32_t i) {
      return At(collective).chunk < 0 || At(i).chunk == At(collective).chunk;
    };
  };
  for (uint32_t gather : gathers) {
    const List& forward = Of(worker, Kind::kForwardCompute);
    const auto first = std::ranges::find_if(forward, same_chunk(gather));
    if (first != forward.end()) Wait(*first, gather);
  }
  if (Of(worker, Kind::kSeparateAllReduce).empty()) return;
  std::set<int32_t> chunks;  // later reductions of the chunk follow in the stream
  for (uint32_t reduction : reductions) {
    if (!chunks.insert(At(reduction).chunk).second) continue;
    const List& backward = Of(worker, Kind::kBackwardCompute);
    const auto last = std::find_if(backward.rbegin(), backward.rend(), same_chunk(reduction));
    if (last != backward.rend()) Wait(reduction, *last);
  }
}

// What follows the last computation, one after the other. Reductions that overlap with computation
// ("separate" ones tell) are over before the rest begins instead of being part of it.
void StepGraph::ConnectEnd(int32_t worker) {
  const bool overlaps = !Of(worker, Kind::kSeparateAllReduce).empty();
  List end = {*std::ranges::max_element(computations_[worker], {}, [&](uint32_t i) { return At(i).end; })};
  for (Kind kind :
       {Kind::kGarbageCollection, Kind::kLayernormAllReduce, Kind::kEmbeddingAllReduce,
        Kind::kGradsReduceScatter, Kind::kSeparateAllReduce, Kind::kClipGradients, Kind::kOptimizer}) {
    const List& list = Of(worker, kind);
    if (kind == Kind::kGradsReduceScatter && overlaps) continue;
    end.insert(end.end(), list.begin(), list.end());
  }
  Chain(end);
  const List& reductions = Of(worker, Kind::kGradsReduceScatter);
  if (!overlaps || reductions.empty()) return;
  const auto next = std::find_if(end.begin() + 1, end.end(),
                                 [&](uint32_t i) { return At(i).kind != Kind::kGarbageCollection; });
  if (next != end.end()) Wait(*next, reductions.back());
}

std::string StepGraph::JoinExchanges() {
  for (const auto& [place, worker] : layout_.worker) {
    const auto [dp, tp, stage] = place;
    for (size_t s = 0; s < std::size(kSides); ++s) {
      if (!kSides[s].sends) continue;
      const int32_t peer_stage = (stage + kSides[s].peer + layout_.stages) % layout_.stages;
      const List& sends = active_[worker][s];
      const auto peer = layout_.worker.find({dp, tp, peer_stage});
      // The receiving side of each direction is listed after its sending side.
      const size_t received = peer == layout_.worker.end() ? 0 : active_[peer->second][s + 1].size();
      if (sends.size() != received) {
        return absl::StrCat("stage ", stage, " has ", sends.size(), " ", NameOf(kSides[s].kind), ", stage ",
                            peer_stage, " ", received, " ", NameOf(kSides[s + 1].kind));
      }
      for (size_t i = 0; i < sends.size(); ++i) {
        joined_.push_back({sends[i], active_[peer->second][s + 1][i]});
      }
    }
  }
  return "";
}

// Joins the first operations of this kind of all these workers, the second ones, and so on.
std::string StepGraph::JoinEach(Kind kind, const std::vector<int32_t>& workers) {
  const size_t count = Of(workers.front(), kind).size();
  for (int32_t worker : workers) {
    if (Of(worker, kind).size() != count) return absl::StrCat("not every worker has its ", NameOf(kind));
  }
  for (size_t i = 0; i < count; ++i) {
    List together;
    for (int32_t worker : workers) together.push_back(Of(worker, kind)[i]);
    joined_.push_back(std::move(together));
  }
  return "";
}

std::string StepGraph::JoinCollectives() {
  for (const auto& [part, workers] : layout_.peers) {
    for (Kind kind : {Kind::kParamsAllGather, Kind::kGradsReduceScatter, Kind::kSeparateAllReduce}) {
      if (std::string reason = JoinEach(kind, workers); !reason.empty()) return reason;
    }
  }
  // The first and the last stage share the embedding.
  for (const auto& [place, first] : layout_.worker) {
    const auto [dp, tp, stage] = place;
    const auto last = layout_.worker.find({dp, tp, layout_.stages - 1});
    if (stage != 0 || last == layout_.worker.end() || last->second == first) continue;
    if (std::string reason = JoinEach(Kind::kEmbeddingAllReduce, {first, last->second}); !reason.empty()) {
      return reason;
    }
  }
  // The norm of the gradients is that of the whole model.
  std::vector<int32_t> everybody(trace_.workers.size());
  for (size_t i = 0; i < everybody.size(); ++i) everybody[i] = static_cast<int32_t>(i);
  return JoinEach(Kind::kClipGradients, everybody);
}

uint32_t StepGraph::AddTo(GraphBuilder& builder, uint32_t first) const {
  for (const auto& [operation, other] : waits_) builder.Wait(first + operation, first + other);
  for (List together : joined_) {
    for (uint32_t& i : together) i += first;
    builder.Join(together);
  }
  return first + static_cast<uint32_t>(indices_.size());
}

}  // namespace rankle::whatif
