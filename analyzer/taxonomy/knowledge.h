// What rankle knows about bugs of distributed training, as plain values: the vocabulary (symptoms, root
// causes, manifestations), what evidence means, texts that logs contain, and bugs that were really fixed.
// Nothing here reads a file; load.h makes it from text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rankle::taxonomy {

// A word of the vocabulary. The reference paper gives names, not definitions, and no shares in its text:
// `paper_share` stays empty until somebody has a source for it.
struct Term {
  std::string name, origin, definition, definition_origin;
  std::optional<double> paper_share;
  std::string paper_share_source;
};

// A kind of evidence: bugs carry its tag, and a finding shows it when all tokens of one alternative are among
// the finding's own (evidence.h says which tokens there are).
struct EvidenceKind {
  std::string tag, says;
  double strength = 1;  // 1: the records show it; 0.5: they fit it, and other things fit too
  std::vector<std::vector<std::string>> alternatives;
};

// A text that programs and libraries print, to be found literally in job logs.
struct LogSignature {
  std::string id, text, says, origin;
  std::string role;  // cause, consequence, ambiguous, context
};

// Faults of a kind (at some functions, with some errors) stand for bugs of these classes.
struct FaultClass {
  std::string id, fault;                           // "error", "delay", "negation", "skip"
  std::vector<std::string> on;                     // functions, groups of them, kinds of places; empty = any
  std::vector<std::string> errors;                 // names of errno; empty = any
  std::vector<std::string> root_causes, symptoms;  // the likeliest first
  std::string says;
};

// A check of `rankle lint`: what of these bugs can be seen in the source.
struct LintCheck {
  std::string id, says, root_cause;
  std::string witness;  // the rule whose finding shows that it did happen; empty: none
};

struct Bug {
  std::string id;  // "deepspeedai/DeepSpeed#7580"
  std::string repo, url, title, symptom, root_cause, manifestation;
  std::string evidence, evidence_basis, signature, signature_origin, fix, framework_version;
  std::string fix_commit, fix_date, label_confidence;
  std::optional<int64_t> number, fix_loc, fix_loc_src;
  std::vector<std::string> evidence_tags, refs;
  bool imported = false;  // the user's own
};

// Does a rule's reference, "DeepSpeed#7580", mean this bug?
inline bool RefersTo(const std::string& reference, const Bug& bug) {
  return !reference.empty() && bug.id.ends_with(reference) &&
         (bug.id.size() == reference.size() || bug.id[bug.id.size() - reference.size() - 1] == '/');
}

struct Knowledge {
  std::vector<Term> symptoms, root_causes, manifestations;
  std::vector<EvidenceKind> evidence;
  std::vector<LogSignature> log_signatures;
  std::vector<FaultClass> fault_classes;  // the first one that fits counts
  std::vector<LintCheck> lint_checks;
  std::vector<Bug> bugs;
};

}  // namespace rankle::taxonomy
