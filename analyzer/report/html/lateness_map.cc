#include "analyzer/report/html/lateness_map.h"

#include <algorithm>

#include "analyzer/localize/median.h"
#include "analyzer/localize/own_time.h"

namespace rankle::html {
namespace {

// The strongest colour is never for less than this share of the usual own time: less is not called slow by
// any rule, and noise must not look like an alarm.
constexpr double kLeastTop = 0.2;
// Nor for less than twice the time slice below which no rule calls a rank late (rules/late_ranks.sql).
constexpr double kLeastTopS = 0.006;
// The strongest colour begins where all but this share of the cells lie below: a pause of the whole job in
// one iteration would else make everything else invisible.
constexpr double kClipped = 0.002;

class Mapper {
 public:
  Mapper(const store::Store& store, const LatenessLimits& limits)
      : limits_(limits), times_(localize::MeasureOwnTimes(store, 2)), place_(store.ranks.size()) {}

  LatenessMap Map(const std::vector<int32_t>& culprits) {
    LatenessMap map;
    KeepOneKind();
    if (times_.empty()) return map;
    map.by_steps = times_.front().by_steps;
    FindPlaces();
    ChooseColumns(map);
    const size_t ranks = place_.size();
    const size_t per_row = (ranks + limits_.rows - 1) / limits_.rows;
    for (size_t first = 0; first < ranks; first += per_row)
      map.rows.push_back(
          Row(map, static_cast<int32_t>(first), static_cast<int32_t>(std::min(ranks, first + per_row)) - 1));
    for (size_t i = 0; per_row > 1 && i < std::min(culprits.size(), limits_.named); ++i)
      map.named.push_back(Row(map, culprits[i], culprits[i]));
    ChooseTop(map);
    return map;
  }

 private:
  struct Place {
    int32_t group = store::kNone, row = 0;
  };

  // Steps and collectives cannot share an axis: the kind that more ranks have is shown.
  void KeepOneKind() {
    size_t by_steps = 0, all = 0;
    std::erase_if(times_, [](const localize::OwnTimes& times) { return times.iterations.empty(); });
    for (const localize::OwnTimes& times : times_)
      all += times.ranks.size(), by_steps += times.by_steps ? times.ranks.size() : 0;
    std::erase_if(times_,
                  [&](const localize::OwnTimes& times) { return times.by_steps != (2 * by_steps >= all); });
  }

  void FindPlaces() {
    for (size_t g = 0; g < times_.size(); ++g) {
      for (size_t r = 0; r < times_[g].ranks.size(); ++r)
        place_[times_[g].ranks[r]] = {static_cast<int32_t>(g), static_cast<int32_t>(r)};
      std::vector<int64_t>& normal = normal_.emplace_back();
      for (size_t k = 0; k < times_[g].iterations.size(); ++k) normal.push_back(NormalIn(times_[g], k));
    }
  }

  // The lower of the two in the middle: of two ranks the faster one is normal.
  static int64_t NormalIn(const localize::OwnTimes& times, size_t k) {
    std::vector<int64_t> own;
    for (const auto& series : times.series) own.push_back(series[k].own);
    const auto middle = own.begin() + static_cast<std::ptrdiff_t>((own.size() - 1) / 2);
    std::nth_element(own.begin(), middle, own.end());
    return *middle;
  }

  void ChooseColumns(LatenessMap& map) const {
    std::vector<int64_t> numbers;
    for (const localize::OwnTimes& times : times_)
      numbers.insert(numbers.end(), times.iterations.begin(), times.iterations.end());
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    const size_t per_column = (numbers.size() + limits_.columns - 1) / limits_.columns;
    for (size_t i = 0; i < numbers.size(); i += per_column)
      map.columns.emplace_back(numbers[i], numbers[std::min(numbers.size(), i + per_column) - 1]);
  }

  LatenessRow Row(const LatenessMap& map, int32_t first, int32_t last) const {
    LatenessRow row{first, last, std::vector<double>(map.columns.size(), -1), 0};
    for (int32_t rank = first; rank <= last; ++rank) AddRank(map, rank, row);
    double sum = 0, known = 0;
    for (double late : row.late_s) {
      if (late >= 0) sum += late, ++known;
    }
    row.mean_s = known > 0 ? sum / known : 0;
    return row;
  }

  void AddRank(const LatenessMap& map, int32_t rank, LatenessRow& row) const {
    const Place place = place_[rank];
    if (place.group == store::kNone) return;
    const localize::OwnTimes& times = times_[place.group];
    size_t k = 0;
    for (size_t column = 0; column < map.columns.size(); ++column) {
      int64_t late = 0, count = 0;
      for (; k < times.iterations.size() && times.iterations[k] <= map.columns[column].second; ++k, ++count)
        late += std::max<int64_t>(0, times.series[place.row][k].own - normal_[place.group][k]);
      if (count > 0)
        row.late_s[column] =
            std::max(row.late_s[column], store::Store::Seconds(late) / static_cast<double>(count));
    }
  }

  void ChooseTop(LatenessMap& map) const {
    std::vector<int64_t> usual;
    for (const std::vector<int64_t>& normal : normal_)
      usual.insert(usual.end(), normal.begin(), normal.end());
    map.usual_s = store::Store::Seconds(localize::Median(usual));
    std::vector<double> cells;
    for (const LatenessRow& row : map.rows) cells.insert(cells.end(), row.late_s.begin(), row.late_s.end());
    const auto at =
        cells.begin() + static_cast<std::ptrdiff_t>((1 - kClipped) * static_cast<double>(cells.size() - 1));
    std::nth_element(cells.begin(), at, cells.end());
    map.top_s = std::max({*at, kLeastTop * map.usual_s, kLeastTopS});
  }

  const LatenessLimits& limits_;
  std::vector<localize::OwnTimes> times_;
  std::vector<std::vector<int64_t>> normal_;  // [group][iteration]
  std::vector<Place> place_;                  // by rank
};

}  // namespace

LatenessMap MapLateness(const store::Store& store, const std::vector<int32_t>& culprits,
                        const LatenessLimits& limits) {
  return Mapper(store, limits).Map(culprits);
}

}  // namespace rankle::html
