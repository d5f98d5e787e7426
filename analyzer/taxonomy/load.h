// From text to knowledge. Strict: what is unknown, missing, of the wrong type, given twice or refers to
// nothing is an error that says file and line. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/taxonomy/knowledge.h"

namespace rankle::taxonomy {

// One text source; its file name decides what its lines are: "symptoms.jsonl", "root_causes.jsonl",
// "manifestations.jsonl", "evidence.jsonl", "log_signatures.jsonl", "fault_classes.jsonl", and bugs under
// "bugs/".
struct Source {
  std::string_view file, text;
};

// The first mistake, if there is one.
absl::StatusOr<Knowledge> Load(const std::vector<Source>& sources);

// What is compiled into this program. A test loads it, so an error is a defect of the build.
absl::StatusOr<Knowledge> LoadBuiltIn();

// A user's own bugs, JSON lines, checked against the vocabulary. Each line that cannot be used leaves one
// message in `problems`; a caller that wants all or nothing looks there. Besides what the built-in bugs have,
// a line may have "id"; without it the id is made of repo and number, or repo and fix_commit.
std::vector<Bug> LoadBugs(const Source& source, const Knowledge& vocabulary,
                          std::vector<std::string>& problems);

}  // namespace rankle::taxonomy
