#include "analyzer/import/operations/parquet_trace.h"

#include <cmath>
#include <map>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

using parquet::Column;

constexpr struct {
  const char* name;
  Column::Kind kind;
  bool required;
} kColumns[] = {
    {"dp_rank", Column::Kind::kInteger, true}, {"stage", Column::Kind::kInteger, true},
    {"rank", Column::Kind::kInteger, true},    {"step", Column::Kind::kInteger, true},
    {"optype", Column::Kind::kText, true},     {"start_ts", Column::Kind::kReal, true},
    {"duration", Column::Kind::kReal, true},   {"seq_id", Column::Kind::kInteger, false},
    {"mc", Column::Kind::kInteger, false},     {"tp_rank", Column::Kind::kInteger, false},
};

using Columns = std::map<std::string, Column>;

absl::StatusOr<Columns> ReadAll(std::string_view file, const parquet::Limits& limits) {
  std::vector<std::string> names;
  for (const auto& column : kColumns) names.emplace_back(column.name);
  auto columns = parquet::ReadColumns(file, names, limits);
  if (!columns.ok()) return columns.status();
  for (const auto& column : kColumns) {
    const auto found = columns->find(column.name);
    if (found == columns->end() ? column.required : found->second.kind != column.kind) {
      return absl::InvalidArgumentError(absl::StrCat("Parquet: no usable column ", column.name,
                                                     ": it is no operation trace of the what-if study"));
    }
  }
  return columns;
}

// A whole number that fits an index, else `otherwise`.
int32_t IndexAt(const Columns& columns, const char* name, size_t row, int32_t otherwise) {
  const auto column = columns.find(name);
  if (column == columns.end() || !column->second.present[row]) return otherwise;
  const int64_t value = column->second.integers[row];
  constexpr int64_t kMost = 1 << 24;  // beyond any rank, stage or chunk
  return value < 0 || value > kMost ? otherwise : static_cast<int32_t>(value);
}

}  // namespace

absl::StatusOr<whatif::OperationTrace> ReadParquetTrace(std::string_view file,
                                                        const parquet::Limits& limits) {
  auto columns = ReadAll(file, limits);
  if (!columns.ok()) return columns.status();
  const Column &types = columns->at("optype"), &starts = columns->at("start_ts"),
               &lengths = columns->at("duration"), &steps = columns->at("step");
  std::vector<std::optional<whatif::Kind>> kinds;
  for (const std::string& text : types.texts) kinds.push_back(whatif::KindNamed(text));

  whatif::OperationTrace trace;
  std::map<std::tuple<int32_t, int32_t, int32_t, int32_t>, int32_t> known;
  size_t damaged = 0;
  for (size_t row = 0; row < types.size(); ++row) {
    const auto kind = kinds[types.integers[row]];
    if (!kind) {
      ++trace.unknown[std::string(types.TextAt(row))];
      continue;
    }
    const whatif::Worker worker{.rank = IndexAt(*columns, "rank", row, -1),
                                .dp = IndexAt(*columns, "dp_rank", row, -1),
                                .stage = IndexAt(*columns, "stage", row, -1),
                                .tp = IndexAt(*columns, "tp_rank", row, 0)};
    const bool usable = worker.rank >= 0 && worker.dp >= 0 && worker.stage >= 0 && steps.present[row] &&
                        std::isfinite(starts.reals[row]) && std::isfinite(lengths.reals[row]) &&
                        lengths.reals[row] >= 0;
    if (!usable) {
      ++damaged;
      continue;
    }
    const auto [index, is_new] = known.try_emplace({worker.rank, worker.dp, worker.stage, worker.tp},
                                                   static_cast<int32_t>(trace.workers.size()));
    if (is_new) trace.workers.push_back(worker);
    trace.operations.push_back({.worker = index->second,
                                .kind = *kind,
                                .step = steps.integers[row],
                                .chunk = IndexAt(*columns, "mc", row, -1),
                                .sequence = IndexAt(*columns, "seq_id", row, -1),
                                .start = starts.reals[row],
                                .end = starts.reals[row] + lengths.reals[row]});
  }
  if (damaged > 0) trace.notes.push_back(absl::StrCat(damaged, " damaged rows left out"));
  return trace;
}

}  // namespace rankle::import
