#include "analyzer/localize/matrix_model.h"

#include "analyzer/localize/median.h"

namespace rankle::localize {

MatrixModel DecomposeMatrix(int32_t size, const std::vector<MatrixCell>& cells) {
  MatrixModel model;
  model.row.resize(size), model.column.resize(size), model.cell.resize(cells.size());
  if (cells.size() < kMinCells) return model;
  for (const SlowEffect& effect : FitMatrix(size, cells)) {
    if (effect.part == SlowPart::kRow) model.row[effect.row] = effect.effect;
    if (effect.part == SlowPart::kColumn) model.column[effect.column] = effect.effect;
  }
  for (size_t i = 0; i < cells.size(); ++i)
    model.cell[i] = cells[i].value - model.row[cells[i].row] - model.column[cells[i].column];
  model.base = Median(model.cell);
  for (double& left : model.cell) left -= model.base;
  return model;
}

}  // namespace rankle::localize
