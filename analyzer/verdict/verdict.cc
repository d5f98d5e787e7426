#include "analyzer/verdict/verdict.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/localize/describe.h"
#include "analyzer/verdict/clock_doubt.h"
#include "analyzer/verdict/slowness.h"

namespace rankle::verdict {
namespace {

using rules::Finding;

// Waits are dated by their last arrival and deaths by their last sign of life; both may be off by this much.
constexpr double kSlackS = 1.0;
// Calls and their errors are dated exactly, up to the clocks of the hosts.
constexpr double kClockSlackS = 0.002;
// Peers see the end of a process before its launcher does.
constexpr double kNoticeSlackS = 0.2;
// Changes of pace are dated to some iterations, so the more exactly the shorter the job has run.
constexpr double kDatingFactor = 1.05;

constexpr char kMisuse[] = "misuse";

bool IsIn(const std::string& anomaly, const char* family) { return absl::StartsWith(anomaly, family); }
const std::string& Class(const Finding& f) { return f.rule->anomaly; }

// Lists of ranks are ascending: a large job has long ones, and findings are compared each with each.
bool IsAmong(const std::vector<int32_t>& ranks, int32_t rank) {
  return std::binary_search(ranks.begin(), ranks.end(), rank);
}
bool Contains(const std::vector<int32_t>& all, const std::vector<int32_t>& some) {
  return std::all_of(some.begin(), some.end(), [&](int32_t rank) { return IsAmong(all, rank); });
}
bool Overlap(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  const auto& [few, many] = a.size() < b.size() ? std::tie(a, b) : std::tie(b, a);
  return std::any_of(few.begin(), few.end(), [&, &all = many](int32_t rank) { return IsAmong(all, rank); });
}

// The loudness of a class says little; this order only breaks ties between findings that explain equally
// much.
int Weight(const std::string& anomaly) {
  if (IsIn(anomaly, "crash.")) return 6;
  if (IsIn(anomaly, "wrong.")) return 5;
  if (anomaly == "hang.mismatch") return 4;
  if (anomaly == "hang.deadlock") return 3;
  if (IsIn(anomaly, "hang.")) return 2;
  return anomaly == "unknown" ? 0 : 1;
}

bool CrashExplains(const Finding& crash, const Finding& effect) {
  // The memory that ran out is why, and is told as a reason of the crash, which is what people have to find.
  if (IsIn(Class(effect), "memory."))
    return Class(crash) == "crash.oom" && Overlap(crash.ranks, effect.ranks);
  if (IsIn(Class(effect), "slow.")) return true;
  if (Class(effect) == "hang.mismatch")
    return Overlap(crash.ranks, effect.ranks) && crash.at_s <= effect.at_s + kClockSlackS;
  // An operation that a dead peer ended half-way leaves different results everywhere.
  if (IsIn(Class(effect), "wrong."))
    return Class(effect) != "wrong.nonfinite" && crash.at_s <= effect.at_s + kNoticeSlackS;
  if (!IsIn(Class(effect), "hang.") && Class(effect) != "unknown") return false;
  return Overlap(crash.ranks, effect.ranks) || crash.at_s <= effect.at_s + kSlackS;
}

// Of wrong values: the more specific name, or the earlier one on the same ranks. Programs that check their
// loss give up on it; a remote effect of that is no cause.
bool WrongExplains(const Finding& cause, const Finding& effect) {
  const std::string &c = Class(cause), &e = Class(effect);
  if (IsIn(e, "crash.")) return !CrashExplains(effect, cause) && cause.at_s <= effect.at_s + kClockSlackS;
  if (!IsIn(e, "wrong.")) return false;
  const bool same = Overlap(cause.ranks, effect.ranks) || effect.ranks.empty();
  if (c == "wrong.nonfinite") return same && cause.at_s <= effect.at_s + kClockSlackS;
  if (e == "wrong.nonfinite") return same && cause.at_s + kClockSlackS < effect.at_s;
  return c == "wrong.corruption" && e == "wrong.divergence" && same &&
         cause.at_s <= effect.at_s + kClockSlackS;
}

// A hang ends in a crash when somebody's watchdog loses patience.
bool HangExplainsCrash(const Finding& hang, const Finding& crash) {
  return !Overlap(hang.ranks, crash.ranks) && hang.at_s + kSlackS < crash.at_s &&
         Contains(hang.victims, crash.ranks);
}

// A culprit that was slow when the whole job became slow is what everybody is slow for. The two are dated by
// different statistics, each a few iterations late.
bool SlownessExplains(const Finding& cause, const Finding& effect) {
  return Class(cause) != "slow.global" && Class(effect) == "slow.global" &&
         cause.at_s <= effect.at_s * kDatingFactor + kSlackS;
}

}  // namespace

bool Explains(const Finding& cause, const Finding& effect) {
  if (&cause == &effect) return false;
  const std::string &c = Class(cause), &e = Class(effect);
  const bool crash = IsIn(c, "crash."), crashed = IsIn(e, "crash.");
  if (crash && !crashed) return CrashExplains(cause, effect);
  if (crash && crashed) return false;  // the first failure was decided among them already
  if (IsIn(c, "wrong.")) return WrongExplains(cause, effect);
  if (c == "hang.mismatch") {
    if (crashed) return !CrashExplains(effect, cause) && cause.at_s <= effect.at_s + kSlackS;
    if (e == "hang.mismatch") return cause.at_s < effect.at_s;
    return cause.at_s <= effect.at_s + kSlackS || effect.at_s == 0;
  }
  // Whoever gives up a hung operation is left with half of its result.
  if (IsIn(c, "hang.") && e == "wrong.corruption") return cause.at_s <= effect.at_s + kClockSlackS;
  if (IsIn(c, "hang.") && crashed) return HangExplainsCrash(cause, effect);
  if (IsIn(c, "hang.") && IsIn(e, "slow.")) return true;
  if (c == "memory.growth" && e == "memory.imbalance") return Overlap(cause.ranks, effect.ranks);
  if (IsIn(c, "slow.") && IsIn(e, "slow.")) return SlownessExplains(cause, effect);
  // Of two hangs, the one whose culprits wait for the other's is the symptom.
  if (IsIn(c, "hang.") && IsIn(e, "hang.") && e != "hang.mismatch") {
    return !effect.ranks.empty() && Contains(cause.victims, effect.ranks) &&
           !Contains(effect.victims, cause.ranks);
  }
  return false;
}

namespace {

ReportedFinding ToReported(const Finding& f) {
  ReportedFinding r;
  r.rule = f.rule->id, r.anomaly = f.rule->anomaly, r.severity = f.rule->severity;
  r.communicator = f.communicator, r.op = f.op, r.summary = f.summary, r.seq = f.seq;
  r.symptom = f.rule->symptom, r.advice = f.rule->advice, r.look_alikes = f.rule->look_alikes;
  r.references = f.rule->references;
  r.confidence = f.confidence, r.since_s = f.since_s, r.at_s = f.at_s, r.effect_s = f.effect_s;
  r.ranks = f.ranks, r.victims = f.victims, r.links = f.links, r.hosts = f.hosts, r.evidence = f.evidence;
  r.root_causes = f.rule->root_causes;
  return r;
}

std::vector<std::string> HostsOf(const store::Store& store, const std::vector<int32_t>& ranks) {
  std::set<std::string> hosts;
  for (const store::Rank& rank : store.ranks) {
    if (IsAmong(ranks, rank.global) && rank.process >= 0 && !store.processes[rank.process].host.empty()) {
      hosts.insert(store.processes[rank.process].host);
    }
  }
  return {hosts.begin(), hosts.end()};
}

template <typename T>
void Union(std::vector<T>& into, const std::vector<T>& from) {
  std::set<T> all(into.begin(), into.end());
  all.insert(from.begin(), from.end());
  into.assign(all.begin(), all.end());
}

// What filled the memory of the ranks that ran out of it belongs to the story of the crash.
void AddReasonsForOutOfMemory(Report& report) {
  ReportedFinding& top = report.findings.front();
  if (top.anomaly != "crash.oom") return;
  for (const ReportedFinding& f : report.findings) {
    if (!IsIn(f.anomaly, "memory.") || !Overlap(f.ranks, top.ranks)) continue;
    absl::StrAppend(&top.summary, "; before that, ", f.summary);
    top.evidence.insert(top.evidence.end(), f.evidence.begin(), f.evidence.end());
  }
}

// Misuse is what was done, and no proof that it is why: it is told beside what happened to those who did it.
void AddMisuseToEvidence(Report& report) {
  ReportedFinding& top = report.findings.front();
  if (top.anomaly == kMisuse) return;
  for (const ReportedFinding& f : report.findings) {
    const bool before = top.at_s == 0 || f.at_s <= top.at_s + kSlackS;
    if (f.anomaly == kMisuse && before && Overlap(f.ranks, top.ranks))
      top.evidence.push_back(absl::StrCat("misuse: ", f.summary));
  }
}

// Everybody who is no culprit suffers when a synchronous job hangs or loses a rank.
void FindVictims(const store::Store& store, Verdict& v) {
  if (v.victims.empty() && IsIn(v.anomaly, "crash.")) {
    for (const store::Rank& rank : store.ranks) v.victims.push_back(rank.global);
  }
  std::erase_if(v.victims, [&](int32_t rank) { return IsAmong(v.ranks, rank); });
}

// What is missing lowers what can be said.
double DataFactor(const store::DataQuality& quality) {
  double factor = quality.certainty;
  if (!quality.missing_ranks.empty()) factor *= 0.9;
  if (quality.dropped > 0) factor *= 0.95;
  if (quality.malformed > 0) factor *= 0.95;
  if (quality.cut_files + quality.unreadable_files > 0) factor *= 0.8;
  return factor;
}

}  // namespace

void Decide(const store::Store& store, const facts::Facts& facts, const std::vector<Finding>& findings,
            Report& report) {
  std::vector<const Finding*> anomalies;
  const Finding* healthy = nullptr;
  for (const Finding& f : findings) {
    Class(f) == "healthy" ? void(healthy = &f) : anomalies.push_back(&f);
  }
  Verdict& v = report.verdict;
  if (anomalies.empty()) {
    v.anomaly = "healthy";
    v.confidence = (healthy == nullptr ? 0.5 : healthy->confidence) * DataFactor(store.quality);
    v.summary = healthy == nullptr ? "no rule found anything" : healthy->summary;
    return;
  }
  struct Ranked {
    const Finding* finding;
    int explains = 0, explained_by = 0;
  };
  std::vector<Ranked> ranked;
  for (const Finding* f : anomalies) {
    Ranked r{f};
    for (const Finding* other : anomalies)
      r.explains += Explains(*f, *other), r.explained_by += Explains(*other, *f);
    ranked.push_back(r);
  }
  const auto key = [](const Ranked& r) {
    return std::tuple(Class(*r.finding) == kMisuse, r.explained_by > 0, -r.explains,
                      -Weight(Class(*r.finding)), -r.finding->effect_s, -r.finding->confidence);
  };
  std::stable_sort(ranked.begin(), ranked.end(),
                   [&](const Ranked& a, const Ranked& b) { return key(a) < key(b); });
  for (const Ranked& r : ranked) {
    report.findings.push_back(ToReported(*r.finding));
    report.findings.back().is_root = r.explained_by == 0;
  }
  AddReasonsForOutOfMemory(report);
  AddMisuseToEvidence(report);
  const ReportedFinding& top = report.findings.front();
  v.anomaly = top.anomaly, v.confidence = top.confidence, v.summary = top.summary;
  const std::vector<const ReportedFinding*> kinds = KindsOfSlowness(report.findings);
  if (kinds.size() > 1)
    v.anomaly = "slow.mixed", v.summary = "several kinds of slowness at once: " + top.summary;
  // Other unexplained findings of the same class are further culprits of the same kind.
  for (const ReportedFinding& f : report.findings) {
    const bool mixed_in = std::find(kinds.begin(), kinds.end(), &f) != kinds.end();
    if (!mixed_in && (f.anomaly != top.anomaly || (!f.is_root && &f != &top))) continue;
    Union(v.ranks, f.ranks), Union(v.links, f.links), Union(v.hosts, f.hosts), Union(v.victims, f.victims);
    if (&f != &top && (mixed_in || (!f.ranks.empty() && v.ranks != top.ranks)))
      absl::StrAppend(&v.summary, "; also ", f.summary);
    v.confidence = std::min(v.confidence, f.confidence);
  }
  v.confidence =
      std::min(v.confidence * DataFactor(store.quality), MostCertain(store, facts, report.findings.front()));
  Union(v.hosts, HostsOf(store, v.ranks));
  FindVictims(store, v);
}

}  // namespace rankle::verdict
