#include "analyzer/import/nsys/database.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace rankle::import {
namespace {

// As for other traces (rank_traces/read_traces.h): what grows beyond this is no export.
constexpr uint64_t kMostBytes = 256ull << 30;
// Of one text or blob. Names and payloads have some hundred bytes; kernels of C++ templates some thousand.
constexpr int kMostValueBytes = 16 << 20;

// The name of the file as the path of a URI.
std::string Escaped(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    if (plain) {
      escaped += c;
    } else {
      absl::StrAppendFormat(&escaped, "%%%02X", static_cast<unsigned>(static_cast<uint8_t>(c)));
    }
  }
  return escaped;
}

std::string Quoted(std::string_view identifier) { return absl::StrCat("\"", std::string(identifier), "\""); }

void Harden(sqlite3* database) {
  for (const int option : {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
                           SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION})
    sqlite3_db_config(database, option, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kMostValueBytes);
  sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);  // of the file's own schema, too
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(database, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
  sqlite3_limit(database, SQLITE_LIMIT_WORKER_THREADS, 0);
  // Damaged pages are noticed when they are read; no page is read through a mapping, which a file that is cut
  // meanwhile would turn into a signal.
  sqlite3_exec(database, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA query_only=ON", nullptr,
               nullptr, nullptr);
}

}  // namespace

bool LooksLikeSqlite(std::string_view first_bytes) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  return first_bytes.substr(0, kMagic.size()) == kMagic;
}

std::string_view DatabaseRow::Bytes(int column) const {
  const int type = sqlite3_column_type(statement_, column);
  if (type != SQLITE_TEXT && type != SQLITE_BLOB) return {};
  const void* const bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

absl::StatusOr<ForeignDatabase> ForeignDatabase::Open(const std::string& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(absl::StrCat(path, ": cannot be read: ", error.message()));
  if (size > kMostBytes)
    return absl::ResourceExhaustedError(
        absl::StrCat(path, ": larger than ", kMostBytes >> 30, " GiB, left out: export less of the profile"));
  sqlite3* database = nullptr;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  const int code =
      sqlite3_open_v2(absl::StrCat("file:", Escaped(absolute), "?mode=ro&immutable=1").c_str(), &database,
                      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  ForeignDatabase opened(path, std::unique_ptr<sqlite3, Close>(database));
  if (code != SQLITE_OK) return opened.Error("cannot be opened");
  Harden(database);
  const absl::Status listed =
      opened.Query("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND rootpage > 0",
                   [&](const DatabaseRow& row) {
                     const std::string_view sql = row.Bytes(1);
                     if (absl::StartsWithIgnoreCase({sql.data(), sql.size()}, "CREATE TABLE"))
                       opened.tables_.insert(std::string(row.Bytes(0)));
                   });
  if (!listed.ok()) return listed;
  return opened;
}

absl::Status ForeignDatabase::Error(std::string_view what) const {
  return absl::DataLossError(absl::StrCat(path_, ": ", std::string(what), " (",
                                          sqlite3_errmsg(database_.get()), "): export it again"));
}

absl::Status ForeignDatabase::Query(const std::string& sql,
                                    const std::function<void(const DatabaseRow&)>& take) const {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
    return Error("damaged database");
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
  uint64_t rows = 0;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (++rows > kMostRows)
      return absl::ResourceExhaustedError(absl::StrCat(path_, ": more than ", kMostRows, " rows, left out"));
    take(DatabaseRow(statement));
  }
  return code == SQLITE_DONE ? absl::OkStatus() : Error("damaged database");
}

absl::Status ForeignDatabase::Read(const std::string& table, const std::vector<std::string>& columns,
                                   const std::function<void(const DatabaseRow&)>& take,
                                   const std::string& where) const {
  if (!HasTable(table)) return absl::NotFoundError(absl::StrCat(path_, ": no table ", table));
  std::set<std::string, std::less<>> present;
  const absl::Status listed =
      Query(absl::StrCat("PRAGMA table_info(", Quoted(table), ")"),
            [&](const DatabaseRow& row) { present.insert(std::string(row.Bytes(1))); });
  if (!listed.ok()) return listed;
  std::vector<std::string> selected;
  for (const std::string& column : columns)
    selected.push_back(present.contains(column) ? Quoted(column) : absl::StrCat("NULL AS ", Quoted(column)));
  // A subquery, so that `where` may name columns that are not there.
  return Query(absl::StrCat("SELECT * FROM (SELECT ", absl::StrJoin(selected, ", "), " FROM ", Quoted(table),
                            ")", where.empty() ? "" : absl::StrCat(" WHERE ", where)),
               take);
}

}  // namespace rankle::import
