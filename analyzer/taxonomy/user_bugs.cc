#include "analyzer/taxonomy/user_bugs.h"

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "analyzer/store/sql.h"
#include "analyzer/taxonomy/bug_json.h"
#include "analyzer/taxonomy/load.h"

namespace rankle::taxonomy {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// "file is not a database (offset -1)" -> path: the reason: what to do
absl::Status CannotUse(const std::string& path, const absl::Status& status) {
  const std::string message(status.message());
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": cannot be used as a bug database: ", message.substr(0, message.rfind(" (offset ")),
      ": choose another file with --db, or move this one away"));
}

}  // namespace

absl::Status AddUserBugs(const std::string& path, Knowledge& knowledge) {
  std::error_code error;
  if (!fs::exists(path, error)) return absl::OkStatus();
  auto database = store::Database::OpenFile(path);
  if (!database.ok()) return CannotUse(path, database.status());
  auto rows = database->Query("SELECT record FROM user_bugs ORDER BY id");
  if (!rows.ok()) return CannotUse(path, rows.status());
  std::string lines;
  for (const auto& row : rows->rows) {
    const auto* record = std::get_if<std::string>(&row[0]);
    absl::StrAppend(&lines, record == nullptr ? "null" : *record, "\n");
  }
  std::vector<std::string> problems;
  std::vector<Bug> bugs = LoadBugs({path, lines}, knowledge, problems);
  if (!problems.empty()) return CannotUse(path, absl::InvalidArgumentError(problems.front()));
  std::set<std::string> built_in;
  for (const Bug& bug : knowledge.bugs) built_in.insert(bug.id);
  for (Bug& bug : bugs) {
    if (built_in.count(bug.id) > 0) continue;
    bug.imported = true;
    knowledge.bugs.push_back(std::move(bug));
  }
  return absl::OkStatus();
}

absl::StatusOr<ImportCount> ImportUserBugs(const std::string& path, const std::vector<Bug>& bugs) {
  std::error_code error;
  if (const fs::path directory = fs::path(path).parent_path(); !directory.empty()) {
    fs::create_directories(directory, error);
    if (error)
      return absl::PermissionDeniedError(absl::StrCat(
          directory.string(), ": cannot be created: ", error.message(), ": choose a file with --db"));
  }
  auto database = store::Database::OpenFile(path);
  if (!database.ok()) return CannotUse(path, database.status());
  ImportCount count;
  // An import that is interrupted leaves the file as it was: SQLite rolls back.
  for (const char* sql :
       {"BEGIN IMMEDIATE", "CREATE TABLE IF NOT EXISTS user_bugs(id TEXT PRIMARY KEY, record TEXT)"}) {
    if (auto done = database->Query(sql); !done.ok()) return CannotUse(path, done.status());
  }
  for (const Bug& bug : bugs) {
    auto known = database->Query("SELECT 1 FROM user_bugs WHERE id = ?1", {bug.id});
    if (!known.ok()) return CannotUse(path, known.status());
    ++(known->rows.empty() ? count.added : count.replaced);
    const std::string record = BugJson(bug).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    auto written = database->Query("INSERT OR REPLACE INTO user_bugs VALUES(?1, ?2)", {bug.id, record});
    if (!written.ok()) return CannotUse(path, written.status());
  }
  if (auto done = database->Query("COMMIT"); !done.ok()) return CannotUse(path, done.status());
  return count;
}

}  // namespace rankle::taxonomy
