#include "detectors/lint/summary_store.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "analyzer/store/sql.h"

namespace rankle::lint {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Origin, parameter, part)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Effect, api, comm, stream)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FunctionSummary, opens, closes, may_open, may_close, has_group, throws,
                                   never_returns, sets_device, waits, sends, receives, collectives, effects)

std::string SummaryText(const FunctionSummary& summary) {
  return nlohmann::json(summary).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

FunctionSummary SummaryOf(const std::string& text) {
  FunctionSummary summary;
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  try {
    if (json.is_object()) json.get_to(summary);
  } catch (const nlohmann::json::exception&) {
    return {};  // of another version
  }
  return summary;
}

absl::StatusOr<SummariesByUsr> ReadSummaries(const std::string& path) {
  SummariesByUsr summaries;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return summaries;
  absl::StatusOr<store::Database> database = store::Database::OpenFile(path);
  if (!database.ok()) return database.status();
  const auto tables = database->Query("SELECT 1 FROM sqlite_master WHERE name = 'lint_summaries'");
  if (!tables.ok()) return absl::InvalidArgumentError(path + ": not a SQLite file: name another --summaries");
  if (tables->rows.empty()) return summaries;
  const auto rows = database->Query("SELECT function, summary FROM lint_summaries");
  if (!rows.ok()) return absl::InvalidArgumentError(path + ": no summaries of rankle lint: remove the file");
  for (const std::vector<store::Value>& row : rows->rows) {
    const auto *function = std::get_if<std::string>(&row[0]), *text = std::get_if<std::string>(&row[1]);
    if (function && text) summaries[*function] = SummaryOf(*text);
  }
  return summaries;
}

absl::Status WriteSummaries(const SummariesByUsr& summaries, const std::string& path) {
  absl::StatusOr<store::Database> database = store::Database::Open();
  if (!database.ok()) return database.status();
  std::vector<std::vector<store::Value>> rows;
  for (const auto& [usr, summary] : summaries) rows.push_back({usr, SummaryText(summary)});
  const absl::Status status = database->AddTable("lint_summaries", "function TEXT, summary TEXT", rows);
  return status.ok() ? database->SaveTo(path) : status;
}

}  // namespace rankle::lint
