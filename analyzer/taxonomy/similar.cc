#include "analyzer/taxonomy/similar.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/taxonomy/bug_words.h"

namespace rankle::taxonomy {
namespace {

// How much each likeness is worth. A kind of evidence counts up to 2: in full when one bug alone has it,
// less the more bugs share it. What can only order the list counts less than the rarest evidence.
constexpr double kEvidence = 2;
constexpr double kSignatureInLog = 3;  // the very text of that bug
constexpr double kSignatureInFailure = 3;
constexpr double kCommonSignatureInLog = 0.5;
constexpr double kSameSymptom = 0.5;
constexpr double kSameOperation = 0.5;
constexpr double kNamedByRule = 0.5;
constexpr double kSameRole = 0.3;
constexpr double kSameFramework = 0.3;
// The bar: half-strength evidence needs the same symptom beside it and, where other bugs share it, a likely
// root cause too.
constexpr double kLeast = 1.5;

std::string PlaceOf(const LogMatch& match) {
  const std::string name = match.file.substr(match.file.rfind('/') + 1);
  return match.line > 0 ? absl::StrCat(name, ":", match.line) : name;
}

struct Candidate {
  const Bug* bug = nullptr;
  double score = 0;
  bool met = false;  // by evidence
  std::vector<std::string> reasons;
  void Add(double worth, std::string reason) {
    score += worth;
    reasons.push_back(std::move(reason));
  }
};

class Matcher {
 public:
  Matcher(const Knowledge& knowledge, const FindingEvidence& finding) : finding_(finding) {
    std::map<std::string, size_t> bugs_with;
    for (const Bug& bug : knowledge.bugs) {
      for (const std::string& tag : bug.evidence_tags) ++bugs_with[tag];
    }
    const double all = std::log2(static_cast<double>(knowledge.bugs.size()) + 1);
    for (const EvidenceKind& kind : knowledge.evidence) {
      if (!IsShown(kind) || bugs_with[kind.tag] == 0) continue;
      const double rarity = 1 - std::log2(static_cast<double>(bugs_with[kind.tag])) / all;
      shown_.push_back({&kind, kEvidence * kind.strength * rarity});
    }
    for (const LogMatch& match : *finding.log) by_signature_.emplace(match.signature, &match);
  }

  Candidate Compare(const Bug& bug) const {
    Candidate c;
    c.bug = &bug;
    const bool same_symptom = bug.symptom == finding_.symptom;
    const bool alike = same_symptom || bug.manifestation == ManifestationOf(finding_.anomaly);
    AddSignature(bug, c);
    if (alike) AddFailure(bug, c);
    if (alike) AddEvidence(bug, c);
    if (!c.met) return c;
    if (same_symptom) c.score += kSameSymptom;
    for (const auto& [cause, weight] : finding_.root_causes) {
      if (cause == bug.root_cause)
        c.Add(weight, absl::StrCat("its root cause, ", cause, ", is a usual one of this finding"));
    }
    for (const std::string& reference : finding_.references) {
      if (RefersTo(reference, bug)) c.Add(kNamedByRule, "the rule names it as an example");
    }
    AddContext(bug, c);
    return c;
  }

 private:
  bool IsShown(const EvidenceKind& kind) const {
    return std::any_of(kind.alternatives.begin(), kind.alternatives.end(), [&](const auto& tokens) {
      return std::all_of(tokens.begin(), tokens.end(),
                         [&](const std::string& token) { return finding_.tokens.count(token) > 0; });
    });
  }

  void AddEvidence(const Bug& bug, Candidate& c) const {
    for (const auto& [kind, worth] : shown_) {
      if (std::find(bug.evidence_tags.begin(), bug.evidence_tags.end(), kind->tag) == bug.evidence_tags.end())
        continue;
      c.met = true;
      c.Add(worth, absl::StrCat("same evidence: ", kind->says));
    }
  }

  void AddSignature(const Bug& bug, Candidate& c) const {
    const auto it = by_signature_.find(bug.signature);
    if (bug.signature.empty() || it == by_signature_.end()) return;
    const LogMatch& match = *it->second;
    // What follows from many faults, or from any mistake in a program, says little about one; a bare name may
    // stand in a harmless line or in any stack trace.
    const bool telling = IsTellingSignature(bug) && (match.role.empty() || match.role == "cause");
    const bool sentence = absl::StrContains(bug.signature, ' ');
    const bool meets = telling && sentence;
    c.met = c.met || meets;
    c.Add(meets ? kSignatureInLog : kCommonSignatureInLog,
          absl::StrCat("its signature \"", bug.signature, "\" stands in ", PlaceOf(match)));
  }

  void AddFailure(const Bug& bug, Candidate& c) const {
    if (!IsTellingSignature(bug)) return;
    for (const std::string& what : finding_.failures) {
      if (!absl::StrContains(what, bug.signature)) continue;
      c.met = true;
      c.Add(kSignatureInFailure,
            absl::StrCat("its signature \"", bug.signature, "\" is what failed: ", what));
      return;
    }
  }

  void AddContext(const Bug& bug, Candidate& c) const {
    const std::string subject = SubjectOf(bug);
    if (SpeaksOfOperation(subject, finding_.op))
      c.Add(kSameOperation, absl::StrCat("it was about ", finding_.op, " too"));
    if (const std::string role = CommonRole(subject, finding_.communicator); !role.empty())
      c.Add(kSameRole, absl::StrCat("it was about ", role, " groups too"));
    if (const std::string framework = FrameworkInUse(bug, finding_.programs); !framework.empty())
      c.Add(kSameFramework, absl::StrCat("the job runs ", framework));
  }

  struct Shown {
    const EvidenceKind* kind;
    double worth;
  };
  const FindingEvidence& finding_;
  std::vector<Shown> shown_;
  std::map<std::string, const LogMatch*> by_signature_;  // the first match of each
};

int Sureness(const Bug& bug) {
  return bug.label_confidence == "high" ? 2 : bug.label_confidence == "medium" ? 1 : 0;
}

}  // namespace

std::vector<SimilarBug> FindSimilarBugs(const Knowledge& knowledge, const FindingEvidence& finding,
                                        size_t at_most) {
  const Matcher matcher(knowledge, finding);
  std::vector<Candidate> met;
  for (const Bug& bug : knowledge.bugs) {
    Candidate candidate = matcher.Compare(bug);
    if (candidate.met && candidate.score >= kLeast) met.push_back(std::move(candidate));
  }
  std::sort(met.begin(), met.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(b.score, Sureness(*b.bug), b.bug->fix_date, a.bug->id) <
           std::tuple(a.score, Sureness(*a.bug), a.bug->fix_date, b.bug->id);
  });
  if (met.size() > at_most) met.resize(at_most);
  std::vector<SimilarBug> similar;
  for (const Candidate& c : met)
    similar.push_back({c.bug->id, c.bug->title, absl::StrJoin(c.reasons, "; "), c.bug->fix});
  return similar;
}

}  // namespace rankle::taxonomy
