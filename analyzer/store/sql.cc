#include "analyzer/store/sql.h"

#include <sqlite3.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::store {
namespace {

struct VirtualTable {
  std::string name;
  size_t rows = 0;
  std::vector<VirtualColumn> columns;
};
struct TableInstance : sqlite3_vtab {
  const VirtualTable* table = nullptr;
};
struct Cursor : sqlite3_vtab_cursor {
  const VirtualTable* table = nullptr;
  size_t row = 0;
};

int Connect(sqlite3* db, void* aux, int, const char* const*, sqlite3_vtab** out, char**) {
  const auto* table = static_cast<const VirtualTable*>(aux);
  std::string declaration = absl::StrCat(
      "CREATE TABLE x(",
      absl::StrJoin(table->columns, ",",
                    [](std::string* text, const VirtualColumn& c) { text->append(c.declaration); }),
      ")");
  if (int rc = sqlite3_declare_vtab(db, declaration.c_str()); rc != SQLITE_OK) return rc;
  auto instance = std::make_unique<TableInstance>();
  instance->table = table;
  *out = instance.release();
  return SQLITE_OK;
}
int Disconnect(sqlite3_vtab* vtab) {
  delete static_cast<TableInstance*>(vtab);
  return SQLITE_OK;
}
int BestIndex(sqlite3_vtab* vtab, sqlite3_index_info* info) {
  const auto rows = static_cast<TableInstance*>(vtab)->table->rows;
  info->estimatedCost = static_cast<double>(rows);
  info->estimatedRows = static_cast<sqlite3_int64>(rows);
  return SQLITE_OK;
}
int OpenCursor(sqlite3_vtab* vtab, sqlite3_vtab_cursor** out) {
  auto cursor = std::make_unique<Cursor>();
  cursor->table = static_cast<TableInstance*>(vtab)->table;
  *out = cursor.release();
  return SQLITE_OK;
}
int CloseCursor(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}
int Filter(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  static_cast<Cursor*>(cursor)->row = 0;
  return SQLITE_OK;
}
int Next(sqlite3_vtab_cursor* cursor) {
  ++static_cast<Cursor*>(cursor)->row;
  return SQLITE_OK;
}
int AtEnd(sqlite3_vtab_cursor* base) {
  const auto* cursor = static_cast<Cursor*>(base);
  return cursor->row >= cursor->table->rows;
}
int ReadColumn(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
  const auto* cursor = static_cast<Cursor*>(base);
  const Value value = cursor->table->columns[index].read(cursor->row);
  if (const auto* i = std::get_if<int64_t>(&value)) {
    sqlite3_result_int64(context, *i);
  } else if (const auto* d = std::get_if<double>(&value)) {
    sqlite3_result_double(context, *d);
  } else if (const auto* s = std::get_if<std::string>(&value)) {
    sqlite3_result_text(context, s->data(), static_cast<int>(s->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_result_null(context);
  }
  return SQLITE_OK;
}
int RowId(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(static_cast<Cursor*>(cursor)->row);
  return SQLITE_OK;
}

// xCreate is null: the table exists under the module's own name without CREATE VIRTUAL TABLE.
const sqlite3_module kModule = [] {
  sqlite3_module module{};
  module.xConnect = Connect;
  module.xDisconnect = Disconnect;
  module.xBestIndex = BestIndex;
  module.xOpen = OpenCursor;
  module.xClose = CloseCursor;
  module.xFilter = Filter;
  module.xNext = Next;
  module.xEof = AtEnd;
  module.xColumn = ReadColumn;
  module.xRowid = RowId;
  return module;
}();

Value ReadValue(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_NULL:
      return std::monostate{};
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text == nullptr ? "" : text,
                         static_cast<size_t>(sqlite3_column_bytes(statement, column)));
    }
  }
}

void Bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* i = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *i);
  } else if (const auto* d = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, index, *d);
  } else if (const auto* s = std::get_if<std::string>(&value)) {
    sqlite3_bind_text(statement, index, s->data(), static_cast<int>(s->size()), SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

struct StatementDeleter {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementDeleter>;

}  // namespace

struct Database::State {
  sqlite3* db = nullptr;
  std::vector<std::unique_ptr<VirtualTable>> virtual_tables;
  std::vector<std::string> table_names;
  ~State() { sqlite3_close_v2(db); }

  absl::StatusOr<Statement> Prepare(const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) {
      return absl::InvalidArgumentError(
          absl::StrCat(sqlite3_errmsg(db), " (offset ", sqlite3_error_offset(db), ")"));
    }
    if (raw == nullptr) return absl::InvalidArgumentError("there is no SQL statement (offset -1)");
    return Statement(raw);
  }
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

absl::StatusOr<Database> Database::Open() { return OpenFile(":memory:"); }

absl::StatusOr<Database> Database::OpenFile(const std::string& path) {
  auto state = std::make_unique<State>();
  if (sqlite3_open_v2(path.c_str(), &state->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) !=
      SQLITE_OK) {
    return absl::UnavailableError(absl::StrCat(path, ": SQLite: ", sqlite3_errmsg(state->db)));
  }
  return Database(std::move(state));
}

absl::StatusOr<Database> Database::OpenToRead(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (access(path.c_str(), W_OK) == 0 && access(folder.c_str(), W_OK) == 0) return OpenFile(path);
  // Readers of a database with a write-ahead log write beside it. Where nobody can, nobody changes it either.
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      absl::StrAppend(&uri, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    } else {
      uri += c;
    }
  }
  uri += "?immutable=1";
  auto state = std::make_unique<State>();
  if (sqlite3_open_v2(uri.c_str(), &state->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr) != SQLITE_OK)
    return absl::UnavailableError(absl::StrCat(path, ": SQLite: ", sqlite3_errmsg(state->db)));
  return Database(std::move(state));
}

int QueryResult::ColumnIndex(const std::string& name) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == name) return static_cast<int>(i);
  }
  return -1;
}

