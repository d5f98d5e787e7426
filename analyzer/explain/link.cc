#include "analyzer/explain/link.h"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <tuple>
#include <utility>

namespace rankle::explain {
namespace {

bool Has(const std::vector<int32_t>& sorted, int32_t rank) {
  return std::binary_search(sorted.begin(), sorted.end(), rank);
}
bool Overlap(const std::vector<int32_t>& few, const std::vector<int32_t>& many) {
  return std::any_of(few.begin(), few.end(), [&](int32_t rank) { return Has(many, rank); });
}

class Linker {
 public:
  Linker(Incident& incident, const std::vector<CauseEdge>& edges)
      : incident_(incident),
        events_(incident.events),
        edges_(edges),
        links_(events_.size()),
        reached_(events_.size()) {
    for (size_t c = 0; c < incident.members.size(); ++c) {
      for (int32_t rank : incident.members[c]) communicators_of_[rank].push_back(static_cast<int32_t>(c));
    }
    for (size_t i = 0; i < events_.size(); ++i) {
      for (int32_t rank : events_[i].ranks) of_rank_[rank].push_back(static_cast<int32_t>(i));
    }
    IndexEffects();
  }

  std::vector<CauseOf> Link() {
    for (size_t i = 0; i < events_.size(); ++i) {
      if (events_[i].root) Enter(LinkUpTo(static_cast<int32_t>(i)));
    }
    while (!queue_.empty()) {
      const int32_t cause = std::get<2>(queue_.top());
      queue_.pop();
      if (std::exchange(done_[cause], 1) != 0) continue;
      for (size_t e = 0; e < edges_.size(); ++e) FollowEdge(cause, static_cast<int32_t>(e));
    }
    Date();
    return std::move(links_);
  }

 private:
  // Events by the edges whose effect they may be: of those within a rank by rank, of the others in one list,
  // which what is linked leaves.
  void IndexEffects() {
    done_.resize(events_.size());
    near_.resize(edges_.size()), open_.resize(edges_.size());
    for (size_t e = 0; e < edges_.size(); ++e) {
      for (size_t i = 0; i < events_.size(); ++i) {
        if (!Matches(edges_[e].effect, events_[i])) continue;
        if (edges_[e].reach != Reach::kSameRank)
          open_[e].push_back(static_cast<int32_t>(i));
        else
          for (int32_t rank : events_[i].ranks) near_[e][rank].push_back(static_cast<int32_t>(i));
      }
    }
  }

  void Enter(int32_t event) {
    if (std::exchange(reached_[event], 1) != 0) return;
    queue_.emplace(events_[event].earliest, events_[event].latest, event);
  }

  const std::string* HostOf(int32_t rank) const {
    const auto at = std::lower_bound(incident_.hosts.begin(), incident_.hosts.end(), rank,
                                     [](const auto& host, int32_t r) { return host.first < r; });
    return at == incident_.hosts.end() || at->first != rank ? nullptr : &at->second;
  }
  // By how much the order of two events may deceive.
  int64_t Doubt(const Event& a, const Event& b) const {
    if (incident_.clock_uncertainty == 0 || a.ranks.empty() || b.ranks.empty()) return 0;
    const std::string *first = HostOf(a.ranks.front()), *second = HostOf(b.ranks.front());
    return first != nullptr && second != nullptr && *first == *second ? 0 : incident_.clock_uncertainty;
  }

  bool DelayFits(const CauseEdge& edge, const Event& cause, const Event& effect) const {
    const int64_t doubt = Doubt(cause, effect);
    return effect.latest - cause.earliest + doubt >= edge.least_ns &&
           effect.earliest - cause.latest - doubt <= edge.most_ns;
  }

  bool ShareCommunicator(const Event& cause, const Event& effect) const {
    const int32_t of_effect = effect.communicator;
    if (of_effect >= 0) return Overlap(cause.ranks, incident_.members[static_cast<size_t>(of_effect)]);
    return std::any_of(cause.ranks.begin(), cause.ranks.end(), [&](int32_t rank) {
      const auto own = communicators_of_.find(rank);
      if (own == communicators_of_.end()) return false;
      return std::any_of(own->second.begin(), own->second.end(), [&](int32_t c) {
        return Overlap(effect.ranks, incident_.members[static_cast<size_t>(c)]);
      });
    });
  }

  bool IsInReach(Reach reach, const Event& cause, const Event& effect) const {
    switch (reach) {
      case Reach::kSameRank:
        return Overlap(cause.ranks, effect.ranks);
      case Reach::kWaitingOn:
        return Overlap(cause.ranks, effect.waits_for);
      case Reach::kPeer:
        return !effect.ranks.empty() && !Overlap(cause.ranks, effect.ranks) &&
               ShareCommunicator(cause, effect);
      case Reach::kJob:
        return true;
    }
    return false;
  }

