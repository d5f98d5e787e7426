// How bug reports write what records name: operations, what a communicator serves, frameworks, and the way in
// which a job of a class fails. Tables only. Pure.
#pragma once

#include <string>

#include "analyzer/taxonomy/knowledge.h"

namespace rankle::taxonomy {

// What a bug is about, prepared once: its title and evidence. Not the fix: what that uses is not what was
// wrong.
std::string SubjectOf(const Bug& bug);

// Does the subject speak of this operation ("AllReduce")?
bool SpeaksOfOperation(const std::string& subject, const std::string& operation);
// The kind of group that both the communicator's name ("pp0") and the subject speak of: "pipeline"; "" =
// none.
std::string CommonRole(const std::string& subject, const std::string& communicator);
// The framework of the bug if the job's command lines, in lower case, name it; else "".
std::string FrameworkInUse(const Bug& bug, const std::string& programs);
// The manifestation of a class of findings: "oom" for crash.oom; "" = none.
std::string ManifestationOf(const std::string& anomaly);

}  // namespace rankle::taxonomy
