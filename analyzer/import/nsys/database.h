// A SQLite file that somebody else wrote, opened so that nothing in it can do harm: read-only and immutable
// (a journal beside it is not looked at), defensive, without views, triggers and virtual tables, with bounded
// lengths. What is damaged ends in an error with the path and SQLite's reason.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rankle::import {

bool LooksLikeSqlite(std::string_view first_bytes);

// The current row of a query. Views are valid until the next row.
class DatabaseRow {
 public:
  explicit DatabaseRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Integer(int column, int64_t otherwise = 0) const {
    return IsNull(column) ? otherwise : sqlite3_column_int64(statement_, column);
  }
  // Of a text or blob; "" of others.
  std::string_view Bytes(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class ForeignDatabase {
 public:
  // Error: cannot be opened, no database, its list of tables damaged, or larger than anything that a tool
  // exports.
  static absl::StatusOr<ForeignDatabase> Open(const std::string& path);

  // An ordinary table: views and virtual tables of that name do not count.
  bool HasTable(const std::string& table) const { return tables_.contains(table); }
  // Rows of these columns of an ordinary table; a column that the table lacks is NULL in all rows. `where` is
  // SQL of ours, over columns that were asked for. Error: no such table, damage, or more than kMostRows rows.
  absl::Status Read(const std::string& table, const std::vector<std::string>& columns,
                    const std::function<void(const DatabaseRow&)>& take, const std::string& where = "") const;

  // More rows of one table are no profile that fits into a machine's memory.
  static constexpr uint64_t kMostRows = 1ull << 32;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  ForeignDatabase(std::string path, std::unique_ptr<sqlite3, Close> database)
      : path_(std::move(path)), database_(std::move(database)) {}
  absl::Status Error(std::string_view what) const;
  absl::Status Query(const std::string& sql, const std::function<void(const DatabaseRow&)>& take) const;

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
  std::set<std::string> tables_;
};

}  // namespace rankle::import
