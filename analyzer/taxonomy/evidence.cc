#include "analyzer/taxonomy/evidence.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rankle::taxonomy {
namespace {

using store::Store;

// What needed memory once has it after a few steps; what ran out only later had been growing.
constexpr size_t kManyOperations = 50;

std::string CommunicatorName(const Store& store, int32_t communicator) {
  return communicator < 0 ? "" : store.communicators[communicator].name;
}

void AddWaits(const Store& store, const facts::Facts& facts, const ReportedFinding& finding,
              std::set<std::string>& tokens) {
  static constexpr const char* kWaitKinds[] = {"collective", "p2p", "init", "teardown"};
  for (const localize::Stall& s : facts.stalls) {
    if (CommunicatorName(store, s.wait.communicator) != finding.communicator || s.wait.seq != finding.seq)
      continue;
    tokens.insert(absl::StrCat("wait:", kWaitKinds[static_cast<int>(s.wait.kind)]));
    if (s.culprits.empty()) tokens.insert("culprits:none");
  }
}

void AddDisagreements(const Store& store, const facts::Facts& facts, const ReportedFinding& finding,
                      std::set<std::string>& tokens) {
  for (const localize::Disagreement& d : facts.disagreements) {
    if (CommunicatorName(store, d.communicator) != finding.communicator || d.seq != finding.seq) continue;
    tokens.insert(absl::StrCat("kind:", DisagreementKindName(d.kind)));
    if (!d.field.empty()) tokens.insert(absl::StrCat("field:", d.field));
  }
}

size_t FinishedBefore(const Store& store, int32_t rank, int64_t time) {
  size_t finished = 0;
  for (size_t i = store.rank_begin(rank); i < store.rank_begin(rank + 1); ++i) {
    finished += store.operations.finished[i] != 0 && store.operations.finished[i] <= time;
  }
  return finished;
}

void AddFailures(const Store& store, const facts::Facts& facts, const ReportedFinding& finding,
                 FindingEvidence& e) {
  std::set<std::string>& tokens = e.tokens;
  const std::set<int32_t> ranks(finding.ranks.begin(), finding.ranks.end());
  for (const localize::Failure& f : facts.failures) {
    if (!f.root || ranks.count(store.GlobalRank(f.rank)) == 0) continue;
    e.failures.insert(f.what);
    const bool of_a_call = f.kind == localize::FailureKind::kCuda || f.kind == localize::FailureKind::kNccl ||
                           f.kind == localize::FailureKind::kOutOfMemory;
    if (of_a_call) tokens.insert(absl::StrCat("result:", f.what.substr(f.what.rfind(' ') + 1)));
    const store::Process* p = store.ProcessOf(f.rank);
    if (p != nullptr && p->signal != 0 && !p->ended_by_launcher)
      tokens.insert(absl::StrCat("signal:", p->signal));
    if (p != nullptr && p->signal == 0 && p->has_exit_code)
      tokens.insert(absl::StrCat("exit:", p->exit_code));
    const size_t finished = FinishedBefore(store, f.rank, f.time);
    if (finished == 0) tokens.insert("phase:init");
    if (finished >= kManyOperations) tokens.insert("phase:steps");
  }
}

}  // namespace

FindingEvidence CollectEvidence(const Store& store, const facts::Facts& facts,
                                const std::vector<LogMatch>& log, const ReportedFinding& finding) {
  FindingEvidence e;
  e.anomaly = finding.anomaly, e.symptom = finding.symptom, e.op = finding.op;
  e.communicator = finding.communicator, e.root_causes = finding.root_causes;
  e.references = finding.references, e.log = &log;
  e.programs = store.command;  // of the launcher
  // The ranks of a job run one program: the first stands for all.
  if (const store::Process* first = store.ranks.empty() ? nullptr : store.ProcessOf(0); first != nullptr)
    absl::StrAppend(&e.programs, " ", first->command);
  absl::AsciiStrToLower(&e.programs);
  e.tokens.insert(absl::StrCat("class:", finding.anomaly));
  if (!finding.op.empty()) {
    const bool p2p = finding.op == "Send" || finding.op == "Recv";
    e.tokens.insert(p2p ? "op:p2p" : "op:collective");
  }
  if (absl::StartsWith(finding.anomaly, "hang.")) {
    AddWaits(store, facts, finding, e.tokens);
    AddDisagreements(store, facts, finding, e.tokens);
  }
  if (absl::StartsWith(finding.anomaly, "crash.")) AddFailures(store, facts, finding, e);
  for (const LogMatch& match : log) {
    if (!match.id.empty()) e.tokens.insert(absl::StrCat("log:", match.id));
  }
  return e;
}

}  // namespace rankle::taxonomy