absl::Status Database::AddVirtualTable(const std::string& name, size_t rows,
                                       std::vector<VirtualColumn> columns) {
  auto table = std::make_unique<VirtualTable>(VirtualTable{name, rows, std::move(columns)});
  if (sqlite3_create_module_v2(state_->db, name.c_str(), &kModule, table.get(), nullptr) != SQLITE_OK) {
    return absl::InternalError(absl::StrCat("table ", name, ": ", sqlite3_errmsg(state_->db)));
  }
  state_->virtual_tables.push_back(std::move(table));
  state_->table_names.push_back(name);
  return absl::OkStatus();
}

absl::Status Database::AddTable(const std::string& name, const std::string& columns,
                                const std::vector<std::vector<Value>>& rows) {
  auto created = Query(absl::StrCat("CREATE TABLE ", name, "(", columns, ")"));
  if (!created.ok()) return created.status();
  state_->table_names.push_back(name);
  if (rows.empty()) return absl::OkStatus();
  std::string marks = "?";
  for (size_t i = 1; i < rows[0].size(); ++i) marks += ",?";
  auto insert = state_->Prepare(absl::StrCat("INSERT INTO ", name, " VALUES(", marks, ")"));
  if (!insert.ok()) return insert.status();
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) Bind(insert->get(), static_cast<int>(i) + 1, row[i]);
    if (sqlite3_step(insert->get()) != SQLITE_DONE) {
      return absl::InternalError(absl::StrCat("table ", name, ": ", sqlite3_errmsg(state_->db)));
    }
    sqlite3_reset(insert->get());
  }
  return absl::OkStatus();
}

absl::StatusOr<QueryResult> Database::Query(const std::string& sql, const std::vector<Value>& parameters) {
  auto statement = state_->Prepare(sql);
  if (!statement.ok()) return statement.status();
  for (size_t i = 0; i < parameters.size(); ++i)
    Bind(statement->get(), static_cast<int>(i) + 1, parameters[i]);
  QueryResult result;
  const int columns = sqlite3_column_count(statement->get());
  for (int i = 0; i < columns; ++i) result.columns.push_back(sqlite3_column_name(statement->get(), i));
  int rc;
  while ((rc = sqlite3_step(statement->get())) == SQLITE_ROW) {
    std::vector<Value>& row = result.rows.emplace_back();
    for (int i = 0; i < columns; ++i) row.push_back(ReadValue(statement->get(), i));
  }
  if (rc != SQLITE_DONE)
    return absl::InvalidArgumentError(absl::StrCat(sqlite3_errmsg(state_->db), " (offset -1)"));
  return result;
}

absl::Status Database::SaveTo(const std::string& path) {
  auto quoted = std::unique_ptr<char, void (*)(void*)>(sqlite3_mprintf("%Q", path.c_str()), sqlite3_free);
  auto attached = Query(absl::StrCat("ATTACH ", quoted.get(), " AS out"));
  if (!attached.ok())
    return absl::PermissionDeniedError(absl::StrCat(path, ": ", attached.status().message()));
  absl::Status status = absl::OkStatus();
  for (const std::string& name : state_->table_names) {
    // DROP TABLE IF EXISTS would find the virtual table of that name.
    auto old =
        Query(absl::StrCat("SELECT 1 FROM out.sqlite_master WHERE type = 'table' AND name = '", name, "'"));
    std::vector<std::string> statements;
    if (old.ok() && !old->rows.empty()) statements.push_back(absl::StrCat("DROP TABLE out.", name));
    statements.push_back(absl::StrCat("CREATE TABLE out.", name, " AS SELECT * FROM ", name));
    for (const std::string& sql : statements) {
      auto done = Query(sql);
      if (!done.ok() && status.ok())
        status = absl::UnknownError(absl::StrCat(path, ": ", done.status().message()));
    }
  }
  auto detached = Query("DETACH out");
  if (status.ok() && !detached.ok()) status = detached.status();
  return status;
}

}  // namespace rankle::store
