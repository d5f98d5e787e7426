#include "analyzer/taxonomy/bug_json.h"

namespace rankle::taxonomy {

nlohmann::ordered_json BugJson(const Bug& bug) {
  const auto number = [](const std::optional<int64_t>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  };
  return {{"id", bug.id},
          {"repo", bug.repo},
          {"number", number(bug.number)},
          {"url", bug.url},
          {"title", bug.title},
          {"symptom", bug.symptom},
          {"root_cause", bug.root_cause},
          {"manifestation", bug.manifestation},
          {"evidence", bug.evidence},
          {"evidence_basis", bug.evidence_basis},
          {"evidence_tags", bug.evidence_tags},
          {"signature", bug.signature},
          {"signature_origin", bug.signature_origin},
          {"fix", bug.fix},
          {"framework_version", bug.framework_version},
          {"refs", bug.refs},
          {"fix_commit", bug.fix_commit},
          {"fix_date", bug.fix_date},
          {"fix_loc", number(bug.fix_loc)},
          {"fix_loc_src", number(bug.fix_loc_src)},
          {"label_confidence", bug.label_confidence}};
}

}  // namespace rankle::taxonomy
