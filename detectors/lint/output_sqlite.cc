#include "analyzer/store/sql.h"
#include "detectors/lint/output.h"
#include "detectors/lint/paths.h"

namespace rankle::lint {

absl::Status WriteSqlite(const Report& report, const std::string& path) {
  absl::StatusOr<store::Database> database = store::Database::Open();
  if (!database.ok()) return database.status();
  std::vector<std::vector<store::Value>> findings, notes, checks, units;
  for (const auto* list : {&report.findings, &report.accepted}) {
    for (const Finding& finding : *list) {
      const auto id = static_cast<int64_t>(findings.size()) + 1;
      findings.push_back({id, finding.check, std::string(SeverityName(finding.severity)),
                          RelativeTo(report.root, finding.place.file), int64_t{finding.place.line},
                          int64_t{finding.place.column}, finding.message, finding.function,
                          finding.function_name, finding.identity, int64_t{list == &report.accepted}});
      int64_t step = 0;
      for (const Note& note : finding.notes)
        notes.push_back({id, ++step, RelativeTo(report.root, note.place.file), int64_t{note.place.line},
                         int64_t{note.place.column}, note.message});
    }
  }
  for (const CheckInfo& check : report.checks)
    checks.push_back({std::string(check.name), std::string(SeverityName(check.severity)),
                      std::string(check.summary), std::string(check.root_cause), std::string(check.witness)});
  for (const UnitReport& unit : report.units)
    units.push_back({RelativeTo(report.root, unit.file), unit.configuration, int64_t{unit.errors},
                     unit.first_error, unit.failure});
  absl::Status status =
      database->AddTable("lint_findings",
                         "finding INTEGER, rule TEXT, severity TEXT, file TEXT, line INTEGER, column_number "
                         "INTEGER, message TEXT, "
                         "function TEXT, function_name TEXT, identity TEXT, accepted INTEGER",
                         findings);
  if (status.ok())
    status = database->AddTable(
        "lint_notes",
        "finding INTEGER, step INTEGER, file TEXT, line INTEGER, column_number INTEGER, message TEXT", notes);
  if (status.ok())
    status = database->AddTable(
        "lint_checks", "rule TEXT, severity TEXT, summary TEXT, root_cause TEXT, witness TEXT", checks);
  if (status.ok())
    status = database->AddTable(
        "lint_units", "file TEXT, configuration TEXT, errors INTEGER, first_error TEXT, failure TEXT", units);
  if (!status.ok()) return status;
  return database->SaveTo(path);
}

}  // namespace rankle::lint