  bool Fits(const CauseEdge& edge, int32_t cause, int32_t effect) const {
    const Event &c = events_[cause], &e = events_[effect];
    return cause != effect && Matches(edge.cause, c) && IsInReach(edge.reach, c, e) && DelayFits(edge, c, e);
  }

  // Would `event` be a cause of its own cause? Intervals that overlap allow both orders.
  bool LeadsTo(int32_t event, int32_t to) const {
    for (int32_t at = to; at >= 0; at = links_[at].cause) {
      if (at == event) return true;
    }
    return false;
  }

  // The nearer cause counts: one on the same rank over one elsewhere, there the last one before the effect,
  // elsewhere the first that reached it.
  bool IsNearer(int32_t cause, int32_t edge, int32_t effect) const {
    const CauseOf& now = links_[effect];
    if (now.cause < 0) return true;
    const Reach reach = edges_[edge].reach, before = edges_[now.edge].reach;
    if (reach != before) return reach < before;
    return reach == Reach::kSameRank && events_[cause].earliest > events_[now.cause].earliest;
  }

  void Take(int32_t cause, int32_t edge, int32_t effect) {
    if (events_[effect].root || done_[effect] || LeadsTo(effect, cause)) return;
    if (!Fits(edges_[edge], cause, effect) || !IsNearer(cause, edge, effect)) return;
    links_[effect] = {cause, edge};
    Enter(effect);
  }

  void FollowEdge(int32_t cause, int32_t e) {
    if (!Matches(edges_[e].cause, events_[cause])) return;
    if (edges_[e].reach == Reach::kSameRank) {
      for (int32_t rank : events_[cause].ranks) {
        const auto at = near_[e].find(rank);
        if (at == near_[e].end()) continue;
        for (int32_t effect : at->second) Take(cause, e, effect);
      }
      return;
    }
    for (int32_t effect : open_[e]) Take(cause, e, effect);
    // Whoever comes later is no nearer.
    std::erase_if(open_[e], [&](int32_t effect) {
      return links_[effect].cause >= 0 && edges_[links_[effect].edge].reach <= edges_[e].reach;
    });
  }

  // What on its own ranks led to `event`; returns the beginning.
  int32_t LinkUpTo(int32_t event) {
    for (;;) {
      CauseOf best;
      for (size_t e = 0; e < edges_.size(); ++e) {
        if (edges_[e].reach != Reach::kSameRank || !Matches(edges_[e].effect, events_[event])) continue;
        for (int32_t rank : events_[event].ranks) {
          for (int32_t cause : of_rank_[rank]) {
            if (!Fits(edges_[e], cause, event) || LeadsTo(event, cause)) continue;
            if (best.cause < 0 || events_[cause].earliest > events_[best.cause].earliest)
              best = {cause, static_cast<int32_t>(e)};
          }
        }
      }
      if (best.cause < 0) return event;
      links_[event] = best;
      Enter(event);
      event = best.cause;
    }
  }

  // A cause happened no later than its effects, an effect no earlier than its cause.
  void Date() {
    std::vector<std::vector<int32_t>> effects(events_.size());
    std::vector<int32_t> order;
    for (size_t i = 0; i < events_.size(); ++i) {
      if (links_[i].cause >= 0)
        effects[links_[i].cause].push_back(static_cast<int32_t>(i));
      else
        order.push_back(static_cast<int32_t>(i));
    }
    for (size_t at = 0; at < order.size(); ++at) {
      order.insert(order.end(), effects[order[at]].begin(), effects[order[at]].end());
    }
    for (size_t at = order.size(); at-- > 0;) {
      Event& event = events_[order[at]];
      for (int32_t effect : effects[order[at]])
        event.shown = std::max(event.earliest, std::min(event.shown, events_[effect].shown));
    }
    for (int32_t i : order) {
      if (links_[i].cause >= 0) events_[i].shown = std::max(events_[i].shown, events_[links_[i].cause].shown);
    }
  }

  Incident& incident_;
  std::vector<Event>& events_;
  const std::vector<CauseEdge>& edges_;
  std::map<int32_t, std::vector<int32_t>> communicators_of_;   // by global rank
  std::map<int32_t, std::vector<int32_t>> of_rank_;            // events
  std::vector<std::map<int32_t, std::vector<int32_t>>> near_;  // by edge and rank
  std::vector<std::vector<int32_t>> open_;                     // by edge
  std::vector<CauseOf> links_;
  std::vector<uint8_t> reached_, done_;  // has been entered into the queue, has left it
  // Earliest first; of those, what is dated exactly before what is known within bounds, such as the end that
  // follows.
  using Turn = std::tuple<int64_t, int64_t, int32_t>;  // earliest, latest, event
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> queue_;
};

}  // namespace

std::vector<CauseOf> LinkEvents(Incident& incident, const std::vector<CauseEdge>& edges) {
  return Linker(incident, edges).Link();
}

}  // namespace rankle::explain
