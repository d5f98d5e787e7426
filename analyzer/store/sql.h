// SQL over the analyzer's data: one SQLite database, in memory unless a file is named. Big column data is
// registered as virtual tables that read the columns in place; small fact tables are ordinary tables.
// Contract: the data behind a virtual table must outlive the database; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;

namespace rankle::store {

class Store;

using Value = std::variant<std::monostate, int64_t, double, std::string>;

// A column of a virtual table: its declaration ("seq INTEGER") and how to read a row.
struct VirtualColumn {
  std::string declaration;
  std::function<Value(size_t row)> read;
};

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
  int ColumnIndex(const std::string& name) const;  // -1 = absent
};

class Database {
 public:
  static absl::StatusOr<Database> Open();
  // A database in a file, which is created when it is absent.
  static absl::StatusOr<Database> OpenFile(const std::string& path);
  // A file that is only read, also where nothing may be written. Another process may write it meanwhile,
  // unless its folder cannot be written.
  static absl::StatusOr<Database> OpenToRead(const std::string& path);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  absl::Status AddVirtualTable(const std::string& name, size_t rows, std::vector<VirtualColumn> columns);
  // Creates a table ("name", "a INTEGER, b TEXT") and fills it.
  absl::Status AddTable(const std::string& name, const std::string& columns,
                        const std::vector<std::vector<Value>>& rows);
  // Runs one statement. The message of an error ends with "(offset N)" where SQLite knows the place in the
  // text.
  absl::StatusOr<QueryResult> Query(const std::string& sql) { return Query(sql, {}); }
  // The same with values for the parameters ?1, ?2 ...
  absl::StatusOr<QueryResult> Query(const std::string& sql, const std::vector<Value>& parameters);
  // Copies every table, virtual ones too, into a new SQLite file.
  absl::Status SaveTo(const std::string& path);

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Registers processes, ranks, communicators, members, operations, calls, events and transfers
// (docs/schema.md).
absl::Status AddStoreTables(const Store& store, Database& database);

}  // namespace rankle::store
