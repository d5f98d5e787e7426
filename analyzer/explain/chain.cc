#include "analyzer/explain/chain.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "analyzer/explain/events.h"
#include "analyzer/explain/link.h"

namespace rankle::explain {
namespace {

// What comes later is told by what came first.
constexpr size_t kMostEntries = 24;

struct Entry {
  ChainLink link;
  int64_t shown = 0;
  size_t depth = 0;
  int32_t because = -1;  // index into the entries as they were made
  std::string alike;
};

// What happened to several ranks alike, for one cause, is one entry.
class Grouper {
 public:
  Grouper(const Incident& incident, const std::vector<CauseOf>& causes, const std::vector<CauseEdge>& edges)
      : events_(incident.events),
        causes_(causes),
        edges_(edges),
        entry_of_(events_.size(), -1),
        leads_on_(events_.size()) {
    for (const CauseOf& cause : causes) {
      if (cause.cause >= 0) leads_on_[static_cast<size_t>(cause.cause)] = true;
    }
  }

  std::vector<Entry> Group(bool quiet_unless_linked) {
    for (size_t i = 0; i < events_.size(); ++i) {
      const bool linked = causes_[i].cause >= 0 || leads_on_[i];
      const bool everyday = quiet_unless_linked && events_[i].kind != EventKind::kNotice;
      if (linked || (!events_[i].quiet && !everyday)) EntryOf(static_cast<int32_t>(i));
    }
    return std::move(entries_);
  }

 private:
  int32_t EntryOf(int32_t event) {
    if (entry_of_[event] >= 0) return entry_of_[event];
    const Event& e = events_[event];
    const CauseOf& cause = causes_[event];
    const bool linked = cause.cause >= 0 || leads_on_[static_cast<size_t>(event)];
    const int32_t because = cause.cause < 0 ? -1 : EntryOf(cause.cause);
    const std::string& alike = e.alike.empty() ? e.text : e.alike;
    const auto [at, added] = groups_.emplace(std::tuple(because, cause.edge, alike), entries_.size());
    // Waits of different operations differ in their text; what nothing links stands for itself.
    const bool joins = !added && linked && e.ranks.size() == 1 && entries_[at->second].link.rank >= 0;
    if (joins) {
      Join(entries_[at->second], e);
    } else {
      at->second = entries_.size();
      entries_.push_back(Made(e, cause, because));
    }
    return entry_of_[event] = static_cast<int32_t>(at->second);
  }

  Entry Made(const Event& e, const CauseOf& cause, int32_t because) const {
    Entry entry;
    entry.shown = e.shown, entry.because = because, entry.alike = e.alike.empty() ? e.text : e.alike;
    entry.depth = because < 0 ? 0 : entries_[static_cast<size_t>(because)].depth + 1;
    entry.link.rank = e.ranks.empty() ? -1 : e.ranks.front();
    entry.link.event = e.text;
    if (cause.edge >= 0) entry.link.edge = edges_[static_cast<size_t>(cause.edge)].id;
    // A wait that others were in before what keeps them waiting.
    if (e.kind == EventKind::kWait && e.shown > e.earliest) entry.link.event = "keep waiting in " + e.name;
    if (e.ranks.size() > 1) entry.link.ranks = e.ranks;
    return entry;
  }

  static void Join(Entry& entry, const Event& e) {
    entry.shown = std::min(entry.shown, e.shown);
    if (e.ranks.front() == entry.link.rank) return;  // the same thing again
    if (entry.link.ranks.empty()) entry.link.ranks = {entry.link.rank};
    auto& ranks = entry.link.ranks;
    const auto place = std::lower_bound(ranks.begin(), ranks.end(), e.ranks.front());
    if (place == ranks.end() || *place != e.ranks.front()) ranks.insert(place, e.ranks.front());
    entry.link.rank = ranks.front(), entry.link.event = entry.alike;
  }

  const std::vector<Event>& events_;
  const std::vector<CauseOf>& causes_;
  const std::vector<CauseEdge>& edges_;
  std::vector<int32_t> entry_of_;
  std::vector<bool> leads_on_;
  std::map<std::tuple<int32_t, int32_t, std::string>, size_t> groups_;
  std::vector<Entry> entries_;
};

std::vector<ChainLink> InOrder(std::vector<Entry> entries) {
  std::vector<int32_t> order(entries.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return std::pair(entries[a].shown, entries[a].depth) < std::pair(entries[b].shown, entries[b].depth);
  });
  if (order.size() > kMostEntries) {
    // Entries of the chain before those that nothing links.
    std::vector<bool> linked(entries.size());
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].because >= 0) linked[i] = linked[static_cast<size_t>(entries[i].because)] = true;
    }
    std::vector<int32_t> kept = order;
    std::stable_partition(kept.begin(), kept.end(),
                          [&](int32_t i) { return linked[static_cast<size_t>(i)]; });
    kept.resize(kMostEntries);
    std::sort(kept.begin(), kept.end());
    std::erase_if(order, [&](int32_t i) { return !std::binary_search(kept.begin(), kept.end(), i); });
  }
  std::vector<int32_t> place(entries.size(), -1);
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int32_t>(i);
  std::vector<ChainLink> chain;
  for (int32_t i : order) {
    ChainLink& link = chain.emplace_back(std::move(entries[i].link));
    link.t_s = store::Store::Seconds(entries[i].shown);
    link.because = entries[i].because < 0 ? -1 : place[entries[i].because];
    if (link.because < 0) link.edge.clear();
  }
  return chain;
}

}  // namespace

std::vector<ChainLink> ToChain(Incident incident, const std::vector<CauseEdge>& edges,
                               bool quiet_unless_linked) {
  const std::vector<CauseOf> causes = LinkEvents(incident, edges);
  return InOrder(Grouper(incident, causes, edges).Group(quiet_unless_linked));
}

std::vector<ChainLink> CausalChain(const store::Store& store, const facts::Facts& facts,
                                   const Verdict& verdict, const std::vector<CauseEdge>& edges) {
  return ToChain(CollectEvents(store, facts, verdict), edges, verdict.IsHealthy());
}

std::vector<std::string> EdgesOf(const std::vector<ChainLink>& chain) {
  std::map<std::string, int> depths;
  for (size_t i = 0; i < chain.size(); ++i) {
    if (chain[i].because < 0) continue;
    const int depth = DepthOf(chain, i);
    const auto [at, added] = depths.emplace(chain[i].edge, depth);
    at->second = std::min(at->second, depth);
  }
  std::vector<std::string> edges;
  for (const auto& [edge, depth] : depths) edges.push_back(edge);
  std::stable_sort(edges.begin(), edges.end(),
                   [&](const std::string& a, const std::string& b) { return depths[a] < depths[b]; });
  return edges;
}

}  // namespace rankle::explain
