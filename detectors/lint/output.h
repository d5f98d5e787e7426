// Findings as people and programs read them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "detectors/lint/lint_run.h"

namespace rankle::lint {

// Like clang's: "file:line:column: warning: message [check]", the line, notes. Paths relative to `here`.
std::string Text(const Report& report, const std::string& here);
// Schema rankle.lint/1.
std::string Json(const Report& report);
// SARIF 2.1.0. Paths relative to the root.
std::string Sarif(const Report& report);
// Tables lint_findings, lint_notes, lint_checks, lint_units (docs/lint.md). Other tables of the file stay.
absl::Status WriteSqlite(const Report& report, const std::string& path);
// Where the time of the units went, the most first.
std::string TimingsText(const Report& report);
// One line a check: name, severity, root cause, what it is about.
std::string CheckList();

}  // namespace rankle::lint
